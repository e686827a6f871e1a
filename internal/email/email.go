// Package email decides which emails are valid and which are equal, and checks the
// characters of keys and other single-line texts.
package email

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Equal reports whether two emails are the same: in NFC, and in any case.
func Equal(a, b string) bool { return Key(a) == Key(b) }

// Key returns the same text for emails that are equal, and different texts for all
// others. No non-ASCII letter is folded to an ASCII letter: U+212A is not k.
func Key(email string) string {
	if isASCII(email) {
		return strings.ToLower(email)
	}
	// Decomposed, because some letters have a composed form in one case only.
	return strings.Map(fold, normalize(email, norm.NFD.String))
}

// Normalize returns the email in NFC. It keeps the characters that NFC would
// replace by ASCII characters.
func Normalize(email string) string {
	if norm.NFC.IsNormalString(email) {
		return email
	}
	return normalize(email, compose)
}

// compose returns the text in NFC. Package norm composes some characters above
// U+FFFF with a mark as if they were others (U+10041 as A): such a text is only
// decomposed.
func compose(text string) string {
	composed, decomposed := norm.NFC.String(text), norm.NFD.String(text)
	if norm.NFD.String(composed) != decomposed {
		return decomposed
	}
	return composed
}

// normalize applies the form to all but the characters that it would replace by
// ASCII characters.
func normalize(text string, form func(string) string) string {
	var b strings.Builder
	for {
		i := strings.IndexFunc(text, normalizesToASCII)
		if i < 0 {
			return b.String() + form(text)
		}
		b.WriteString(form(text[:i]))
		r, size := utf8.DecodeRuneInString(text[i:])
		b.WriteRune(r)
		text = text[i+size:]
	}
}

// normalizesToASCII reports whether NFC and NFD replace r by an ASCII character.
func normalizesToASCII(r rune) bool {
	return r == '\u037E' || r == '\u1FEF' || r == '\u212A' // by ; ` K
}

// fold returns the same rune for letters that differ in case only. An ASCII letter
// and a non-ASCII letter never get the same rune, nor do a letter and a mark.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	folded := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		if next >= utf8.RuneSelf && unicode.IsMark(next) == unicode.IsMark(r) {
			folded = min(folded, next)
		}
	}
	return folded
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
