package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// bench is a run with fakes of the test. Every request and response is validated against
// the specs.
type bench struct {
	t        *testing.T
	run      *upsertRun
	args     []string
	out, err bytes.Buffer
}

// newBench parses flags as the command does, with --fake.
func newBench(t *testing.T, input string, args ...string) *bench {
	t.Helper()
	b := &bench{t: t, args: append([]string{"--fake"}, args...)}
	o, err := parseFlags(append(b.args, "-"))
	require.NoError(t, err)
	b.run = newUpsertRun(o, streams{in: strings.NewReader(input), out: &b.out, err: &b.err, signals: noSignals})
	return b
}

// at adds a provider. The statuses of faults are allowed in addition to those of the spec.
func (b *bench) at(p *provider, config clientConfig, fake *resttest.Server, allowed ...int) *bench {
	b.t.Helper()
	transport := spectest.Transport(b.t, p.name, fake, spectest.AllowStatus(allowed...))
	config.options = append(config.options, rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(b.t, transport)}))
	require.NoError(b.t, b.run.add(p, config))
	return b
}

func (b *bench) atPartoo(server *partootest.Server, allowed ...int) *bench {
	b.t.Helper()
	return b.at(partooProvider(), clientConfig{key: partootest.Key, options: server.Options()}, server.Server, allowed...)
}

func (b *bench) upsert(ctx context.Context) output {
	status := b.run.run(ctx, b.args)
	return output{status, b.out.String(), withoutFormat(b.err.String())}
}

// four contains users of Partoo on the lines 2, 3, 5 and 6.
const four = `email,first_name,last_name
ada@example.com,Ada,Lovelace
bea@example.com,"Bea B.",Brown

cy@example.com,Cy,Clark
dee@example.com,Dee,Dale
`

func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.AddUser(partootest.User{ID: "b", UserInput: partoo.UserInput{Email: "BEA@example.com", FirstName: "Bea B.", LastName: "Brown"}})
		server.AddUser(partootest.User{ID: "c", UserInput: partoo.UserInput{Email: "cy@example.com", FirstName: "Cyrus", LastName: "Clark"}})
		server.AddUser(partootest.User{ID: "d", UserInput: partoo.UserInput{Email: "dee@example.com", OrgID: new(int64(7))}}) // out of sight
		got := newBench(t, four, "--provider", "partoo", "--workers", "1").atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		const failed = "partoo     line 6  failed     -  dee@example.com  partoo: UpsertUser: POST /v2/user: 400 Bad Request: email: "
		printed := strings.Split(got.out, "\n")
		require.Len(t, printed, 9)
		assert.Equal(t, []string{
			"partoo     line 2  created    5309c3a237bbc54400000001  ada@example.com",
			"partoo     line 3  unchanged  b  bea@example.com",
			"partoo     line 5  updated    c  cy@example.com",
		}, printed[:3])
		assert.True(t, strings.HasPrefix(printed[3], failed), printed[3])
		assert.Equal(t, []string{
			"",
			"partoo     1 created, 1 updated, 1 unchanged, 1 failed, 0 not sent; 429 responses: 0",
			"",
			printed[3], // listed again
			"",
		}, printed[4:])
		assert.Empty(t, got.err)
	})
}

// The line of a user that was created, but not completely, says so.
func TestUpsertPartlyFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := usercomtest.NewServer()
		server.Fail(resttest.Status(422).On("POST /api/public/users/{id}/set_multiple_attributes/{$}"))
		input := lines("user_id,attributes", `4711,"{""plan"":""pro""}"`, `4712,"{""plan"":""pro""}"`)
		b := newBench(t, input, "--provider", "usercom", "--workers", "1")
		b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: server.Options()}, server.Server, 422)
		got := b.upsert(t.Context())
		assert.Equal(t, exitFailed, got.status)
		const failed = "usercom    line 2  failed     1  4711  created, but not complete: usercom: UpsertUser: POST /api/public/users/1/set_multiple_attributes/: 422 Unprocessable Entity: Unprocessable Entity (the user was upserted, but its custom attributes were not set)"
		assert.Equal(t, lines(
			failed,
			"usercom    line 3  created    2  4712",
			"",
			"usercom    1 created, 0 updated, 0 unchanged, 1 failed, 0 not sent; 429 responses: 0",
			"",
			failed,
		), got.out)
		assert.Len(t, server.Users(), 2)
	})
}

// A quota that is used up for an hour delays the run by an hour and fails no user.
func TestOneHourOf429sLosesNoUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Throttle("60").Repeat(60))
		b := newBench(t, four, "--provider", "partoo", "--quiet", "--max-outage", "2h").atPartoo(server, http.StatusTooManyRequests)
		start := time.Now()
		got := b.upsert(t.Context())
		assert.GreaterOrEqual(t, time.Since(start), time.Hour)
		assert.Equal(t, exitOK, got.status)
		assert.Equal(t, "partoo     4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 60\n", got.out)
		waits := strings.Split(strings.TrimSpace(got.err), "\n")
		require.Len(t, waits, 60)
		for _, text := range []string{"provider=partoo", "status=429", "wait=1m"} {
			assert.Contains(t, waits[0], text)
		}
		assert.Len(t, server.Users(), 4)
	})
}

// A run waits for ten minutes if the server asks for it, and fails no user.
func TestLongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Throttle("600"))
		start := time.Now()
		got := newBench(t, four, "--provider", "partoo", "--quiet").atPartoo(server, http.StatusTooManyRequests).upsert(t.Context())
		assert.GreaterOrEqual(t, time.Since(start), 10*time.Minute)
		assert.Equal(t, "partoo     4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 1\n", got.out)
	})
}

// Waits for other reasons are logged, and not counted as 429s.
func TestWaitsAfterOtherErrorsAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		server.Fail(resttest.Status(503).On("GET /v2/user/search"))
		got := newBench(t, four, "--provider", "partoo").atPartoo(server, http.StatusServiceUnavailable).upsert(t.Context())
		assert.Equal(t, exitOK, got.status)
		assert.Contains(t, got.out, "4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0\n")
		assert.Contains(t, got.err, "status=503")
	})
}

// If existing users cannot be listed, each user is looked up.
func TestListErrorFallsBackToLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		list := resttest.Status(403)
		list.Match = func(r *http.Request) bool { return r.Method == http.MethodGet && !r.URL.Query().Has("email") }
		server.Fail(list.Repeat(-1))
		got := newBench(t, four, "--provider", "partoo").atPartoo(server, http.StatusForbidden).upsert(t.Context())
		assert.Equal(t, exitOK, got.status)
		assert.Contains(t, got.out, "4 created, ")
		assert.Contains(t, got.err, "looking up each user separately")
		assert.Contains(t, got.err, "403 Forbidden")
	})
}

// The requests for the checked-in file match the specs, for new and for existing users.
func TestUsersFileAsSpecified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		identifai, partoo, usercom := identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()
		input, err := os.ReadFile(usersFile)
		require.NoError(t, err)
		for range 2 {
			b := newBench(t, string(input), "--provider", three).atPartoo(partoo)
			b.at(identifaiProvider(), clientConfig{key: identifaitest.Key, options: identifai.Options()}, identifai.Server)
			b.at(usercomProvider(), clientConfig{key: usercomtest.Key, options: usercom.Options()}, usercom.Server)
			got := b.upsert(t.Context())
			assert.Equal(t, exitOK, got.status, got.out)
			assert.Empty(t, got.err)
		}
		assert.Len(t, identifai.Users(), 12)
		assert.Len(t, partoo.Users(), 12)
		assert.Len(t, usercom.Users(), 12)
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestResultsThatCannotBeWritten(t *testing.T) {
	var log bytes.Buffer
	s := streams{in: strings.NewReader(oneUser), out: fullDisk{}, err: &log, signals: noSignals}
	c := command{args: []string{"upsert", "--provider", "partoo", "--fake", "-"}, streams: s, getenv: func(string) string { return "" }}
	status := c.run(t.Context())
	assert.Equal(t, exitFailed, status)
	assert.Equal(t, "usersync: writing the results: no space left\n", withoutFormat(log.String()))
}
