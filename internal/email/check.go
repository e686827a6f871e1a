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
	if len(email) > maxLength || !isParsed(email) {
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
	switch r {
	case ' ':
		return "space"
	case '\t':
		return "tab"
	case '\n':
		return "line feed"
	case '\r':
		return "carriage return"
	case '\u00A0':
		return "no-break space"
	case '\u00AD':
		return "soft hyphen"
	case '\u200B':
		return "zero-width space"
	case '\u200E', '\u200F':
		return "direction mark"
	case '\u2028', '\u2029':
		return "line separator"
	case '\u212A':
		return "Kelvin sign"
	case '\u3000':
		return "ideographic space"
	case '\uFEFF':
		return "byte order mark"
	case utf8.RuneError:
		return "replacement character"
	}
	switch {
	case unicode.Is(unicode.Cc, r):
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

// isParsed reports whether net/mail reads the text as one email without a name.
func isParsed(email string) bool {
	parsed, err := mail.ParseAddress(email)
	return err == nil && parsed.Address == email
}

// isPlain accepts most emails without the parser, which takes as long as all other
// checks together.
func isPlain(email string) bool {
	local, domain, _ := strings.Cut(email, "@")
	return isPlainAtom(local) && isPlainAtom(domain)
}

// isPlainAtom accepts letters, digits, -, _ and +, with single dots between them.
func isPlainAtom(text string) bool {
	dot := true // a dot must not follow
	for _, c := range []byte(text) {
		switch {
		case c == '.' && dot:
			return false
		case c == '.':
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '+':
		default:
			return false
		}
		dot = c == '.'
	}
	return !dot
}
