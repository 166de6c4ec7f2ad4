package barometer

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"testing"
)

func TestDeriveIDSeparatesSpaceFromNativeID(t *testing.T) {
	if DeriveID("ab", "c") == DeriveID("a", "bc") {
		t.Error("moving a letter across the boundary gave the same id")
	}
	id := DeriveID("x", "1")
	back, err := ParseID(id.String())
	if err != nil || back != id {
		t.Errorf("ParseID(%s) = %v, %v", id, back, err)
	}
	if _, err := ParseID("xyz"); KindOf(err) != Invalid {
		t.Errorf("ParseID of a bad id: %v", err)
	}
}

func TestPartitionsAreEven(t *testing.T) {
	var n [Partitions]int
	for i := range 80000 {
		n[DeriveID("x", strconv.Itoa(i)).Partition()]++
	}
	for p, got := range n {
		if got < 9000 || got > 11000 {
			t.Errorf("partition %d holds %d of 80000", p, got)
		}
	}
}

func TestPseudonymSurvivesJSON(t *testing.T) {
	for _, p := range []Pseudonym{0, 1, 1 << 63, 0xfedcba9876543210} {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Pseudonym
		if err := json.Unmarshal(b, &back); err != nil || back != p {
			t.Errorf("%x came back as %x (%v)", uint64(p), uint64(back), err)
		}
	}
	var p Pseudonym
	if err := json.Unmarshal([]byte(`"12"`), &p); KindOf(err) != Invalid {
		t.Errorf("short pseudonym: %v", err)
	}
}

func TestErrorKeepsKindAndCause(t *testing.T) {
	err := Errorf(Unavailable, "read feed: %w", io.ErrUnexpectedEOF)
	if KindOf(err) != Unavailable || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("kind %v, chain %v", KindOf(err), err)
	}
	if KindOf(io.EOF) != Internal {
		t.Error("an error without a kind must count as internal")
	}
}
