package userfile

import (
	"strconv"
	"strings"
	"unicode"
)

// maxPrintable is the number of characters of an untrusted text that are printed.
const maxPrintable = 100

// Printable makes an untrusted text safe for a terminal: shortened, and quoted if it
// contains anything but visible characters and spaces.
func Printable(text string) string {
	if runes := []rune(text); len(runes) > maxPrintable {
		text = string(runes[:maxPrintable]) + "…"
	}
	visible := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !visible(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// Plural is a number with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
