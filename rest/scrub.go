package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// scrub takes the key and the call's secrets out of a text that the server had
// a hand in.
func (x *exchange) scrub(text string) string {
	if x.client != nil {
		text = without(text, x.client.credential.key)
	}
	for _, secret := range x.call.Secrets {
		text = without(text, string(secret))
	}
	return text
}

// without takes a secret out of a text, also as it stands in the JSON that was
// sent: servers quote what they cannot read.
func without(text, secret string) string {
	if text == "" || secret == "" {
		return text
	}
	text = strings.ReplaceAll(text, secret, redacted)
	if !strings.ContainsFunc(secret, escapedInJSON) {
		return text
	}
	for _, form := range jsonForms(secret) {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// escapedInJSON reports whether JSON may hold something else for r.
func escapedInJSON(r rune) bool {
	return r < ' ' || r > unicode.MaxASCII || strings.ContainsRune(`"\/<>&`, r)
}

// jsonForms are a text as encoders of JSON write it, less the quotes: with and
// without what HTML needs escaped, in ASCII alone, and with the slash escaped.
func jsonForms(text string) []string {
	var forms []string
	for _, escapeHTML := range []bool{true, false} {
		var form bytes.Buffer
		encoder := json.NewEncoder(&form)
		encoder.SetEscapeHTML(escapeHTML)
		if encoder.Encode(text) != nil { // as it never is
			continue
		}
		plain := string(form.Bytes()[1 : form.Len()-2])
		for _, f := range []string{plain, inASCII(plain)} {
			forms = append(forms, f, strings.ReplaceAll(f, "/", `\/`))
		}
	}
	return forms
}

func inASCII(text string) string {
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
