package userfile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/userfile"
)

var groups = []userfile.Group{
	{Name: "crm", Columns: []string{"user_id", "email", "first_name", "score", "active", "tags", "attributes"}},
	{Name: "shop", Columns: []string{"email", "role"}},
}

// read returns the file and its problems as text.
func read(t *testing.T, format, text string) (*userfile.File, []string) {
	t.Helper()
	f, err := userfile.Read(strings.NewReader(text), groups, userfile.Options{Format: format})
	require.NoError(t, err)
	var problems []string
	for _, p := range f.Problems.First {
		problems = append(problems, p.String())
	}
	return f, problems
}

func TestLoneSurrogatesAreRejected(t *testing.T) {
	for value, want := range map[string]string{
		`"abc\ud83d"`:        `line 1: contains the lone surrogate \ud83d`,
		`"\ud83dx"`:          `line 1: contains the lone surrogate \ud83d`,
		`"\ud83d\ud83d"`:     `line 1: contains the lone surrogate \ud83d`,
		`"\uDE00"`:           `line 1: contains the lone surrogate \ude00`,
		`"\ud83d\ude00"`:     "",
		`"\\ud83d"`:          "",
		`"\u00e9\\\ud83d\""`: `line 1: contains the lone surrogate \ud83d`,
	} {
		_, problems := read(t, "jsonl", `{"user_id":`+value+`}`)
		assert.Equal(t, want, strings.Join(problems, "\n"), value)
	}
	for text, kind := range map[string]reflect.Type{`{"a":"\ud83d"}`: reflect.TypeFor[map[string]any](), `["\ud83d"]`: reflect.TypeFor[[]string]()} {
		_, err := userfile.Cell{Text: text}.Value(fields.Field{Type: kind})
		assert.ErrorContains(t, err, "lone surrogate")
	}
}

func TestColumnForOneGroupWins(t *testing.T) {
	f, problems := read(t, "csv", "email,shop.email,user_id\na@example.com,b@example.com,1\nc@example.com,,2\n")
	require.Empty(t, problems)
	for i, want := range []string{"b@example.com", "c@example.com"} {
		cell, _, isSet := f.Rows[i].Cell("shop", "email")
		assert.True(t, isSet)
		assert.Equal(t, want, cell.Text)
	}
	_, _, isSet := f.Rows[0].Cell("shop", "role")
	assert.False(t, isSet)
}

func TestLinesWithEqualNamesShareALayout(t *testing.T) {
	f, problems := read(t, "jsonl", `{"user_id":"1","shop":{"role":"x"}}`+"\n"+`{"user_id":"2","sh\u006fp":{"role":"y"}}`+"\n"+`{"user_id":"3","shop":null}`)
	require.Empty(t, problems)
	assert.Same(t, f.Rows[0].Layout, f.Rows[1].Layout)
	assert.NotSame(t, f.Rows[0].Layout, f.Rows[2].Layout)
}

func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : 1 , "b":[ "]" , {"c":"\"}"} ] } `, `{"a":{},"\u0061":null}`, `{"":"","\\":"\\"}`, `[{"a":1}]`, `{"a":1,"a":2}`, `{`, `"`, "\xff", `{"a":1}x`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := userfile.Cell{Text: text}.Value(fields.Field{Type: reflect.TypeFor[map[string]any]()})
		if err == nil {
			assert.False(t, values.IsNil())
		} else {
			assert.NotContains(t, err.Error(), "\n")
		}
	})
}
