package rest

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"unicode"
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

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// redact removes the key and the secrets of the call from a text that may repeat
// them.
func (x *callState) redact(text string) string {
	text = redactSecret(text, x.client.credential.key)
	for _, secret := range x.call.Secrets {
		text = redactSecret(text, string(secret))
	}
	return text
}

// redactSecret removes a secret from a text, also where it is JSON-encoded: servers
// quote what they cannot read.
func redactSecret(text, secret string) string {
	if secret == "" {
		return text
	}
	text = strings.ReplaceAll(text, secret, redacted)
	if !strings.Contains(text, `\`) {
		return text
	}
	if plain := jsonEscapes.ReplaceAllStringFunc(text, unescape); strings.Contains(plain, secret) {
		return strings.ReplaceAll(plain, secret, redacted)
	}
	return text
}

// jsonEscapes matches escape sequences, both halves of a surrogate pair together.
var jsonEscapes = regexp.MustCompile(`(?:\\u[0-9a-fA-F]{4})+|\\["\\/bfnrt]`)

func unescape(sequence string) (plain string) {
	_ = json.Unmarshal([]byte(`"`+sequence+`"`), &plain) // valid, because it matches jsonEscapes
	return plain
}

// singleLine shortens an untrusted text to one line of a log.
func singleLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.TrimSpace(text)
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}
