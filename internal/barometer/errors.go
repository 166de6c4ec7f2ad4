package barometer

import (
	"errors"
	"fmt"
)

// Kind groups errors by what somebody should do about them. The API maps each kind to one HTTP status.
type Kind uint8

// The kinds of error.
const (
	Internal    Kind = iota // our own state is broken: stop loudly; the text is for the log only
	Invalid                 // the caller's input is wrong: the text says what, where and what to do
	NotFound                // there is no such thing
	Conflict                // it is there already, or somebody else holds it
	Refused                 // well formed, but against a promise (watching a person)
	Unavailable             // an engine or a source cannot be reached: try again
	Exhausted               // a limit is reached: slow down
)

// Error is an error with a kind. The text of every kind but Internal may be shown to a caller.
type Error struct {
	Kind Kind
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error beneath.
func (e *Error) Unwrap() error { return e.Err }

// Errorf formats as fmt.Errorf does, %w included, and gives the error a kind.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of the outermost *Error in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
