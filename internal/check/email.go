package check

import (
	"net/mail"
	"strings"
)

func isAddress(value string) bool {
	address, err := mail.ParseAddress(value)
	return err == nil && address.Address == value
}

// isPlainAddress knows nearly all addresses there are: the parser takes as long as
// all other checks together.
func isPlainAddress(value string) bool {
	local, domain, _ := strings.Cut(value, "@")
	return isPlainAtom(local) && isPlainAtom(domain)
}

// isPlainAtom wants letters, digits, -, _ and +, with single dots between them.
func isPlainAtom(text string) bool {
	dot := true // one may not follow
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
