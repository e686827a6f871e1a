package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The file of failed rows has the format of the input, can be corrected and read, and is
// removed when no row fails.
func TestFailedFile(t *testing.T) {
	server, env := loopback(t)
	rejecting(server, "Cy")
	rejecting(server, "Dee")
	file := writeFile(t, "users.csv", "\uFEFFE-Mail;First Name;Last Name;password\r\nada@example.com;Ada;Lovelace;\r\n\r\ncy@example.com;Cy;\"Clark; Jr\";Pa55word!\r\ndee@example.com;Dee;Dale;\r\n")
	failed := filepath.Join(filepath.Dir(file), "users.partoo.failed.csv")
	args := []string{"upsert", "--provider", "partoo", "--quota", "none", "--quiet"}

	got := usersyncIn(t.Context(), env, "", append(args, file)...)
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.err, "usersync: failed rows are in "+failed+"\n")
	data, err := os.ReadFile(failed)
	require.NoError(t, err)
	rows := strings.Split(string(data), "\r\n")
	require.Len(t, rows, 4, string(data))
	assert.Equal(t, "\uFEFFE-Mail;First Name;Last Name;password;usersync_reason", rows[0])
	assert.Regexp(t, `^cy@example.com;Cy;"Clark; Jr";Pa55word!;.*400 Bad Request.*first_name.*$`, rows[1])
	assert.Regexp(t, `^dee@example.com;Dee;Dale;;.*400 Bad Request.*$`, rows[2])
	if runtime.GOOS != "windows" {
		info, err := os.Stat(failed)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it may contain passwords")
	}

	// Corrected, it is an input. It has a file of failed rows itself, with one reason each.
	require.NoError(t, os.WriteFile(failed, []byte(strings.Replace(string(data), "Cy", "Cyrus", 1)), 0o600))
	got = usersyncIn(t.Context(), env, "", append(args, failed)...)
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.out, "partoo     1 created, 0 updated, 0 unchanged, 1 failed,")
	again, err := os.ReadFile(filepath.Join(filepath.Dir(file), "users.partoo.failed.partoo.failed.csv"))
	require.NoError(t, err)
	assert.Equal(t, rows[0]+"\r\n"+rows[2]+"\r\n", string(again))

	server.ClearFaults()
	got = usersyncIn(t.Context(), env, "", append(args, "--retry-failed", file)...)
	assert.Equal(t, exitOK, got.status, got.err)
	assert.NoFileExists(t, failed)
}

func TestFailedFileOfJSONL(t *testing.T) {
	server, env := loopback(t)
	rejecting(server, "Cy")
	failed := filepath.Join(t.TempDir(), "failed.jsonl")
	input := lines(`{"email":"ada@example.com","first_name":"Ada","last_name":"L"}`, `{ "last_name":"C", "first_name":"Cy","email":"cy@example.com" }`)
	args := []string{"upsert", "--provider", "partoo", "--quota", "none", "--format", "jsonl", "--failed", failed}
	for range 2 {
		got := usersyncIn(t.Context(), env, input, append(args, "-")...)
		assert.Equal(t, exitFailed, got.status, got.err)
		data, err := os.ReadFile(failed)
		require.NoError(t, err)
		assert.Contains(t, string(data), `"first_name":"Cy"`)
		assert.Equal(t, 1, strings.Count(string(data), "usersync_reason"))
		input = string(data)
	}
}

// The same flags read the file of failed rows, which is UTF-8 whatever --encoding says.
func TestFailedFileOfAnotherEncoding(t *testing.T) {
	server, env := loopback(t)
	rejecting(server, "Cy")
	for format, input := range map[string]string{
		"csv":   "email,first_name,last_name\ncy@example.com,Cy,M\xfcller\n",
		"jsonl": `{"email":"cy@example.com","first_name":"Cy","last_name":"M` + "\xfc" + `ller"}`,
	} {
		failed := filepath.Join(t.TempDir(), "failed")
		args := []string{"upsert", "--provider", "partoo", "--quota", "none", "--format", format, "--encoding", "windows-1252", "--failed", failed}
		for range 2 {
			got := usersyncIn(t.Context(), env, input, append(args, "-")...)
			assert.Equal(t, exitFailed, got.status, got.err)
			data, err := os.ReadFile(failed)
			require.NoError(t, err)
			assert.Contains(t, string(data), "Müller")
			input = string(data)
		}
	}
}

func TestFailedPaths(t *testing.T) {
	for args, want := range map[string]string{
		"users.csv --provider partoo":                       "users.partoo.failed.csv",
		"dir.d/users --provider partoo":                     "dir.d/users.partoo.failed",
		"users.jsonl.gz --provider all":                     "users.partoo.failed.jsonl",
		"users.csv --provider partoo --failed f.csv":        "f.csv",
		"users.csv --provider all --failed f.csv":           "f.partoo.csv",
		"- --provider all --failed f":                       "f.partoo",
		"users.csv --provider partoo --fake":                "",
		"users.csv --provider partoo --fake --failed f.csv": "f.csv",
		"users.csv --provider partoo --dry-run":             "",
	} {
		o, err := parseFlags(strings.Fields(args))
		require.NoError(t, err, args)
		assert.Equal(t, want, o.failedPath("partoo"), args)
	}
}

// A file of another kind is never replaced or removed.
func TestFailedFileReplacesNoOtherFile(t *testing.T) {
	file := writeFile(t, "users.csv", four)
	other := writeFile(t, "notes.txt", "Do not lose this.\n")
	for _, path := range []string{file, other} {
		got := usersync(t, "", "upsert", "--provider", "partoo", "--fake", "--failed", path, file)
		assert.Equal(t, output{exitUsage, "", "usersync: --failed " + path + ": exists and is no file of failed rows\n"}, got)
	}
	data, err := os.ReadFile(other)
	require.NoError(t, err)
	assert.Equal(t, "Do not lose this.\n", string(data))
}
