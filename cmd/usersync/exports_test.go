package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/usercom"
)

// exported are the users of every file in testdata/exports.
var exported = []usercom.UserInput{
	{UserID: "c1", Email: "ann@example.com", FirstName: "Ann", LastName: "O'Neil", PhoneNumber: "+33123456789", City: "Paris", Unsubscribed: new(true), Score: new(int64(1))},
	{UserID: "c2", Email: "bob@example.com", FirstName: "Bob", LastName: "Müller", PhoneNumber: "+33123456780", City: "Zürich", Unsubscribed: new(false), Score: new(int64(2))},
}

// The files have the shapes that Excel in several languages, LibreOffice, Google Sheets and
// pandas write.
func TestExportedFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/exports/*")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 14)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { assertExported(t, file) })
	}
}

// assertExported reads a file with flags, and sends it to a fake.
func assertExported(t *testing.T, file string, flags ...string) {
	t.Helper()
	args := append([]string{"--fake", "--provider", "usercom", file}, flags...)
	o, err := parseFlags(args)
	require.NoError(t, err)
	in, err := readInput(o, nil)
	require.NoError(t, err)
	require.Empty(t, texts(in.Problems))
	var users []usercom.UserInput
	for _, r := range in.Rows {
		u, problems, warnings := usercomProvider().readUser(r)
		require.Empty(t, append(problems, warnings...))
		users = append(users, *u.(*usercom.UserInput))
	}
	assert.Equal(t, exported, users)
	got := usersync(t, "", append([]string{"upsert"}, args...)...)
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Contains(t, got.out, "usercom    2 created,")
}

// Line ends and blank rows that programs write on the way.
func TestLineEndsAndBlankRows(t *testing.T) {
	data, err := os.ReadFile("testdata/exports/google-sheets.csv")
	require.NoError(t, err)
	plain := strings.ReplaceAll(string(data), "\r\n", "\n")
	for _, text := range []string{
		strings.ReplaceAll(plain, "\n", "\r\r\n"),
		strings.Replace(plain, "\n", "\r", 1),
		strings.ReplaceAll(plain, "\n", "\n\r"),
		"\n,,,,,,,\n , ,\n" + plain,
		"sep=;\r\n;;\r\n" + strings.ReplaceAll(plain, ",", ";"),
		strings.ReplaceAll(plain, "\n", ",, \n"),
	} {
		assertExported(t, writeFile(t, "users.csv", text))
	}
	assertExported(t, writeFile(t, "users.csv", strings.NewReplacer("user_id", "\ufeffUser\u2010ID", "first_name", "First\u200b\u00a0Name").Replace("\ufeff"+plain)))
	got := usersync(t, "user_id,attributes\r1,\"{\n\"\"a\"\":1}\"\r", "upsert", "--provider", "usercom", "--fake", "-")
	assert.Equal(t, exitOK, got.status, got.err)
}

// Flags replace what cannot be detected.
func TestExportedFilesWithFlags(t *testing.T) {
	const table = "user_id|email|first_name|last_name|phone_number|city|unsubscribed|score\n" +
		"c1|ann@example.com|Ann|O'Neil|+33123456789|Paris|yes|1\nc2|bob@example.com|Bob|M\xfcller|+33123456780|Z\xfcrich|no|2\n"
	assertExported(t, writeFile(t, "users.csv", table), "--separator", "|", "--encoding", "windows-1252")
	assertExported(t, writeFile(t, "users.csv", "sep=,\n"+strings.ReplaceAll(table, "|", ";")), "--separator=;", "--encoding=ISO-8859-1")
	utf16, err := os.ReadFile("testdata/exports/excel-utf16be.csv")
	require.NoError(t, err)
	assertExported(t, writeFile(t, "users.csv", string(utf16[2:])), "--encoding", "utf-16be")

	renamed := strings.NewReplacer("first_name", "Vorname", "email", "Work e-mail", "score", "Notes", "|", ",").Replace(table)
	renamed = strings.NewReplacer(",1\n", ",x\n", ",2\n", ",y\n").Replace(renamed)
	file := writeFile(t, "users.csv", renamed)
	mapping := writeFile(t, "mapping.json", `{"rename":{"vorname":"first_name"},"ignore":["notes"]}`)
	o, err := parseFlags([]string{"--fake", "--provider", "usercom", file, "--encoding", "windows-1252", "--map", "Work E-Mail=email", "--mapping", mapping})
	require.NoError(t, err)
	in, err := readInput(o, nil)
	require.NoError(t, err)
	require.Empty(t, texts(in.Problems))
	read, _, _ := usercomProvider().readUser(in.Rows[1])
	user := read.(*usercom.UserInput)
	assert.Equal(t, "bob@example.com Bob", user.Email+" "+user.FirstName)
	assert.Nil(t, user.Score)

	constants := writeFile(t, "mapping.json", "\uFEFF"+`{"constant":{"city":"Bari","usercom.score":7,"unsubscribed":false}}`)
	got := usersync(t, "user_id\n1\n", "upsert", "--provider", "usercom", "--fake", "--mapping", constants, "-")
	assert.Equal(t, exitOK, got.status, got.err)
}

func TestMappingProblems(t *testing.T) {
	constant := writeFile(t, "constant.json", `{"constant":{"city":"Bari"}}`)
	for name, test := range map[string]struct{ input, flags, want string }{
		"unknown target":      {"user_id\n1\n", "--map Stadt=ctiy", "mapping of Stadt: unknown column ctiy (did you mean city?)"},
		"renamed twice":       {"Stadt\n1\n", "--map Stadt=city --map stadt=region", "mapping of stadt: the same column is renamed to city"},
		"renamed and ignored": {"Stadt\n1\n", "--map Stadt=city --map stadt=", "mapping of Stadt: the same column is ignored"},
		"short name":          {"user_id,abc\n1,\n", "", "line 1: unknown column abc\n"},
		"accented name":       {"user_id,\u00e9ma\u00eel\n1,\n", "", "line 1: unknown column \u00e9ma\u00eel (did you mean email?)"},
		"no such column":      {"user_id\n1\n", "--map Stadt=city", "the mapping renames Stadt, which is no column of the file"},
		"constant and column": {"user_id,City\n1,\n", "--mapping " + constant, "line 1: columns City and city (constant) are both city"},
		"twice":               {"user_id,E-Mail,email\n1,,\n", "", "line 1: columns E-Mail and email are both email"},
		"unknown encoding":    {"user_id\n1\n", "--encoding latin9000", "--encoding latin9000: want a name such as windows-1252, iso-8859-2 or utf-16le"},
		"unknown separator":   {"user_id/email\n1/x\n", "", "line 1: unknown column user_id/email (if the separator is not recognized, use --separator)"},
	} {
		args := append(strings.Fields(test.flags), "--provider", "usercom", "--fake", "-")
		got := usersync(t, test.input, append([]string{"upsert"}, args...)...)
		assert.Equal(t, exitUsage, got.status, name)
		assert.Contains(t, got.err, test.want, name)
	}
}

func TestFormatLine(t *testing.T) {
	for file, want := range map[string]string{
		"excel-de-csv-utf8.csv": "CSV, separator semicolon, UTF-8, 2 rows", "excel-unicode-text.txt": "CSV, separator tab, UTF-16, 2 rows",
		"pandas-to-csv.csv.gz": "CSV, separator comma, UTF-8, gzip, 2 rows", "pandas-to-json-lines.jsonl": "JSONL, UTF-8, 2 rows",
	} {
		o, err := parseFlags([]string{"--fake", "--provider", "usercom", "testdata/exports/" + file})
		require.NoError(t, err)
		in, err := readInput(o, nil)
		require.NoError(t, err)
		assert.Equal(t, want, in.String())
	}
}

func TestOtherFilesAreNamed(t *testing.T) {
	for content, want := range map[string]string{
		"[{\"user_id\":\"1\"}]\n":                "a JSON array: write one object per line, for example with: jq -c '.[]'",
		"\xff\xfeu\x00\n\x001\x00\x3d\xd8\n\x00": "line 2: not valid UTF-16",
		"\xff\xfeu\x00\n":                        "line 1: not valid UTF-16",
		"sep=\n1\n":                              "line 1: unknown column sep=",
		" \n \n":                                 "line 1: the file is empty",
		"PK\x03\x04...":                          "an xlsx, ods or zip file: open it in a spreadsheet program and save it as CSV (UTF-8)",
		"\xd0\xcf\x11\xe0\xa1":                   "an xls file: ",
		"<html><table>":                          "an HTML or XML file: ",
		"PAR1":                                   "a Parquet file: convert it to CSV or JSONL",
		"\x28\xb5\x2f\xfd":                       "compressed with zstd: decompress it first",
		"{\"user_id\":\"1\"}\n":                  "looks like JSONL: use --format jsonl",
		"u\x00s\x00e\x00r\x00":                   "contains NUL characters: is it UTF-16? use --encoding utf-16le or utf-16be",
		"user_id,email\n1,2,3\n":                 "line 2: has 3 cells, the header has 2: enclose a cell that contains ',' in quotes",
		"user_id;city\n1;a;b\n":                  "line 2: has 3 cells, the header has 2: enclose a cell that contains ';' in quotes",
		"\x1f\x8bx":                              "reading: ",
		"user_id,unsubscribed\n1,vielleicht":     "line 2: unsubscribed: must be true or false (usercom)",
		"user_id,score\n1,1.5":                   "line 2: score: must be a whole number (usercom)",
	} {
		got := usersync(t, content, "upsert", "--provider", "usercom", "--fake", "-")
		assert.Equal(t, exitUsage, got.status, content)
		assert.Contains(t, got.err, want, content)
	}
	for content, want := range map[string]string{
		"[\n{\"user_id\":\"1\"}]":                    "a JSON array: write one object per line, for example with: jq -c '.[]'",
		"{\n  \"user_id\": \"1\"\n}\n":               "an object over several lines: write one object per line, for example with: jq -c .",
		"user_id,email\n1,2\n":                       "looks like CSV: use --format csv",
		"\"user_id\",\"email\"\n1,2\n":               "looks like CSV: use --format csv",
		`{"user_id":"1","score":"7"}`:                "line 1: score: must be a whole number, without quotes (usercom)",
		`{"user_id":"1","unsubscribed":"true"}`:      "line 1: unsubscribed: must be true or false, without quotes (usercom)",
		`{"user_id":"abc\ud83d","first_name":"Ada"}`: `line 1: contains the lone surrogate \ud83d`,
	} {
		got := usersync(t, content, "upsert", "--provider", "usercom", "--fake", "--format", "jsonl", "-")
		assert.Equal(t, exitUsage, got.status, content)
		assert.Contains(t, got.err, want, content)
	}
	got := usersync(t, "email,first_name,last_name,business_ids\nada@example.com,Ada,L,a|b\n", "upsert", "--provider", "partoo", "--fake", "-")
	assert.Contains(t, got.err, `line 2: business_ids: must be a list separated by ";", such as a;b`)
}

// Spaces between the items of a list are ignored, other white space is not.
func TestSpacesInLists(t *testing.T) {
	const header = "email,first_name,last_name,business_ids\nada@example.com,Ada,L,"
	users := usersOf[partoo.UserInput](t, partooProvider(), "csv", header+" a; b \n")
	assert.Equal(t, []string{"a", "b"}, users[0].BusinessIDs)
	_, found := readRows(t, "partoo", "csv", header+"a;b\u00a0\n")
	assert.Equal(t, []string{"line 2: business_ids: item 2 must not end with U+00A0 (no-break space) (partoo)"}, texts(found))
}

// A spreadsheet replaces keys that look like numbers or formulas. As keys, such values are
// errors; elsewhere they are warnings.
func TestSpreadsheetValues(t *testing.T) {
	for _, value := range []string{"1.23457E+11", `"1,23457E+11"`, "1E+11", "-1.5E+11", "1.2345678901234568e+17", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"} {
		for column, provider := range map[string]string{"user_id": "usercom", "company_id": "usercom", "custom_role": "partoo", "business_ids": "partoo"} {
			header, row := "user_id", "1"
			if provider == "partoo" {
				header, row = "email,first_name,last_name", "ada@example.com,Ada,Lovelace"
			}
			if column == "user_id" {
				header, row = "city", "Bari"
			}
			got := usersync(t, header+","+column+"\n"+row+","+value+"\n", "upsert", "--provider", provider, "--fake", "-")
			assert.Equal(t, exitUsage, got.status, value)
			assert.Contains(t, got.err, "line 2: "+column+": is ", value)
		}
		got := usersync(t, "user_id,first_name\n1,"+value+"\n", "upsert", "--provider", "usercom", "--fake", "-")
		assert.Equal(t, exitOK, got.status, value)
		assert.Contains(t, got.err, "usersync: standard input: 1 warning:\nline 2: first_name: is ", value)
	}
	got := usersync(t, "user_id,first_name\n42.0,7.0\n1.5.0,a\n", "upsert", "--provider", "usercom", "--fake", "-")
	assert.Equal(t, exitOK, got.status)
	assert.Contains(t, got.err, "1 warning:\nline 2: user_id: is a whole number written as 42.0: it is another key than without decimals (usercom)\n")
	for _, value := range []string{"NULL", `\N`} {
		got := usersync(t, "user_id,first_name\n"+value+","+value+"\n", "upsert", "--provider", "usercom", "--fake", "-")
		assert.Equal(t, exitOK, got.status, value)
		assert.Contains(t, got.err, "2 warnings:\nline 2: user_id: is "+value+", which databases export for no value (usercom)\n", value)
	}
}
