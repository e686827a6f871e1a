package main

import (
	"os"
	"path/filepath"
	"slices"
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
		args string
		want string
	}{
		"nothing":            {"", "missing command: upsert, verify, completion, help or version"},
		"unknown command":    {"upset", "unknown command upset: did you mean upsert?"},
		"unknown topic":      {"help foo", "unknown topic foo: want completion, help, upsert, verify, version"},
		"topic of a command": {"help upsert foo", "unexpected argument foo"},
		"unknown shell":      {"completion tcsh", "unknown topic tcsh: want bash, fish, powershell, zsh"},
		"no provider":        {"upsert --fake -", "missing --provider: want " + strings.Join(names(), ", ") + " or all"},
		"unknown provider":   {"upsert --provider partoo,patroo -", "--provider patroo: want " + strings.Join(names(), ", ") + " or all"},
		"no file":            {"upsert --provider partoo --fake", `missing FILE argument ("-" for standard input)`},
		"two files":          {"upsert --provider partoo a.csv b.csv", "unexpected argument b.csv: want one FILE"},
		"unknown flag":       {"upsert --dry -", "unknown flag --dry"},
		"unknown letter":     {"upsert -x -", "unknown flag -x"},
		"one dash":           {"upsert -provider partoo -", "-provider: write --provider, with two dashes"},
		"one dash, value":    {"upsert -provider=partoo -", "-provider: write --provider=partoo, with two dashes"},
		"one dash, boolean":  {"upsert a.csv -fake", "-fake: write --fake, with two dashes"},
		"one dash, h":        {"upsert -help", "-help: write --help, with two dashes"},
		"one dash, v":        {"-version", "-version: write --version, with two dashes"},
		"flag given twice":   {"upsert --provider partoo --quiet - --quiet", "--quiet is given twice"},
		"value given twice":  {"upsert --quota 1/s --quota=2/s", "--quota is given twice"},
		"no value":           {"upsert --provider", "--provider needs a value"},
		"unknown format":     {"upsert --provider partoo --format xls -", "--format xls: want csv or jsonl"},
		"state, no fake":     {"upsert --provider partoo --fake-state x -", "--fake-state and --fake-429 need --fake"},
		"429, no fake":       {"upsert --provider partoo --fake-429 -", "--fake-state and --fake-429 need --fake"},
		"workers":            {"upsert --provider partoo --fake --workers 0 -", "--workers 0: want a number from 1 to 1000"},
		"quota":              {"upsert --provider partoo --fake --quota 30 -", "--quota 30: want requests per period, such as 300/min, 10/s, 50/10s or 1/s,30/min, or none"},
		"quota for all":      {"upsert --provider all --fake --quota 30/min -", "--quota: with several providers, name one, such as --quota partoo=600/min"},
		"quota of another":   {"upsert --provider partoo --fake --quota usercom=30/min -", "--quota usercom=…: not one of the selected providers"},
		"quota twice":        {"upsert --provider all --fake --quota partoo=1/s --quota partoo=2/s -", "--quota is given twice"},
		"stdin, no --failed": {"upsert --provider partoo -", "standard input needs --failed FILE, for the rows that fail"},
		"text booleans":      {"upsert --provider partoo --fake --text-booleans -", "--text-booleans is for identifai"},
		"bad map":            {"upsert --provider partoo --fake --map email -", "--map email: want NAME=COLUMN, such as 'Work e-mail=email', or NAME= to ignore a column"},
		"no mapping":         {"upsert --provider partoo --fake --mapping " + broken + "x -", "--mapping: open " + broken + "x: no such file or directory"},
		"share":              {"upsert --provider partoo --fake --share 2/3 -", "--share 2/3: want 1/N, such as 1/4 when four processes use the key"},
		"share of nothing":   {"upsert --provider partoo --fake --share 1/3 -", "--share with --fake needs --quota: the fakes have no quota to share"},
		"no boolean":         {"upsert --provider partoo --fake --dry-run=maybe -", "--dry-run=maybe: want true or false, or only --dry-run"},
		"timeout, no unit":   {"upsert --provider partoo --fake --timeout 30 -", "--timeout 30: want a duration with its unit, such as 30s, 2m or 1m30s"},
		"negative timeout":   {"upsert --provider partoo --fake --timeout -1s -", "--timeout -1s: want a duration with its unit, such as 30s, 2m or 1m30s"},
		"dry journal":        {"upsert --provider partoo --fake --dry-run --journal x -", "--dry-run writes no files: omit --journal, --resume, --retry-failed and --failed"},
		"resume what":        {"upsert --provider partoo --fake --resume -", "--resume and --retry-failed need --journal here: there is no default journal with --fake or standard input"},
		"broken state":       {"upsert --provider partoo --fake --fake-state " + broken + " -", "--fake-state: " + broken + ": unexpected end of JSON input"},
		"unusable state":     {"upsert --provider partoo --fake --fake-state " + twice + " -", "--fake-state: " + twice + ": partoo: AddUser: \"email ada@example.com\" is taken"},
		"unreadable state":   {"upsert --provider partoo --fake --fake-state " + dir + " -", "--fake-state: read " + dir + ": is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			got := usersync(t, oneUser, strings.Fields(test.args)...)
			command := "usersync"
			if name, _, _ := strings.Cut(test.args, " "); slices.Contains([]string{"upsert", "help", "completion"}, name) {
				command += " " + name
			}
			assert.Equal(t, output{exitUsage, "", "usersync: " + test.want + "\nRun '" + command + " --help' for usage.\n"}, got)
		})
	}
}

func TestNoSuchFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "no.csv")
	got := usersync(t, "", "upsert", "--provider", "partoo", "--fake", file)
	assert.Equal(t, output{exitUsage, "", "usersync: open " + file + ": no such file or directory\n"}, got)
}

func TestDirectoryAsFile(t *testing.T) {
	dir := t.TempDir()
	got := usersync(t, "", "upsert", "--provider", "partoo", "--fake", dir)
	assert.Equal(t, output{exitUsage, "", "usersync: reading: read " + dir + ": is a directory\n"}, got)
}

func TestHelp(t *testing.T) {
	want := usersync(t, "", "upsert", "--help")
	assert.Equal(t, exitOK, want.status)
	assert.Empty(t, want.err)
	for _, args := range []string{"help upsert", "upsert -h", "upsert --provider partoo users.csv --help"} {
		assert.Equal(t, want, usersync(t, "", strings.Fields(args)...), args)
	}
	for _, text := range []string{"\nExit status:\n", "\n      --provider NAME ", "\nFile:\n", "\nColumns of partoo (* required):\n* email ", "PARTOO_API_KEY"} {
		assert.Contains(t, want.out, text)
	}
	for _, args := range []string{"help", "-h", "--help"} {
		got := usersync(t, "", args)
		assert.Equal(t, exitOK, got.status)
		assert.Contains(t, got.out, "  upsert      Create or update every user of a file\n")
	}
}

func TestVersion(t *testing.T) {
	for _, args := range []string{"version", "--version"} {
		assert.Equal(t, output{exitOK, "usersync " + rest.Version() + "\n", ""}, usersync(t, "", args), args)
	}
	assert.NotEmpty(t, rest.Version())
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := usersync(t, "", "completion", shell)
		assert.Equal(t, exitOK, got.status, shell)
		assert.Contains(t, got.out, "usersync", shell)
	}
	assert.Contains(t, usersync(t, "", "__complete", "upsert", "--provider", "").out, "partoo\n")
	assert.Contains(t, usersync(t, "", "__complete", "upsert", "--format", "").out, "jsonl\n")
	assert.Contains(t, usersync(t, "", "__complete", "upsert", "a.csv", "").out, ":4\n", "no second file")
}

func TestFlagsAnywhereAndProviderLists(t *testing.T) {
	for _, args := range []string{
		"users.csv --provider partoo --provider usercom", "--provider usercom,partoo users.csv", "--provider=partoo users.csv --provider=usercom,partoo",
	} {
		o, err := parseFlags(strings.Fields(args))
		require.NoError(t, err, args)
		require.Len(t, o.providers, 2, args)
		assert.Equal(t, []string{"partoo", "usercom"}, []string{o.providers[0].name, o.providers[1].name}, args)
	}
	o, err := parseFlags([]string{"users.csv", "--provider", "all,partoo"})
	require.NoError(t, err)
	assert.Len(t, o.providers, len(providers()))
}

// The format follows from the name of the file, in any case, unless a flag sets it.
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
		got := usersync(t, "", "upsert", "--provider", "usercom", "--fake", "--format", test.format, file)
		assert.Equal(t, exitOK, got.status, "%s: %s", test.name, got.err)
		assert.Contains(t, got.out, "created    1  4711\n", test.name)
	}
}

// Text from the file is printed without control characters and shortened.
func TestUntrustedTextIsPrintable(t *testing.T) {
	input := lines(`{"user_id":"a\ue000b"}`, `{"user_id":"`+strings.Repeat("é", 200)+`"}`)
	got := usersync(t, input, "upsert", "--provider", "usercom", "--fake", "--format", "jsonl", "--workers", "1", "-")
	assert.Equal(t, exitOK, got.status)
	assert.Contains(t, got.out, "usercom    line 1  created    1  \"a\\ue000b\"\n")
	assert.Contains(t, got.out, "usercom    line 2  created    2  "+strings.Repeat("é", 100)+"…\n")
}

func TestEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		env      map[string]string
		want     string
	}{
		"all missing": {three, map[string]string{}, "missing environment variables: IDENTIFAI_API_KEY (API key), PARTOO_API_KEY (API key), USERCOM_API_KEY (API key), USERCOM_SUBDOMAIN (the \"app\" of https://app.user.com)"},
		"one missing": {three, map[string]string{"IDENTIFAI_API_KEY": "k", "PARTOO_API_KEY": "k", "USERCOM_API_KEY": "k"}, `missing environment variables: USERCOM_SUBDOMAIN (the "app" of https://app.user.com)`},
		"not chosen":  {"partoo", map[string]string{"IDENTIFAI_API_KEY": "k"}, "missing environment variables: PARTOO_API_KEY (API key)"},
		"base URL instead of a subdomain": {
			"usercom", map[string]string{"USERCOM_BASE_URL": "https://crm.example/api/public"}, "missing environment variables: USERCOM_API_KEY (API key)",
		},
		"not usable": {
			three, map[string]string{"IDENTIFAI_API_KEY": "marked key", "PARTOO_API_KEY": "k", "PARTOO_BASE_URL": "http://marked.example", "USERCOM_API_KEY": "k", "USERCOM_SUBDOMAIN": "marked.user.com"},
			"identifai: new client: API key: must be printable ASCII without spaces (check for a line break at its end)\n" +
				"partoo: new client: base URL: must be https (http is allowed for loopback hosts)\n" +
				`usercom: new client: subdomain: want one DNS label, the "app" of https://app.user.com: at most 63 letters, digits and inner hyphens`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := usersyncIn(t.Context(), test.env, oneUser, "upsert", "--provider", test.provider, "-")
			assert.Equal(t, exitUsage, got.status)
			assert.Empty(t, got.out)
			assert.Equal(t, "usersync: "+test.want+"\nRun 'usersync upsert --help' for usage.\n", got.err)
		})
	}
}
