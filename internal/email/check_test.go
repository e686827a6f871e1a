package email_test

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/email"
)

func TestCheck(t *testing.T) {
	const noEmail = "must be an e-mail address like ada@example.com"
	tests := map[string]string{ // email: error, or empty
		"ada@example.com":       "",
		"ada+tag@example.com":   "",
		"ädä@exämple.com":       "",
		"a\u0308da@example.com": "",
		"o'hara@example.com":    "",
		"用户@例え.jp":              "",
		"ada":                   noEmail,
		"":                      noEmail,
		"@example.com":          noEmail,
		"ada@":                  noEmail,
		"a@b@c":                 noEmail,
		"a..b@example.com":      noEmail,
		"a@b.c,d@e.f":           noEmail,
		"<ada@example.com>":     noEmail,
		strings.Repeat("a", 250) + "@example.com": noEmail,
		"ada@example.com ":                        "must not contain U+0020 (space) at character 16",
		"Ada <ada@example.com>":                   "must not contain U+0020 (space) at character 4",
		"\tada@example.com":                       "must not contain U+0009 (tab) at character 1",
		"ada@example.com\n":                       "must not contain U+000A (line feed) at character 16",
		"ada@example.com\r":                       "must not contain U+000D (carriage return) at character 16",
		"ada\x00@example.com":                     "must not contain U+0000 (control character) at character 4",
		"ada\u0085@example.com":                   "must not contain U+0085 (control character) at character 4",
		"ada@example.com\u00a0":                   "must not contain U+00A0 (no-break space) at character 16",
		"ädä@exam\u00adple.com":                   "must not contain U+00AD (soft hyphen) at character 9",
		"ada@example.com\u200b":                   "must not contain U+200B (zero-width space) at character 16",
		"ada\u200d@example.com":                   "must not contain U+200D (format character) at character 4",
		"ada@example.com\u200e":                   "must not contain U+200E (direction mark) at character 16",
		"\u202aada@example.com":                   "must not contain U+202A (format character) at character 1",
		"ada@example.com\u2028":                   "must not contain U+2028 (line separator) at character 16",
		"ada\u2003@example.com":                   "must not contain U+2003 (white space) at character 4",
		"ada\u2800@example.com":                   "must not contain U+2800 (white space) at character 4",
		"ada\u3000@example.com":                   "must not contain U+3000 (ideographic space) at character 4",
		"ada\u3164@example.com":                   "must not contain U+3164 (invisible character) at character 4",
		"ada\ufe0f@example.com":                   "must not contain U+FE0F (invisible character) at character 4",
		"\ufeffada@example.com":                   "must not contain U+FEFF (byte order mark) at character 1",
		"ada\ufffd@example.com":                   "must not contain U+FFFD (replacement character) at character 4",
		"ada\ue000@example.com":                   "must not contain U+E000 (private-use character) at character 4",
		"ada\U000f0000@example.com":               "must not contain U+F0000 (private-use character) at character 4",
		"ada\U000e0041@example.com":               "must not contain U+E0041 (format character) at character 4",
		"ada\uffff@example.com":                   "must not contain U+FFFF (unassigned character) at character 4",
		"mi\u212ae@example.com":                   "must not contain U+212A (Kelvin sign) at character 3",
		"a\u037e@example.com":                     "must not contain U+037E (stands for an ASCII character in NFC) at character 2",
		"ada\xff@example.com":                     "must be valid UTF-8",
		"\u017fam@example.com":                    "",
		"\u0130da@example.com":                    "",
		strings.Repeat("e\u0301", 100) + "@x.com": "", // 206 bytes in NFC
	}
	for text, want := range tests {
		if want == "" {
			assert.NoError(t, email.Check(text), "%+q", text)
			continue
		}
		assert.EqualError(t, email.Check(text), want, "%+q", text)
	}
}

func TestCheckRejectsEveryInvisibleCharacter(t *testing.T) {
	for r := range rune(unicode.MaxRune) {
		if r >= 0x20000 && r%0x80 != 1 && r>>8 != 0xE01 {
			continue // large blocks of one kind: a sample and the variation selectors
		}
		invisible := unicode.In(r, unicode.C, unicode.Z, unicode.White_Space, unicode.Variation_Selector) && !unicode.Is(unicode.Cs, r)
		if invisible && (email.Check("ada"+string(r)+"@example.com") == nil || email.Check("ada@example.com"+string(r)) == nil) {
			t.Errorf("%U is accepted", r)
		}
		if unicode.Is(unicode.Latin, r) && r != '\u212a' && email.Check("ada"+string(r)+"@example.com") != nil {
			t.Errorf("%U is rejected", r)
		}
	}
}

func TestCheckKey(t *testing.T) {
	tests := map[string]string{
		"42":          "",
		"":            "",
		"a b":         "",
		"#N/A":        "",
		"1.23457E+11": "",
		"é":           "",
		"日本":          "",
		"42 ":         "must not end with U+0020 (space)",
		" 42":         "must not begin with U+0020 (space)",
		" ":           "must not begin with U+0020 (space)",
		"42\u00a0":    "must not end with U+00A0 (no-break space)",
		"\u300042":    "must not begin with U+3000 (ideographic space)",
		"42\t":        "must not contain U+0009 (tab) at character 3",
		"4\n2":        "must not contain U+000A (line feed) at character 2",
		"42\u2028":    "must not contain U+2028 (line separator) at character 3",
		"4\u200b2":    "must not contain U+200B (zero-width space) at character 2",
		"é\u00ad2":    "must not contain U+00AD (soft hyphen) at character 2",
		"\ufeff42":    "must not contain U+FEFF (byte order mark) at character 1",
		"42\ufe0f":    "must not contain U+FE0F (invisible character) at character 3",
		"42\xff":      "must be valid UTF-8",
	}
	for text, want := range tests {
		if want == "" {
			assert.NoError(t, email.CheckKey(text), "%+q", text)
			continue
		}
		assert.EqualError(t, email.CheckKey(text), want, "%+q", text)
	}
}

func TestCheckLine(t *testing.T) {
	for _, text := range []string{"", " Ada ", "Ada\u00a0Lovelace", "می\u200cخواهم", "👩\u200d🚀", "O’Hara"} {
		assert.NoError(t, email.CheckLine(text), "%+q", text)
	}
	for text, want := range map[string]string{
		"Ada\tL":      "must not contain U+0009 (tab) at character 4",
		"Ada\r\n":     "must not contain U+000D (carriage return) at character 4",
		"\x7f":        "must not contain U+007F (control character) at character 1",
		"Ada\u2029":   "must not contain U+2029 (line separator) at character 4",
		"Ada\u009b":   "must not contain U+009B (control character) at character 4",
		"Ada\xf0\x9f": "must be valid UTF-8",
	} {
		assert.EqualError(t, email.CheckLine(text), want, "%+q", text)
	}
}

// Every email that Check accepts, the parser accepts too.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "a.b-c_d@x", "a..b@x", ".a@x", "a@x.", "@x", "a@", "a", "", "a@b@c", "-a@-x", "e\u0301@x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if email.Check(text) != nil {
			return
		}
		want := email.Normalize(text)
		if parsed, err := mail.ParseAddress(want); err != nil || parsed.Address != want {
			t.Errorf("%+q: %v", text, err)
		}
	})
}
