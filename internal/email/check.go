package email

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLength is the maximum length of an email in bytes (RFC 5321, section 4.5.3.1.3,
// without the angle brackets).
const maxLength = 254

// Check returns an error unless the text is one plain email, like ada@example.com.
// The error names the first character that is not allowed, and its position:
// white space, characters that are invisible or not assigned, and characters that
// NFC replaces by ASCII characters.
func Check(email string) error {
	if len(email) <= maxLength && isPlain(email) {
		return nil
	}
	if err := checkRunes(email, isForbiddenInEmail); err != nil {
		return err
	}
	email = Normalize(email)
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxLength {
		return errors.New("must be an e-mail address like ada@example.com")
	}
	return nil
}

// CheckKey returns an error if the text begins or ends with white space or contains
// an invisible character. The error names the character and its position.
func CheckKey(text string) error {
	if err := checkRunes(text, isInvisible); err != nil {
		return err
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	switch {
	case text == "":
	case isSpace(first):
		return fmt.Errorf("must not begin with %s", describe(first))
	case isSpace(last):
		return fmt.Errorf("must not end with %s", describe(last))
	}
	return nil
}

// CheckLine returns an error if the text is not a single line: it contains a control
// character or a line separator, or is not UTF-8.
func CheckLine(text string) error { return checkRunes(text, isControl) }

// checkRunes returns an error for the first forbidden character of the text.
func checkRunes(text string, forbidden func(rune) bool) error {
	if !utf8.ValidString(text) { // JSON would replace the invalid bytes
		return errors.New("must be valid UTF-8")
	}
	i := strings.IndexFunc(text, forbidden)
	if i < 0 {
		return nil
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return fmt.Errorf("must not contain %s at character %d", describe(r), utf8.RuneCountInString(text[:i])+1)
}

func isForbiddenInEmail(r rune) bool {
	return isSpace(r) || isInvisible(r) || !unicode.IsGraphic(r) || r == utf8.RuneError || normalizesToASCII(r)
}

// isSpace includes the blank Braille pattern, which is a symbol in Unicode.
func isSpace(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Z, r) || r == '\u2800' }

func isControl(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// isInvisible reports whether r is a control or format character, or another one
// that is not displayed, such as a variation selector.
func isInvisible(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || isControl(r)
}

// describe returns the code point and the name or kind of r.
func describe(r rune) string { return fmt.Sprintf("%U (%s)", r, runeName(r)) }

func runeName(r rune) string {
	switch name := runeNames[r]; {
	case name != "":
		return name
	case unicode.IsControl(r):
		return "control character"
	case unicode.Is(unicode.Cf, r):
		return "format character"
	case unicode.Is(unicode.Co, r):
		return "private-use character"
	case isSpace(r):
		return "white space"
	case isInvisible(r):
		return "invisible character"
	case normalizesToASCII(r):
		return "stands for an ASCII character in NFC"
	}
	return "unassigned character"
}

var runeNames = map[rune]string{
	' ': "space", '\t': "tab", '\n': "line feed", '\r': "carriage return",
	'\u00A0': "no-break space", '\u00AD': "soft hyphen", '\u200B': "zero-width space",
	'\u200E': "direction mark", '\u200F': "direction mark",
	'\u2028': "line separator", '\u2029': "line separator",
	'\u212A': "Kelvin sign", '\u3000': "ideographic space", '\uFEFF': "byte order mark",
	utf8.RuneError: "replacement character",
}

// isPlain accepts most emails without the parser, which takes as long as all other
// checks together: letters, digits, -, _ and +, with single dots between them.
func isPlain(email string) bool {
	local, domain, _ := strings.Cut(email, "@")
	for _, part := range []string{local, domain} {
		for atom := range strings.SplitSeq(part, ".") {
			if atom == "" || strings.ContainsFunc(atom, isSpecial) {
				return false
			}
		}
	}
	return true
}

func isSpecial(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '+')
}
