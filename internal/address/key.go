// Package address makes e-mail addresses comparable by map keys.
package address

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Key returns the same text for addresses that strings.EqualFold calls equal, and
// for no others. strings.ToLower would not do: it tells ſ from s.
func Key(email string) string {
	for i := range len(email) {
		if email[i] >= utf8.RuneSelf {
			return strings.Map(fold, email)
		}
	}
	return strings.ToLower(email)
}

// fold returns the least rune that differs from r in case alone, in lower case
// where that is ASCII.
func fold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}
