package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/identifaitest"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercomtest"
)

// against is a run at one fake, with every request and answer held against the
// specification. allowed are the statuses of faults.
func against(t *testing.T, p provider, door access, fake *resttest.Server, log *bytes.Buffer, allowed ...int) upsertRun {
	t.Helper()
	transport := spectest.Transport(t, p.title(), fake, spectest.AllowStatus(allowed...))
	door.options = append(door.options, rest.WithHTTPClient(&http.Client{Transport: transport}))
	to, err := connect(p, door, log)
	require.NoError(t, err)
	return upsertRun{targets: []target{to}}
}

func againstPartoo(t *testing.T, server *partootest.Server, log *bytes.Buffer, allowed ...int) upsertRun {
	t.Helper()
	return against(t, partooTable(), access{key: partootest.Key, options: server.Options()}, server.Server, log, allowed...)
}

// four are users of Partoo on the lines 2, 3, 5 and 6.
const four = `email,first_name,last_name
ada@example.com,Ada,Lovelace
bea@example.com,"Bea
B.",Brown
cy@example.com,Cy,Clark
dee@example.com,Dee,Dale
`

func rowsFor(t *testing.T, provider, input string) []row {
	t.Helper()
	rows, found := checked(t, provider, "csv", input)
	require.Empty(t, texts(found))
	return rows
}

func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.AddUser(partoo.User{ID: "b", Email: "BEA@example.com", FirstName: new("Bea\nB."), LastName: new("Brown")})
		server.AddUser(partoo.User{ID: "c", Email: "cy@example.com", FirstName: new("Cyrus"), LastName: new("Clark")})
		server.AddUser(partoo.User{ID: "d", Email: "dee@example.com", OrgID: new(int64(7))}) // out of sight
		var out, log bytes.Buffer
		run := againstPartoo(t, server, &log)
		status := run.upsert(t.Context(), rowsFor(t, "partoo", four), streams{out: &out, err: &log}, false)
		assert.Equal(t, exitFailed, status)
		const failed = "partoo     line 6  failed     -  dee@example.com  partoo: UpsertUser: POST /v2/user: 400 Bad Request: email: "
		printed := strings.Split(out.String(), "\n")
		require.Len(t, printed, 9)
		assert.Equal(t, []string{
			"partoo     line 2  created    5309c3a237bbc54400000001  ada@example.com",
			"partoo     line 3  unchanged  b  bea@example.com",
			"partoo     line 5  updated    c  cy@example.com",
		}, printed[:3])
		assert.True(t, strings.HasPrefix(printed[3], failed), printed[3])
		assert.Equal(t, []string{
			"",
			"partoo     1 created, 1 updated, 1 unchanged, 1 failed, 0 not sent; waits after a 429: 0",
			"",
			printed[3], // listed again
			"",
		}, printed[4:])
		assert.Empty(t, log.String())
	})
}

// The user exists although a part of it failed, and the line says so.
func TestHalfDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.Fail(resttest.Status(500).On("POST /api/public/users/{id}/set_multiple_attributes/{$}"))
		var out, log bytes.Buffer
		run := against(t, usercomTable(), access{key: usercomtest.Key, options: server.Options()}, server.Server, &log, 500)
		rows := rowsFor(t, "usercom", lines("user_id,attributes", `4711,"{""plan"":""pro""}"`, `4712,"{""plan"":""pro""}"`))
		assert.Equal(t, exitFailed, run.upsert(t.Context(), rows, streams{out: &out, err: &log}, false))
		const failed = "usercom    line 2  failed     1  4711  created, but not complete: usercom: UpsertUser: POST /api/public/users/1/set_multiple_attributes/: 500 Internal Server Error: Internal Server Error"
		assert.Equal(t, lines(
			failed,
			"usercom    line 3  created    2  4712",
			"",
			"usercom    1 created, 0 updated, 0 unchanged, 1 failed, 0 not sent; waits after a 429: 0",
			"",
			failed,
		), out.String())
		assert.Len(t, server.Users(), 2)
	})
}

func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		slow := resttest.Fault{Delay: time.Minute, Match: func(r *http.Request) bool { return r.URL.Query().Get("email") == "bea@example.com" }}
		server.Fail(slow)
		ctx, interrupt := context.WithTimeout(t.Context(), time.Second)
		defer interrupt()
		var out, log bytes.Buffer
		run := againstPartoo(t, server, &log)
		start := time.Now()
		assert.Equal(t, exitFailed, run.upsert(ctx, rowsFor(t, "partoo", four), streams{out: &out, err: &log}, false))
		assert.Equal(t, time.Second, time.Since(start))
		const failed = "partoo     line 3  failed     -  bea@example.com  partoo: UpsertUser: GET /v2/user/search: context deadline exceeded"
		assert.Equal(t, lines(
			"partoo     line 2  created    5309c3a237bbc54400000001  ada@example.com",
			failed,
			"",
			"partoo     1 created, 0 updated, 0 unchanged, 1 failed, 2 not sent; waits after a 429: 0",
			"",
			failed,
			"",
			"partoo     2 users not sent, from line 5 on: interrupted",
		), out.String())
		assert.Len(t, server.Users(), 1)
	})
}

// A user who waits for its turn under the quota has not been sent.
func TestInterruptInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(150*time.Second, interrupt)
		var out, log bytes.Buffer
		quota := rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 1, Per: time.Minute}}})
		door := access{key: partootest.Key, options: append(server.Options(), quota)}
		run := against(t, partooTable(), door, server.Server, &log)
		assert.Equal(t, exitFailed, run.upsert(ctx, rowsFor(t, "partoo", four), streams{out: &out, err: &log}, false))
		assert.Equal(t, lines(
			"partoo     line 2  created    5309c3a237bbc54400000001  ada@example.com",
			"",
			"partoo     1 created, 0 updated, 0 unchanged, 0 failed, 3 not sent; waits after a 429: 0",
			"",
			"partoo     3 users not sent, from line 3 on: interrupted",
		), out.String())
		assert.Len(t, server.Users(), 1)
	})
}

func TestInterruptBeforeTheFirstUser(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	got := usersyncIn(ctx, nil, "user_id,email,first_name,last_name\n1,ada@example.com,Ada,Lovelace\n", "upsert", "-provider", "usercom", "-fake", "-")
	assert.Equal(t, output{exitFailed, lines(
		"",
		"usercom    0 created, 0 updated, 0 unchanged, 0 failed, 1 not sent; waits after a 429: 0",
		"",
		"usercom    1 user not sent, from line 2 on: interrupted",
	), ""}, got)
}

// A quota that stays used up for an hour costs an hour, and no user.
func TestLongThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Throttle("60").Repeat(60))
		var out, log bytes.Buffer
		run := againstPartoo(t, server, &log, http.StatusTooManyRequests)
		start := time.Now()
		assert.Equal(t, exitOK, run.upsert(t.Context(), rowsFor(t, "partoo", four), streams{out: &out, err: &log}, false))
		assert.GreaterOrEqual(t, time.Since(start), time.Hour)
		assert.Contains(t, out.String(), "4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; waits after a 429: 60\n")
		waits := strings.Split(strings.TrimSpace(log.String()), "\n")
		require.Len(t, waits, 60)
		for _, text := range []string{"provider=partoo", "operation=UpsertUser", "status=429", "wait=1m"} {
			assert.Contains(t, waits[0], text)
		}
		assert.Len(t, server.Users(), 4)
	})
}

// Waits for other reasons are logged, and not counted as 429s.
func TestOtherWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Status(503).On("GET /v2/user/search"))
		var out, log bytes.Buffer
		run := againstPartoo(t, server, &log, http.StatusServiceUnavailable)
		assert.Equal(t, exitOK, run.upsert(t.Context(), rowsFor(t, "partoo", four), streams{out: &out, err: &log}, false))
		assert.Contains(t, out.String(), "4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; waits after a 429: 0\n")
		assert.Contains(t, log.String(), "status=503")
	})
}

// What the checked-in file makes the clients send is what the specifications want,
// when users are created and when they are updated.
func TestUsersFileAsSpecified(t *testing.T) {
	identifai, partoo, usercom := identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()
	input, err := os.ReadFile(usersFile)
	require.NoError(t, err)
	var out, log bytes.Buffer
	for range 2 {
		run := upsertRun{targets: slices.Concat(
			against(t, identifaiTable(), access{key: identifaitest.Key, options: identifai.Options()}, identifai.Server, &log).targets,
			againstPartoo(t, partoo, &log).targets,
			against(t, usercomTable(), access{key: usercomtest.Key, options: usercom.Options()}, usercom.Server, &log).targets,
		)}
		assert.Equal(t, exitOK, run.upsert(t.Context(), rowsFor(t, "all", string(input)), streams{out: &out, err: &log}, false))
	}
	assert.Empty(t, log.String())
	assert.Len(t, identifai.Users(), 12)
	assert.Len(t, partoo.Users(), 12)
	assert.Len(t, usercom.Users(), 12)
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestResultsThatCannotBeWritten(t *testing.T) {
	var log bytes.Buffer
	status := run(t.Context(), []string{"upsert", "-provider", "partoo", "-fake", "-"}, strings.NewReader(oneUser), fullDisk{}, &log, func(string) string { return "" })
	assert.Equal(t, exitFailed, status)
	assert.Equal(t, "usersync: writing the results: no space left\n", log.String())
}
