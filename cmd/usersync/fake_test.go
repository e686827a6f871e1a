package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const usersFile = "../../testdata/users.csv"

// demo runs the command as make demo does: on the checked-in file, with the fakes'
// users kept between runs.
func demo(t *testing.T, state string, flags ...string) output {
	t.Helper()
	args := append([]string{"upsert", "--provider", "all", "--fake", "--fake-state", state}, flags...)
	return usersync(t, "", append(args, usersFile)...)
}

func TestDemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, err := readInput(options{file: usersFile, providers: providers()}, nil)
		require.NoError(t, err)
		require.Empty(t, texts(in.Problems), "add the columns to testdata/users.csv that the provider requires")
		state := filepath.Join(t.TempDir(), "state.json")

		first := demo(t, state, "--fake-429")
		assert.Equal(t, exitOK, first.status)
		users, sums, _ := strings.Cut(first.out, "\n\n")
		assert.Equal(t, 12*len(names()), strings.Count(users+"\n", "\n"))
		assert.Equal(t, 12*len(names()), strings.Count(users, "  created    "))
		for i, name := range names() {
			rateLimited := 0
			if i == 0 {
				rateLimited = 1
			}
			assert.Contains(t, sums, fmt.Sprintf("%-9s  12 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: %d\n", name, rateLimited))
		}
		assert.Equal(t, 1, strings.Count(first.err, "\n"))
		assert.Contains(t, first.err, "status=429")

		second := demo(t, state)
		assert.Equal(t, exitOK, second.status)
		for _, sum := range []string{
			"identifai  0 created, 9 updated, 3 unchanged, 0 failed, 0 not sent; 429 responses: 0\n",
			"partoo     0 created, 0 updated, 12 unchanged, 0 failed, 0 not sent; 429 responses: 0\n",
			"usercom    0 created, 12 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0\n",
		} {
			assert.Contains(t, second.out, sum)
		}
		assert.NotContains(t, second.out, "  created    ")
		assert.Empty(t, second.err)
		assert.ElementsMatch(t, idsIn(first.out), idsIn(second.out))
	})
}

// idsIn returns provider, line, id and email of each user, without the outcomes.
func idsIn(out string) []string {
	var all []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 6 && f[1] == "line" {
			all = append(all, strings.Join([]string{f[0], f[2], f[4], f[5]}, " "))
		}
	}
	return all
}

func TestOneRequestIsRejectedWhateverTheNumberOfUsers(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			input := "user_id\n" + strings.Join([]string{"1\n", "2\n", "3\n"}[:n], "")
			got := usersync(t, input, "upsert", "--provider", "usercom", "--fake", "--fake-429", "-")
			assert.Equal(t, exitOK, got.status)
			assert.Contains(t, got.out, "429 responses: 1\n")
		})
	}
}

// The file keeps the users of providers that are not selected, and empty lists, numbers
// beyond float64, and text.
func TestStateSurvives(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	partoo := lines("email,first_name,last_name,role,sidebar_pages,business_ids", "ada@example.com,Ada,Lovelace,BUSINESS_MANAGER,[],[]")
	usercom := lines(`{"user_id":"1","first_name":"Zoë","score":0,"attributes":{"big":9007199254740993,"half":0.5}}`)
	for _, want := range []string{"created", "unchanged"} {
		got := usersync(t, partoo, "upsert", "--provider", "partoo", "--fake", "--fake-state", state, "-")
		require.Equal(t, exitOK, got.status, got.err)
		assert.Contains(t, got.out, "1 "+want+",")
	}
	for _, want := range []string{"created", "updated"} {
		got := usersync(t, usercom, "upsert", "--provider", "usercom", "--fake", "--fake-state", state, "--format", "jsonl", "-")
		require.Equal(t, exitOK, got.status, got.err)
		assert.Contains(t, got.out, "1 "+want+",")
	}
	// A run with another user keeps the first.
	other := usersync(t, "user_id\n2\n", "upsert", "--provider", "usercom", "--fake", "--fake-state", state, "-")
	require.Equal(t, exitOK, other.status, other.err)
	data, err := os.ReadFile(state)
	require.NoError(t, err)
	var kept map[string][]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &kept))
	assert.Len(t, kept["partoo"], 1)
	assert.Len(t, kept["usercom"], 2)
	assert.Contains(t, string(data), "9007199254740993")
	assert.Contains(t, string(data), "Zoë")
}

func TestStateThatCannotBeWritten(t *testing.T) {
	state := filepath.Join(t.TempDir(), "no", "state.json")
	got := usersync(t, oneUser, "upsert", "--provider", "partoo", "--fake", "--fake-state", state, "-")
	assert.Equal(t, exitFailed, got.status)
	assert.Contains(t, got.out, "1 created")
	assert.Equal(t, "usersync: --fake-state: open "+state+": no such file or directory\n", got.err)
}
