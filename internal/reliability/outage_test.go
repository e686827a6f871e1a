package reliability

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

const (
	outageStart = time.Second
	// maxRecovery is how long after an outageKind a run may take to continue.
	maxRecovery = time.Minute
)

// outageUsers returns the number of users of a run. They need longer than outageStart
// without an outage.
func outageUsers() int {
	if *report {
		return 1_000
	}
	return 200
}

// outageKind is what a service does while it is unavailable.
type outageKind struct {
	name string
	// respond replaces the transport. next executes the request.
	respond func(r *http.Request, next http.RoundTripper) (*http.Response, error)
	// retryAfter is how much longer the run may wait.
	retryAfter time.Duration
	// isRateLimit is set if the pacer learns a limit where no quota is documented. It
	// takes minutes to raise it again.
	isRateLimit bool
}

func outages() []outageKind {
	fails := func(name string, err error) outageKind {
		return outageKind{name: name, respond: func(*http.Request, http.RoundTripper) (*http.Response, error) { return nil, err }}
	}
	returns := func(name string, retryAfter time.Duration, fault resttest.Fault) outageKind {
		server := resttest.NewServer("outage", nil)
		server.Fail(fault.Repeat(-1))
		return outageKind{name, func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
			return direct{server}.RoundTrip(r)
		}, retryAfter, fault.Status == http.StatusTooManyRequests}
	}
	list := []outageKind{
		fails("connection refused", &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}),
		fails("connection reset", &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}),
		fails("unknown host", &net.DNSError{Err: "no such host", Name: "api.test", IsNotFound: true}),
		fails("bad certificate", &tls.CertificateVerificationError{Err: errors.New("x509: certificate has expired")}),
		{name: "response lost after execution", respond: func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			_ = resp.Body.Close()
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		}},
		returns("HTML page with status 200", 0, resttest.HTML(200)),
		returns("429 with Retry-After", 15*time.Second, resttest.Throttle("15")),
	}
	for _, status := range []int{408, 500, 502, 503, 504, 520, 530} {
		list = append(list, returns(strconv.Itoa(status), 0, resttest.Status(status)))
	}
	maintenance := resttest.HTML(503)
	maintenance.Header.Set("Retry-After", "20")
	return append(list, returns("503 with Retry-After", 20*time.Second, maintenance))
}

// outageTransport is a transport with an outage.
type outageTransport struct {
	next     http.RoundTripper
	respond  func(*http.Request, http.RoundTripper) (*http.Response, error)
	from, to time.Time
}

func (u outageTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if now := time.Now(); now.Before(u.from) || !now.Before(u.to) {
		return u.next.RoundTrip(r)
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	resp, err := u.respond(r, u.next)
	_ = r.Body.Close()
	return resp, err
}

// bulkRun is a run of new users at one provider.
type bulkRun struct {
	server *resttest.Server
	// all upserts users with the indexes below n.
	all    func(ctx context.Context, n int, transport http.RoundTripper, opts ...upsert.Option) iter.Seq[error]
	stored func() int // users in the fake
}

// errorsOf returns the errors of a run.
func errorsOf[T, R any](items iter.Seq[upsert.Item[T, R]]) iter.Seq[error] {
	return func(yield func(error) bool) {
		for item := range items {
			if !yield(item.Err) {
				return
			}
		}
	}
}

// inputs returns n users.
func inputs[T any](n int, user func(int) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range n {
			if !yield(user(i)) {
				return
			}
		}
	}
}

func bulkRuns(t *testing.T) map[string]func() bulkRun {
	through := func(server *resttest.Server, path string, transport http.RoundTripper, quotas rest.Option) []rest.Option {
		return []rest.Option{rest.WithBaseURL(server.URL + path), rest.WithHTTPClient(&http.Client{Transport: transport}), quotas}
	}
	return map[string]func() bulkRun{
		"identifai": func() bulkRun {
			server := identifaitest.NewServer()
			return bulkRun{server: server.Server, stored: func() int { return len(server.Users()) },
				all: func(ctx context.Context, n int, transport http.RoundTripper, opts ...upsert.Option) iter.Seq[error] {
					client, err := identifai.New(identifaitest.Key, through(server.Server, "", transport, rest.WithQuotas(identifai.Quotas()...))...)
					require.NoError(t, err)
					return errorsOf(upsert.All(ctx, inputs(n, func(i int) identifai.UserInput {
						return identifai.UserInput{Name: nth(i), Email: emailOf(i), Heuristic: "Average", PricingID: 1}
					}), client.UpsertUser, opts...))
				}}
		},
		"partoo": func() bulkRun {
			server := partootest.NewServer()
			return bulkRun{server: server.Server, stored: func() int { return len(server.Users()) - partooPresent },
				all: func(ctx context.Context, n int, transport http.RoundTripper, opts ...upsert.Option) iter.Seq[error] {
					client, err := partoo.New(partootest.Key, through(server.Server, "/v2", transport, rest.WithQuotas(partoo.Quotas()...))...)
					require.NoError(t, err)
					return errorsOf(upsert.All(ctx, inputs(n, func(i int) partoo.UserInput {
						return partoo.UserInput{Email: emailOf(i), FirstName: nth(i), LastName: nth(i), Role: partoo.RolePublisher}
					}), client.UpsertUser, opts...))
				}}
		},
		"usercom": func() bulkRun {
			server := usercomtest.NewServer()
			return bulkRun{server: server.Server, stored: func() int { return len(server.Users()) },
				all: func(ctx context.Context, n int, transport http.RoundTripper, opts ...upsert.Option) iter.Seq[error] {
					client, err := usercom.New("", usercomtest.Key, through(server.Server, "/api/public", transport, rest.WithQuotas())...)
					require.NoError(t, err)
					return errorsOf(upsert.All(ctx, inputs(n, func(i int) usercom.UserInput {
						return usercom.UserInput{UserID: nth(i), Email: emailOf(i)}
					}), client.UpsertUser, opts...))
				}}
		},
	}
}

// partooPresent is the number of users of a new fake of Partoo.
var partooPresent = len(partootest.NewServer().Users())

// outageResult is the result of a run with an outage.
type outageResult struct {
	failed, requests int
	took             time.Duration
}

// runThrough upserts all users while the service is unavailable from outageStart on.
func runThrough(t *testing.T, b bulkRun, o outageKind, duration time.Duration, opts ...upsert.Option) outageResult {
	start := time.Now()
	transport := outageTransport{latency{direct{b.server}}, o.respond, start.Add(outageStart), start.Add(outageStart + duration)}
	var r outageResult
	for err := range b.all(t.Context(), outageUsers(), transport, opts...) {
		if err != nil {
			r.failed++
			assert.NoError(t, err)
		}
	}
	r.took, r.requests = time.Since(start), len(b.server.Requests())
	return r
}

// requestTime is how much of its quota a write takes at a provider. Requests that the
// server executed during an outage count.
var requestTime = map[string]time.Duration{"identifai": 2 * time.Second, "partoo": 200 * time.Millisecond}

// No user fails because of an outage, none is created twice, and the run continues soon
// after it.
func TestOutages(t *testing.T) {
	for provider, newRun := range bulkRuns(t) {
		var usual outageResult
		synctest.Test(t, func(t *testing.T) { usual = runThrough(t, newRun(), outageKind{}, 0) })
		for _, duration := range []time.Duration{time.Minute, 10 * time.Minute} {
			var worst atomic.Int64
			kinds := outages()
			t.Run(fmt.Sprint(provider, " ", duration), func(t *testing.T) {
				for _, o := range kinds {
					t.Run(o.name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							b := newRun()
							r := runThrough(t, b, o, duration)
							assert.Zero(t, r.failed, "users that failed")
							assert.Equal(t, outageUsers(), b.stored(), "users in the fake")
							assert.Greater(t, r.took, outageStart+duration, "the outage affects the run")
							quota := time.Duration(max(r.requests-usual.requests, 0)) * requestTime[provider]
							if o.isRateLimit && requestTime[provider] == 0 {
								return
							}
							late := r.took - duration - usual.took - quota - o.retryAfter
							assert.LessOrEqual(t, late, maxRecovery, "the run continues soon")
							worst.Store(max(worst.Load(), int64(late)))
						})
					})
				}
				figure(t, fmt.Sprintf("%d users at %s, %d kinds of outages of %v: failed, created twice, latest end after the outage, Retry-After and the usual time", outageUsers(), provider, len(kinds), duration),
					"0, 0, %v", time.Duration(worst.Load()).Round(time.Second))
			})
		}
	}
}

// Real Laravel responds with 503 in maintenance mode, with Retry-After only if it is
// configured.
func TestMaintenanceModeDuringCreates(t *testing.T) {
	for _, retryAfter := range []string{"", "10"} {
		synctest.Test(t, func(t *testing.T) {
			page := resttest.Status(503)
			if retryAfter != "" {
				page.Header.Set("Retry-After", retryAfter)
			}
			server := resttest.NewServer("maintenance", nil)
			server.Fail(page.Repeat(-1))
			b := bulkRuns(t)["identifai"]()
			start := time.Now()
			transport := outageTransport{direct{b.server}, func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
				return direct{server}.RoundTrip(r)
			}, start.Add(outageStart), start.Add(outageStart + 20*time.Second)}
			for err := range b.all(t.Context(), 40, transport) {
				assert.NoError(t, err)
			}
			assert.Equal(t, 40, b.stored())
		})
	}
}

// A process that is killed during an outage leaves a journal with which the run
// continues: no user is lost, and none is created twice.
func TestKillDuringOutageAndResume(t *testing.T) {
	const users = 300
	for provider, newRun := range bulkRuns(t) {
		t.Run(provider, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				b := newRun()
				start := time.Now()
				transport := outageTransport{latency{direct{b.server}}, outages()[0].respond, start.Add(2 * time.Second), start.Add(5 * time.Minute)}
				running, kill := context.WithCancel(t.Context())
				defer kill()
				first := openJournal(t, dir+"/first", provider)
				time.AfterFunc(time.Minute, func() {
					// What the operating system keeps of the file.
					content, err := os.ReadFile(dir + "/first")
					assert.NoError(t, err)
					assert.NoError(t, os.WriteFile(dir+"/killed", content, 0o600))
					kill()
				})
				for range b.all(running, users, transport, upsert.WithJournal(first)) {
				}
				require.NoError(t, first.Close())
				require.Less(t, b.stored(), users)

				time.Sleep(5 * time.Minute)
				before := len(b.server.Requests())
				resumed := openJournal(t, dir+"/killed", provider)
				defer func() { assert.NoError(t, resumed.Close()) }()
				done := resumed.Len()
				assert.Positive(t, done)
				for err := range b.all(t.Context(), users, transport, upsert.WithJournal(resumed)) {
					require.NoError(t, err)
				}
				assert.Equal(t, users, b.stored())
				assert.LessOrEqual(t, len(b.server.Requests())-before, 2*(users-done)+1, "recorded users are not sent again")
			})
		})
	}
}

func openJournal(t *testing.T, path, provider string) *upsert.Journal {
	t.Helper()
	journal, err := upsert.OpenJournal(path, upsert.JournalHeader{Provider: provider, Input: "test"})
	require.NoError(t, err)
	return journal
}
