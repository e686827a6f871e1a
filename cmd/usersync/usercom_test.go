package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

const usercomRows = "user_id,email,first_name\n1,ada@example.com,Ada\n2,bob@example.com,Bob\n3,cy@example.com,Cy\n4,di@example.com,Di\n"

func TestUsercomWrongVersionEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer(usercomtest.WithDefaultVersion(2))
		b := newBench(t, usercomRows, "--provider", "usercom", "--failed", "/dev/null")
		b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: server.Options()}, server.Server)
		got := b.upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, "usercom    4 users not sent: usercom: a second upsert of the same user was")
		assert.Contains(t, got.out, "ids 1 and 2; delete one of them and try version 2 of the API")
		assert.Len(t, server.Users(), 2, "one user twice, no other user")
	})
}

func TestUsercomGuardChecksOneUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		b := newBench(t, usercomRows, "--provider", "usercom", "--failed", "/dev/null")
		b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: server.Options()}, server.Server)
		got := b.upsert(t.Context())
		assert.Equal(t, exitOK, got.status, got.err)
		assert.Len(t, server.Users(), 4)
		assert.Len(t, server.Requests(), 5)
	})
}

func TestUsercomVersionFromEnvironment(t *testing.T) {
	long := strings.Repeat("x", 41)
	rows := "user_id,email,first_name,tags\n1,ada@example.com,Ada,vip;beta\n"
	env := func(version string) map[string]string { return map[string]string{"USERCOM_API_VERSION": version} }
	for _, tt := range []struct {
		name, version, rows string
		status              int
		want                string
	}{
		{"2, tags", "2", rows, exitOK, "1 created"},
		{"1, tags", "1", rows, exitUsage, "tags: need version 2 of the API"},
		{"2, long name", "2", strings.Replace(rows, "Ada", long, 1), exitUsage, "first_name: must have at most 40 characters"},
		{"1, long name", "1", "user_id,first_name\n1," + long + "\n", exitOK, "1 created"},
		{"none, long name", "", "user_id,first_name\n1," + long + "\n", exitOK, "1 created"},
		{"unknown", "3", rows, exitUsage, "WithVersion: 3, want 1 or 2"},
		{"not a number", "two", rows, exitUsage, "WithVersion: 0, want 1 or 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := usersyncIn(t.Context(), env(tt.version), tt.rows, "upsert", "--provider", "usercom", "--fake", "-")
			assert.Equal(t, tt.status, got.status, got.err)
			assert.Contains(t, got.out+got.err, tt.want)
		})
	}
}

func TestUsercomVersion2SendsTags(t *testing.T) {
	server := usercomtest.NewServer(usercomtest.WithDefaultVersion(1))
	b := newBench(t, "user_id,tags\n1,vip;beta\n", "--provider", "usercom", "--failed", "/dev/null")
	p := b.run.options.providers[0]
	fakes := &fakes{servers: map[string]fake{"usercom": {config: clientConfig{key: usercomtest.Key, options: server.Options()}}}}
	configs, err := configsFromEnv([]*provider{p}, fakes, func(name string) string { return map[string]string{"USERCOM_API_VERSION": "2"}[name] })
	require.NoError(t, err)
	b.at(p, configs[0], server.Server)
	require.Equal(t, exitOK, b.upsert(t.Context()).status)
	assert.Equal(t, []usercomtest.User{{ID: 1, UserInput: usercom.UserInput{UserID: "1", Tags: []string{"vip", "beta"}}}}, server.Users())
}

func TestUsercomJSONReportsCompletedPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.Fail(resttest.Status(422).On("POST /api/public/users/{id}/set_multiple_attributes/{$}"))
		b := newBench(t, "user_id,attributes\n4711,\"{\"\"plan\"\":\"\"pro\"\"}\"\n", "--provider", "usercom", "--json", "--failed", "/dev/null")
		b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: server.Options()}, server.Server, 422)
		got := b.upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		assert.Contains(t, got.out, `"outcome":"failed"`)
		assert.Contains(t, got.out, `"id":"1"`)
		assert.Contains(t, got.out, `"executed":"yes","completed":"user created"`)
	})
}
