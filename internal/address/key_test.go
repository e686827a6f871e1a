package address_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/internal/address"
)

func TestKeyIsTheSameInAnyCase(t *testing.T) {
	for _, pair := range [][2]string{
		{"Ada@Example.COM", "ada@example.com"},
		{"ſam@example.com", "SAM@example.com"},
		{"\u212Aate@example.com", "kate@example.com"}, // the sign for kelvin
		{"ΣΟΦΙΑΣ@example.com", "σοφιας@example.com"},
		{"Émile@example.com", "éMILE@example.com"},
	} {
		assert.True(t, strings.EqualFold(pair[0], pair[1]), pair)
		assert.Equal(t, address.Key(pair[0]), address.Key(pair[1]))
	}
	assert.NotEqual(t, address.Key("İ@example.com"), address.Key("i@example.com"), "no pair for strings.EqualFold either")
}

// No letter beyond has a case.
func TestKeyAgreesWithEqualFoldOnEveryLetter(t *testing.T) {
	first := make(map[string]string)
	for r := rune(0); r < 0x20000; r++ {
		text := string(r)
		key := address.Key(text)
		if other, ok := first[key]; ok && !strings.EqualFold(other, text) {
			t.Errorf("%q and %q share the key %q", other, text, key)
		}
		first[key] = text
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			if address.Key(string(next)) != key {
				t.Errorf("%q and %q differ in case alone and have two keys", next, text)
			}
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("Ada@example.com", "ada@EXAMPLE.com")
	f.Add("ſ", "S")
	f.Add("\xff", "\xfe")
	f.Fuzz(func(t *testing.T, a, b string) {
		assert.Equal(t, strings.EqualFold(a, b), address.Key(a) == address.Key(b), "%q %q", a, b)
	})
}
