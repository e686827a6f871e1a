package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
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

// redactSecret removes a secret from a text, also where it is JSON-encoded:
// servers quote what they cannot read.
func redactSecret(text, secret string) string {
	if text == "" || secret == "" {
		return text
	}
	text = strings.ReplaceAll(text, secret, redacted)
	if !strings.ContainsFunc(secret, mayBeEscaped) {
		return text
	}
	for _, form := range jsonEncodings(secret) {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// mayBeEscaped reports whether JSON may contain an escape sequence for r.
func mayBeEscaped(r rune) bool {
	return r < ' ' || r > unicode.MaxASCII || strings.ContainsRune(`"\/<>&`, r)
}

// jsonEncodings returns a text as JSON encoders write it, without the quotes: with
// and without escapes for HTML, in ASCII only, and with escaped slashes.
func jsonEncodings(text string) []string {
	var forms []string
	for _, escapeHTML := range []bool{true, false} {
		var form bytes.Buffer
		encoder := json.NewEncoder(&form)
		encoder.SetEscapeHTML(escapeHTML)
		if encoder.Encode(text) != nil { // never, for a string
			continue
		}
		plain := string(form.Bytes()[1 : form.Len()-2])
		for _, f := range []string{plain, escapeNonASCII(plain)} {
			forms = append(forms, f, strings.ReplaceAll(f, "/", `\/`))
		}
	}
	return forms
}

func escapeNonASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch high, low := utf16.EncodeRune(r); {
		case r <= unicode.MaxASCII:
			b.WriteRune(r)
		case high != unicode.ReplacementChar:
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
