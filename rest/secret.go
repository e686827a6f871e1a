package rest

import (
	"fmt"
	"log/slog"
)

// redacted is what every way of printing a Secret shows.
const redacted = "[redacted]"

// Secret is a key or a password. It prints as "[redacted]" under every fmt
// verb and as a value in slog, and travels as itself: encoding/json and
// string(s) give the plain text. Two ways around that are beyond its reach. fmt
// calls no methods on unexported struct fields, so keep it in an exported one;
// and slog's JSON handler has encoding/json write a struct that holds one, so
// give such a struct a LogValue, and log its values one by one: what stands in a
// list or in another struct is written without.
type Secret string

// Format writes "[redacted]" whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
