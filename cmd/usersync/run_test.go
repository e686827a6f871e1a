package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

const oneUser = "email,first_name,last_name\nada@example.com,Ada,Lovelace\n"

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte("{"), 0o600))
	twice := filepath.Join(dir, "twice.json")
	require.NoError(t, os.WriteFile(twice, []byte(`{"partoo":[{"id":"1","email":"ada@example.com"},{"id":"2","email":"ada@example.com"}]}`), 0o600))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":          {nil, "want a command: upsert, help or version"},
		"unknown command":  {[]string{"upset"}, "unknown command upset: want upsert, help or version"},
		"unknown flag":     {[]string{"upsert", "-dry"}, "flag provided but not defined: -dry"},
		"no provider":      {[]string{"upsert", "-fake", "-"}, "want -provider identifai, partoo, usercom or all"},
		"unknown provider": {[]string{"upsert", "-provider", "patroo", "-"}, "-provider patroo: want identifai, partoo, usercom or all"},
		"no file":          {[]string{"upsert", "-provider", "partoo", "-fake"}, `want a FILE to read, or "-" for standard input`},
		"two files":        {[]string{"upsert", "-provider", "partoo", "a.csv", "b.csv"}, "unexpected argument b.csv: there is one FILE, and flags go before it"},
		"flag after file":  {[]string{"upsert", "-provider", "partoo", "a.csv", "-fake"}, "unexpected argument -fake: there is one FILE, and flags go before it"},
		"unknown format":   {[]string{"upsert", "-provider", "partoo", "-format", "xls", "-"}, "-format xls: want csv or jsonl"},
		"a JSON file":      {[]string{"upsert", "-provider", "partoo", "users.json"}, "a .json file: give -format jsonl if it holds one object per line"},
		"state, no fake":   {[]string{"upsert", "-provider", "partoo", "-fake-state", "x", "-"}, "-fake-state and -fake-429 need -fake"},
		"429, no fake":     {[]string{"upsert", "-provider", "partoo", "-fake-429", "-"}, "-fake-state and -fake-429 need -fake"},
		"workers":          {[]string{"upsert", "-provider", "partoo", "-fake", "-workers", "0", "-"}, `invalid value "0" for flag -workers: want a number from 1 to 1000`},
		"quota":            {[]string{"upsert", "-provider", "partoo", "-fake", "-quota", "30", "-"}, `invalid value "30" for flag -quota: want requests per period, such as 300/min, 10/s, 50/10s or 1/s,30/min, or none`},
		"quota for all":    {[]string{"upsert", "-provider", "all", "-fake", "-quota", "30/min", "-"}, "-quota goes with one provider: each has quotas of its own"},
		"share":            {[]string{"upsert", "-provider", "partoo", "-fake", "-share", "2/3", "-"}, `invalid value "2/3" for flag -share: want 1/N, such as 1/4 when four processes use the key`},
		"share of nothing": {[]string{"upsert", "-provider", "partoo", "-fake", "-share", "1/3", "-"}, "-share with -fake needs -quota: the fakes have none to share"},
		"timeout":          {[]string{"upsert", "-provider", "partoo", "-fake", "-timeout", "-1s", "-"}, "-timeout -1s: must not be negative"},
		"dry journal":      {[]string{"upsert", "-provider", "partoo", "-fake", "-dry-run", "-journal", "x", "-"}, "-dry-run writes no journal and needs none: leave out -journal, -resume and -retry-failed"},
		"resume what":      {[]string{"upsert", "-provider", "partoo", "-fake", "-resume", "-"}, "-resume and -retry-failed need -journal here: there is none by default with -fake or standard input"},
		"broken state":     {[]string{"upsert", "-provider", "partoo", "-fake", "-fake-state", broken, "-"}, "-fake-state: " + broken + ": unexpected end of JSON input"},
		"unusable state":   {[]string{"upsert", "-provider", "partoo", "-fake", "-fake-state", twice, "-"}, "-fake-state: " + twice + ": partoo: partootest: AddUser: the address or the id is taken"},
		"unreadable state": {[]string{"upsert", "-provider", "partoo", "-fake", "-fake-state", dir, "-"}, "-fake-state: read " + dir + ": is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			got := usersync(t, oneUser, test.args...)
			assert.Equal(t, output{exitUsage, "", "usersync: " + test.want + "\nSee: usersync help\n"}, got)
		})
	}
}

func TestNoSuchFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no.csv")
	got := usersync(t, "", "upsert", "-provider", "partoo", "-fake", file)
	assert.Equal(t, output{exitUsage, "", "usersync: open " + file + ": no such file or directory\n"}, got)
}

func TestDirectoryAsFile(t *testing.T) {
	dir := t.TempDir()
	got := usersync(t, "", "upsert", "-provider", "partoo", "-fake", dir)
	assert.Equal(t, output{exitUsage, "", lines("usersync: "+dir+": 1 problem, nothing was sent:", "reading: read "+dir+": is a directory")}, got)
}

func TestHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"upsert", "-h"}} {
		got := usersync(t, "", args...)
		assert.Equal(t, output{exitOK, helpText(), ""}, got, args)
	}
	for _, args := range [][]string{{"version"}, {"--version"}} {
		assert.Equal(t, output{exitOK, "usersync " + rest.Version + "\n", ""}, usersync(t, "", args...), args)
	}
}

// The name of the file decides how it is read, in any case, unless a flag does.
func TestFormat(t *testing.T) {
	const csv, jsonl = "user_id\n4711\n", `{"user_id":"4711"}`
	for _, test := range []struct {
		name, format, input string
	}{
		{"users.csv", "", csv},
		{"users", "", csv},
		{"users.jsonl", "", jsonl},
		{"USERS.NDJSON", "", jsonl},
		{"users.json", "jsonl", jsonl},
		{"users.txt", "jsonl", jsonl},
		{"users.jsonl", "csv", csv},
	} {
		file := filepath.Join(t.TempDir(), test.name)
		require.NoError(t, os.WriteFile(file, []byte(test.input), 0o600))
		got := usersync(t, "", "upsert", "-provider", "usercom", "-fake", "-format", test.format, file)
		assert.Equal(t, exitOK, got.status, "%s: %s", test.name, got.err)
		assert.Contains(t, got.out, "created    1  4711\n", test.name)
	}
}

// What comes from the file cannot write to the terminal at will, or for long.
func TestUntrustedTextIsPrintable(t *testing.T) {
	input := lines(`{"user_id":"a\u001b[2J\nb"}`, `{"user_id":"`+strings.Repeat("é", 200)+`"}`)
	got := usersync(t, input, "upsert", "-provider", "usercom", "-fake", "-format", "jsonl", "-workers", "1", "-")
	assert.Equal(t, exitOK, got.status)
	assert.Contains(t, got.out, "usercom    line 1  created    1  \"a\\x1b[2J\\nb\"\n")
	assert.Contains(t, got.out, "usercom    line 2  created    2  "+strings.Repeat("é", 100)+"…\n")
}

func TestEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		env      map[string]string
		want     string
	}{
		"all missing": {"all", nil, "missing in the environment: IDENTIFAI_API_KEY (API key), PARTOO_API_KEY (API key), USERCOM_API_KEY (API key), USERCOM_SUBDOMAIN (the \"app\" of https://app.user.com)"},
		"one missing": {"all", map[string]string{"IDENTIFAI_API_KEY": "k", "PARTOO_API_KEY": "k", "USERCOM_API_KEY": "k"}, `missing in the environment: USERCOM_SUBDOMAIN (the "app" of https://app.user.com)`},
		"not chosen":  {"partoo", map[string]string{"IDENTIFAI_API_KEY": "k"}, "missing in the environment: PARTOO_API_KEY (API key)"},
		"base URL instead of a subdomain": {
			"usercom", map[string]string{"USERCOM_BASE_URL": "https://crm.example/api/public"}, "missing in the environment: USERCOM_API_KEY (API key)",
		},
		"not usable": {
			"all", map[string]string{"IDENTIFAI_API_KEY": "marked key", "PARTOO_API_KEY": "k", "PARTOO_BASE_URL": "http://marked.example", "USERCOM_API_KEY": "k", "USERCOM_SUBDOMAIN": "marked.user.com"},
			"identifai: new client: API key: must be printable ASCII without spaces (a line break at its end is a common slip)\n" +
				"partoo: new client: base URL: must be https (plain http is for loopback hosts)\n" +
				`usercom: new client: subdomain: want one DNS label, the "app" of https://app.user.com: letters, digits and inner hyphens, at most 63`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := usersyncIn(t.Context(), test.env, oneUser, "upsert", "-provider", test.provider, "-")
			assert.Equal(t, exitUsage, got.status)
			assert.Empty(t, got.out)
			assert.Equal(t, "usersync: "+test.want+"\nSee: usersync help\n", got.err)
		})
	}
}
