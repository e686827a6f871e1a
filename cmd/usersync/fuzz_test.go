package main

import (
	"bytes"
	"os"
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
	f.Fuzz(func(t *testing.T, data []byte) { readTwice(t, data, "jsonl") })
}

// readTwice reads and validates an input, with the same result each time.
func readTwice(t *testing.T, data []byte, format string) {
	t.Helper()
	read := func() input {
		in, err := readInput(options{file: "-", format: format, providers: providers()}, bytes.NewReader(data))
		require.NoError(t, err)
		return in
	}
	in := read()
	assert.Equal(t, in.Rows, read().Rows)
	assert.LessOrEqual(t, len(in.Problems.First), in.Problems.Total)
	for _, text := range texts(in.Problems) {
		assert.NotContains(t, text, "\n")
	}
	line := 0
	for _, r := range in.Rows {
		assert.Greater(t, r.Line, line)
		line = r.Line
		for _, p := range providers() {
			_, problems, _ := p.validateRow(r)
			assert.LessOrEqual(t, len(problems), in.Problems.Total)
		}
	}
}
