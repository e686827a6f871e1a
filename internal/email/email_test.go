package email_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"golang.org/x/text/unicode/norm"

	"github.com/usersync/usersync/internal/email"
)

func TestEqual(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"ASCII case", "Ada@Example.COM", "ada@example.com", true},
		{"accents in another case", "Émile@example.com", "éMILE@example.com", true},
		{"three Greek sigmas", "ΣΟΦΙΑΣ@example.com", "σοφιας@example.com", true},
		{"composed and decomposed", "\u00e9mile@example.com", "e\u0301mile@example.com", true},
		{"composed and decomposed in another case", "\u00e9mile@example.com", "E\u0301MILE@example.com", true},
		{"composed in lower case only", "\u01f0@example.com", "J\u030c@example.com", true},
		{"order of marks", "a\u0323\u0302@example.com", "a\u0302\u0323@example.com", true},
		{"ångström sign", "\u212b@example.com", "\u00e5@example.com", true},
		{"kelvin sign", "mi\u212ae@example.com", "mike@example.com", false},
		{"kelvin sign next to a decomposed letter", "mi\u212ae\u0301@example.com", "mike\u0301@example.com", false},
		{"long s", "\u017fam@example.com", "sam@example.com", false},
		{"capital I with a dot", "\u0130da@example.com", "ida@example.com", false},
		{"capital I with a combining dot", "I\u0307da@example.com", "ida@example.com", false},
		{"small i without a dot", "\u0131da@example.com", "ida@example.com", false},
		{"Greek question mark", "a\u037e@example.com", "a;@example.com", false},
		{"Cyrillic letter", "\u0430da@example.com", "ada@example.com", false},
		{"full-width letter", "\uff41da@example.com", "ada@example.com", false},
		{"long s with a dot", "\u1e9b@example.com", "\u1e61@example.com", false},
		{"letter above U+FFFF with a mark", "\U00010041\u0301@example.com", "\u00c1@example.com", false},
		{"sharp s", "stra\u00dfe@example.com", "strasse@example.com", false},
		{"ligature", "\ufb01@example.com", "fi@example.com", false},
		{"plus tag", "ada+x@example.com", "ada@example.com", false},
		{"dot", "a.da@example.com", "ada@example.com", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, email.Equal(tt.a, tt.b))
			assert.Equal(t, tt.want, email.Equal(tt.b, tt.a))
		})
	}
}

// Letters above U+1FFFF have no case.
func TestKeyNeverMapsALetterToASCII(t *testing.T) {
	for r := rune(utf8.RuneSelf); r < 0x20000; r++ {
		if !utf8.ValidRune(r) || unicode.Is(unicode.Ideographic, r) || unicode.Is(unicode.Hangul, r) {
			continue
		}
		for _, text := range []string{string(r), string(r) + "\u0301"} {
			if got, want := countASCII(email.Key(text)), countASCII(norm.NFD.String(text)); got != want && !singleton(r) {
				t.Errorf("%+q: %d ASCII letters in the key, %d in the email", text, got, want)
			}
			if key := email.Key(text); key != email.Key(email.Normalize(text)) {
				t.Errorf("%+q in NFC is another email", text)
			}
		}
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			isMark, onlyCase := r == '\u0345' || next == '\u0345', norm.NFD.String(string(r)) == string(r) && norm.NFD.String(string(next)) == string(next)
			if want := next >= utf8.RuneSelf && !isMark; onlyCase && want != email.Equal(string(r), string(next)) {
				t.Errorf("%U and %U", r, next)
			}
		}
	}
}

// singleton reports whether NFC replaces r by an ASCII character.
func singleton(r rune) bool { return countASCII(norm.NFC.String(string(r))) > 0 }

func countASCII(text string) (n int) {
	for _, r := range text {
		if r < utf8.RuneSelf {
			n++
		}
	}
	return n
}

func TestNormalizeKeepsCharactersThatNFCReplacesByASCII(t *testing.T) {
	for r := rune(utf8.RuneSelf); r < 0x30000; r++ {
		if utf8.ValidRune(r) && singleton(r) {
			assert.Equal(t, string(r), email.Normalize(string(r)), "%U", r)
			assert.Equal(t, string(r), email.Key(string(r)), "%U", r)
			assert.Error(t, email.Check("a"+string(r)+"@example.com"), "%U", r)
		}
	}
	assert.Equal(t, "\u00e9\u212a\u00e9@example.com", email.Normalize("e\u0301\u212ae\u0301@example.com"))
	assert.Equal(t, "ada@example.com", email.Normalize("ada@example.com"))
	assert.Equal(t, "\U00010041\u0301", email.Normalize("\U00010041\u0301"), "package norm returns \u00c1")
}

func FuzzKey(f *testing.F) {
	f.Add("Ada@example.com")
	f.Add("ſ\u212a\u0130")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip() // never an email
		}
		key := email.Key(text)
		assert.Equal(t, key, email.Key(key), "%+q", text)
		if norm.NFD.String(email.Normalize(text)) == norm.NFD.String(text) {
			assert.Equal(t, key, email.Key(email.Normalize(text)), "%+q", text)
		}
	})
}
