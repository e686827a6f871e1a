package rest

import (
	"fmt"
	"log/slog"
)

// redacted is the text that a Secret prints as.
const redacted = "[redacted]"

// Secret is a key or a password. It prints as "[redacted]" for every fmt verb and
// as a value in slog. encoding/json and string(s) return the plain text, because a
// request must contain it.
//
// It cannot protect two cases. fmt does not call methods of unexported struct
// fields: keep a Secret in an exported field. slog's JSON handler encodes a struct
// with encoding/json: give a struct that contains a Secret a LogValue method, and
// do not log it inside of a list or of another struct.
type Secret string

// Format writes "[redacted]" for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
