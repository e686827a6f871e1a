package userfile

import (
	"regexp"
	"slices"
	"strings"
)

// booleans are the words for true and false: of programs, and of Excel in English,
// German, French, Italian, Polish and Spanish.
var booleans = map[string]bool{
	"true": true, "1": true, "1.0": true, "yes": true, "wahr": true, "vrai": true, "vero": true, "prawda": true, "verdadero": true,
	"false": false, "0": false, "0.0": false, "no": false, "falsch": false, "faux": false, "falso": false, "fałsz": false,
}

// wholeNumber is a number as programs write it that know only floating-point numbers.
var wholeNumber = regexp.MustCompile(`^[+-]?\d+\.0+$`)

// scientific is a long number after a spreadsheet or pandas shortened it.
var scientific = regexp.MustCompile(`^-?\d([.,]\d+)?[Ee]\+\d+$`)

var spreadsheetErrors = []string{"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}

// FloatKey warns about a key such as 42.0. Pandas writes whole numbers this way if cells of
// the column are empty.
func FloatKey(text string) string {
	if strings.Contains(text, ".") && wholeNumber.MatchString(strings.TrimSpace(text)) {
		return "is a whole number written as " + Printable(strings.TrimSpace(text)) + ": it is another key than without decimals"
	}
	return ""
}

// Damage says how a spreadsheet or a database export changed a value. It is empty for
// other values. Key reports whether the value is impossible as a key, too.
func Damage(text string) (damage string, key bool) {
	switch text = strings.TrimSpace(text); {
	case text == "":
	case text[0] == '#' && slices.Contains(spreadsheetErrors, text):
		return "is the spreadsheet error " + text, true
	case strings.Contains(text, "+") && scientific.MatchString(text):
		return "is a number that a spreadsheet shortened: format the column as text and export the file again", true
	case text == "NULL" || text == `\N`:
		return "is " + text + ", which databases export for no value", false
	}
	return "", false
}
