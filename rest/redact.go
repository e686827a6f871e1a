package rest

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// redact removes the key and the secrets of the call from a text that may repeat
// them.
func (x *callState) redact(text string) string {
	if x.client != nil {
		text = redactSecret(text, x.client.credential.key)
	}
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
