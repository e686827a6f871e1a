package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnsupportedFileFormats(t *testing.T) {
	const utf16 = "the file is in UTF-16: it must be in UTF-8"
	const cr = "the lines end in CR alone: they must end in LF or CRLF"
	for name, test := range map[string]struct{ format, input, want string }{
		"UTF-16, little end first": {"csv", "\xff\xfeu\x00s\x00e\x00r\x00_\x00i\x00d\x00\n\x001\x00\n\x00", utf16},
		"UTF-16, big end first":    {"jsonl", "\xfe\xff\x00{\x00}\x00\n", utf16},
		"CR, CSV":                  {"csv", "user_id,email\r1,ada@example.com\r", cr},
		"CR, JSONL":                {"jsonl", "{\"user_id\":\"1\"}\r{\"user_id\":\"2\"}\r", cr},
		"CR, and a mark":           {"csv", "\uFEFFuser_id\r1\r", cr},
		"CR, long":                 {"csv", "user_id\r" + strings.Repeat("1\r", inputBuffer), cr},
		"semicolons":               {"csv", "user_id;email\n1;2,3\n", "line 1: cells must be separated by commas"},
		"semicolons and quotes":    {"csv", "\uFEFF\r\n\n\"user_id\";\"email\"\n", "line 3: cells must be separated by commas"},
		"tabs":                     {"csv", "user_id\temail\r\n1\t2\r\n", "line 1: cells must be separated by commas"},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := readRows(t, "all", test.format, test.input)
			assert.Equal(t, []string{test.want}, texts(found))
		})
	}
	// Alone, a CR may stand in a cell, and at the end of the file.
	for format, input := range map[string]string{"csv": "user_id,attributes\n1,\"{\r}\"\r\n", "jsonl": "{\"user_id\":\"1\"}\r"} {
		rows, _ := readRows(t, "usercom", format, input)
		assert.Len(t, rows, 1, format)
	}
}

func TestLongRows(t *testing.T) {
	const header = "user_id,city\n"
	const long = "longer than 1 MiB: is a quote missing?"
	city := func(n int) string { return strings.Repeat("x", n-len("1,\n")) }
	for name, test := range map[string]struct{ input, want string }{
		"row":                 {header + "0,a\n1," + city(maxRow+1) + "\n2,b\n", "line 3: " + long},
		"very long row":       {header + "1," + city(5*maxRow) + "\n", "line 2: " + long},
		"quote without end":   {header + "0,\"a\"\n\n\n1,\"" + strings.Repeat("x\n", maxRow), "line 5: " + long},
		"first cell":          {header + "\"1" + strings.Repeat(",\"\"\n", maxRow), "line 2: " + long},
		"header":              {strings.Repeat("a,", maxRow), "line 1: " + long},
		"header, after blank": {"\n\n\"" + strings.Repeat("a", 2*maxRow), "line 3: " + long},
		"header of commas":    {strings.Repeat(",", maxRow/16) + "\n", "line 1: column 1 has no name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := readRows(t, "usercom", "csv", test.input)
			require.NotEmpty(t, texts(found))
			assert.Equal(t, test.want, texts(found)[0])
		})
	}
	rows, _ := readRows(t, "usercom", "csv", header+"1,"+city(maxRow)+"\n2,b\n"+strings.Repeat("\n", 2*maxRow)+"3,c\n")
	require.Equal(t, 3, len(rows)) // the rows are too long to be printed
	assert.Equal(t, 2*maxRow+4, rows[2].line)
}

// Lines with the same names share what is known of them, and nothing else.
func TestJSONLLayoutCache(t *testing.T) {
	rows, _ := readRows(t, "all", "jsonl", lines(
		`{"user_id":"1","email":"a@example.com","name":"A","first_name":"A","last_name":"L","heuristic":"Average","pricing_id":1,"partoo":{"role":"PUBLISHER"}}`,
		`{"user_id":"2","email":"b@example.com","name":"B","first_name":"B","last_name":"L","heuristic":"Average","pricing_id":2,"partoo":{"role":"ORG_ADMIN"}}`,
		`{"user_id":"3","email":"c@example.com","name":"C","first_name":"C","last_name":"L","heuristic":"Average","pricing_id":3,"partoo":null}`,
		`{"user_id":"4","email":"d@example.com","name":"D","first_name":"D","last_name":"L","heuristic":"Average","pricing_id":4,"partoo":{}}`,
		`{"user_id":"5","email":"e@example.com","name":"E","first_name":"E","last_name":"L","heuristic":"Average","pricing_id":5,"p\u0061rtoo":{"role":"PUBLISHER"}}`,
		`{"user_id":"6","email":"f@example.com","name":"F","first_name":"F","last_name":"L","heuristic":"Average","pricing_id":6,"p\u0061rtoo":null}`,
	))
	var roles []string
	for _, r := range rows {
		user, wrong := partooTable().readUser(r)
		assert.Empty(t, wrong)
		roles = append(roles, string(user.Role))
	}
	assert.Equal(t, []string{"PUBLISHER", "ORG_ADMIN", "", "", "PUBLISHER", ""}, roles)
	assert.Same(t, rows[0].layout, rows[1].layout)
	assert.NotSame(t, rows[0].layout, rows[2].layout)

	_, found := readRows(t, "usercom", "jsonl", lines(`{"user_id":"1","usercom":{"city":"x"}}`, `{"user_id":"2","usercom":"x"}`, `{"user_id":"3","user_id":"3"}`, `{"user_id":"4","usercom":{"city":"x","city":"y"}}`))
	assert.Equal(t, []string{"line 2: usercom: must be a JSON object", "line 3: must not hold user_id twice", "line 4: usercom: must not hold city twice"}, texts(found)[:3])
}

// However many outlines there are, few are kept.
func TestOutlinesAreBounded(t *testing.T) {
	r := jsonReader{names: newNames(), layouts: make(map[string]*layout)}
	columns := r.names.providers[2].columns
	for i := range maxLayouts + 100 {
		var members []string
		for bit, name := range columns[:11] {
			if i&(1<<bit) != 0 {
				members = append(members, `"`+name+`":"x"`)
			}
		}
		row, wrong := r.row(i, []byte("{"+strings.Join(members, ",")+"}"))
		assert.Empty(t, wrong)
		assert.Len(t, row.texts, len(members))
		assert.LessOrEqual(t, len(r.layouts), maxLayouts)
	}
}
