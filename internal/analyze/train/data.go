package train

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// row is a line of a labelled file. Label is a word or, for patient comments, a number from 1 to 5.
type row struct {
	ID     string   `json:"id"`
	Text   string   `json:"text"`
	Label  any      `json:"label"`
	Topics []string `json:"topics"`
}

// readRows reads JSON Lines, gzipped when the name ends in .gz.
func readRows(path string) ([]row, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read training data: %w", err)
	}
	var r io.Reader = bytes.NewReader(raw)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			return nil, fmt.Errorf("read training data: %s: %w", path, err)
		}
	}
	var rows []row
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var v row
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("read training data: %s:%d: %w", path, n, err)
		}
		rows = append(rows, v)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read training data: %s: %w", path, err)
	}
	return rows, nil
}
