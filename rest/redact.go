package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// redact takes the key and the call's secrets out of a text that the server had
// a hand in.
func (x *callState) redact(text string) string {
	if x.client != nil {
		text = redactSecret(text, x.client.credential.key)
	}
	for _, secret := range x.call.Secrets {
		text = redactSecret(text, string(secret))
	}
	return text
}

// redactSecret takes a secret out of a text, also as it stands in the JSON that was
// sent: servers quote what they cannot read.
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

// mayBeEscaped reports whether JSON may hold something else for r.
func mayBeEscaped(r rune) bool {
	return r < ' ' || r > unicode.MaxASCII || strings.ContainsRune(`"\/<>&`, r)
}

// jsonEncodings are a text as encoders of JSON write it, less the quotes: with and
// without what HTML needs escaped, in ASCII alone, and with the slash escaped.
func jsonEncodings(text string) []string {
	var forms []string
	for _, escapeHTML := range []bool{true, false} {
		var form bytes.Buffer
		encoder := json.NewEncoder(&form)
		encoder.SetEscapeHTML(escapeHTML)
		if encoder.Encode(text) != nil { // as it never is
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
