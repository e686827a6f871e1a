package main

import (
	"strconv"
	"strings"
	"unicode"
)

// maxShown is how much of a foreign text is shown, in characters.
const maxShown = 100

// printable is a text from a file or a vendor as it may stand on a terminal:
// short, and quoted when it holds anything but visible characters and spaces.
func printable(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	visible := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !visible(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// idText is an id as text, empty when there is none.
func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
