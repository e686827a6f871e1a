package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzCSV(f *testing.F) {
	users, err := os.ReadFile(usersFile)
	require.NoError(f, err)
	for _, seed := range []string{
		string(users), twoUsers, four, "", "\uFEFFuser_id\r\n1\r\n", "user_id\r1\r", "\xff\xfeu\x00", "user_id;email\n",
		"user_id,email\n1,\n1,x\n\n,\"\n\n\"\n\"", "user_id\n\"a\"b\na\"b\n\xff\n", "\"a\nb\",user_id\n\xff,1\n", "id,email,name\n,,\n7,a@b.c,A\n7,A@b.c,B\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { readTwice(t, data, "csv") })
}

func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{
		`{"user_id":"1"}` + "\n\n" + `{"user_id":"1"}`, "\uFEFF{}", "[]\nnull\n", "{}\r{}", "\xfe\xff\x00{", `{"user_id":"\ud800"}`,
		`{"email":"a@b.c","partoo":{"role":"PUBLISHER"},"usercom":null}` + "\n" + `{"email":"b@b.c","partoo":null,"usercom":{"role":1}}`,
		`{"p\u0061rtoo":{"role":"X"}}` + "\n" + `{"p\u0061rtoo":null}`, `{"user_id":"1","attributes":{"a":[{"b":"}\"]"}]}, "score":1e3 }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		readTwice(t, data, "jsonl")
		// What a line is does not depend on the lines before it.
		for r, wrong := range decodeRows(bytes.NewReader(data), "jsonl") {
			if r.layout == nil {
				continue
			}
			line := bytes.Split(data, []byte("\n"))[r.line-1]
			for alone, same := range decodeRows(bytes.NewReader(append(line, '\n')), "jsonl") {
				assert.Equal(t, alone.columns, r.columns)
				assert.Equal(t, alone.texts, r.texts)
				assert.Len(t, same, len(wrong))
			}
		}
	})
}

// readTwice checks an input, and holds what is read afterwards against it.
func readTwice(t *testing.T, data []byte, format string) {
	t.Helper()
	read := func() rowSeq { return decodeRows(bytes.NewReader(data), format) }
	is, found := validateRows(read(), read, providers())
	assert.LessOrEqual(t, len(found.first), maxProblems)
	assert.LessOrEqual(t, len(found.first), found.total)
	for _, one := range texts(found) {
		assert.NotContains(t, one, "\n")
	}
	rows, last := collect(read())
	again, _ := collect(read())
	assert.Equal(t, rows, again)
	assert.Len(t, rows, is.rows)
	assert.Equal(t, is.lastLine, last)
	line := 0
	for _, r := range rows {
		assert.Greater(t, r.line, line)
		line = r.line
		for _, p := range providers() {
			_, wrong := p.validateRow(r)
			assert.LessOrEqual(t, len(wrong), found.total, "a row is now wrong that was not")
		}
	}
}

// collect are the rows that can be used.
func collect(rows rowSeq) (all []row, last int) {
	for r, wrong := range rows {
		if len(wrong) == 0 && !r.isHeader() {
			all, last = append(all, r), r.line
		}
	}
	return all, last
}

// FuzzMembers holds the members of an object against those of encoding/json.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : 1 , "b":[ "]" , {"c":"\"}"} ] } `, `{"a":{},"\u0061":null}`, `{"":"","\\":"\\"}`, `[{"a":1}]`, `{"a":-1.5e+3,"b":true}`, `{"a":1,"a":2}`, `{`, `"`, "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		members, complaint := parseObject(data)
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(data), &want) != nil || want == nil {
			assert.NotEmpty(t, complaint)
			return
		}
		if complaint != "" {
			assert.True(t, complaint == "must be valid UTF-8" || strings.HasSuffix(complaint, " twice"), complaint)
			return
		}
		got := make(map[string]json.RawMessage, len(members))
		for _, m := range members {
			got[m.name] = json.RawMessage(m.value)
		}
		assert.True(t, maps.EqualFunc(want, got, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }), "%s", got)
	})
}
