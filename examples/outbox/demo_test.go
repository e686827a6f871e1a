//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// TestMain runs as a worker process when the environment asks for it. Jobs of a
// killed worker are rescued sooner than in production.
func TestMain(m *testing.M) {
	if os.Getenv("OUTBOX_WORK") != "" {
		requestTimeout, jobTimeout, rescueAfter = time.Second, 5*time.Second, 5*time.Second
		main()
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // the tests wait most of the time
		panic(err)
	}
	os.Exit(m.Run())
}

// service is the service with its servers, the fakes and its workers.
type service struct {
	*servers
	identifai *identifaitest.Server
	partoo    *partootest.Server
	usercom   *usercomtest.Server
	pool      *pgxpool.Pool
	jobs      *river.Client[pgx.Tx]
}

// startService starts everything but the workers. It skips the test if a server is
// not installed.
func startService(t *testing.T) *service {
	t.Helper()
	s := &service{
		servers: startServers(t), identifai: identifaitest.NewServer(), partoo: partootest.NewServer(), usercom: usercomtest.NewServer(),
	}
	for _, fake := range []*resttest.Server{s.identifai.Server, s.partoo.Server, s.usercom.Server} {
		fake.Start()
		t.Cleanup(fake.Close)
	}
	var err error
	s.pool, err = pgxpool.New(t.Context(), s.databaseURL)
	require.NoError(t, err)
	t.Cleanup(s.pool.Close)
	require.NoError(t, migrate(t.Context(), s.pool))
	s.jobs, err = river.NewClient(riverpgxv5.New(s.pool), &river.Config{})
	require.NoError(t, err)
	return s
}

// startWorker starts a worker process, which ends with the test.
func (s *service) startWorker(t *testing.T) *exec.Cmd {
	t.Helper()
	worker := exec.Command(os.Args[0])
	worker.Env = append(os.Environ(), "OUTBOX_WORK=1", "DATABASE_URL="+s.databaseURL, "REDIS_ADDR="+s.redisAddr, "USERCOM_SUBDOMAIN=demo",
		"IDENTIFAI_BASE_URL="+s.identifai.URL, "IDENTIFAI_API_KEY="+identifaitest.Key,
		"PARTOO_BASE_URL="+s.partoo.URL+"/v2", "PARTOO_API_KEY="+partootest.Key,
		"USERCOM_BASE_URL="+s.usercom.URL+"/api/public", "USERCOM_API_KEY="+usercomtest.Key)
	worker.Stderr = os.Stderr
	require.NoError(t, worker.Start())
	t.Cleanup(func() {
		_ = worker.Process.Kill()
		_ = worker.Wait()
	})
	return worker
}

// TestDemo is what "make demo" shows: users are saved and changed while one provider
// is unavailable and one worker is killed.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := startService(t)
	t.Log("Partoo returns 503 to the first two requests. Two workers start; one is killed after a second.")
	s.partoo.Fail(resttest.Fault{Status: http.StatusServiceUnavailable, Times: 2})
	first := s.startWorker(t)
	s.startWorker(t)
	time.AfterFunc(time.Second, func() { _ = first.Process.Kill() })
	for _, u := range []User{
		{Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}, {Email: "grace@example.com", FirstName: "Grace", LastName: "Murray"},
		{Email: "alan@example.com", FirstName: "Alan", LastName: "Turing"},
	} {
		saved, err := SaveUser(t.Context(), s.pool, s.jobs, u)
		require.NoError(t, err)
		saved.LastName += " (changed)"
		_, err = SaveUser(t.Context(), s.pool, s.jobs, saved)
		require.NoError(t, err)
	}
	s.awaitDelivery(t, 2*time.Minute)
	require.NoError(t, report(t.Context(), s.pool, t.Output()))
	s.assertDelivered(t)
}

// awaitDelivery waits until every provider has the current version of every user.
func (s *service) awaitDelivery(t *testing.T, limit time.Duration) {
	t.Helper()
	defer func() {
		if t.Failed() {
			_ = report(context.WithoutCancel(t.Context()), s.pool, t.Output())
		}
	}()
	require.Eventually(t, func() bool {
		n := -1
		err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM users u CROSS JOIN unnest($1::text[]) p
			LEFT JOIN deliveries d ON d.user_id = u.id AND d.provider = p WHERE d.version IS DISTINCT FROM u.version`, providerNames).Scan(&n)
		return err == nil && n == 0
	}, limit, 100*time.Millisecond, "not delivered in time")
}

// assertDelivered checks that each provider has each user once, as the row is. A
// worker that lost its lock sends the row again, so that takes a moment.
func (s *service) assertDelivered(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { s.checkDelivered(t, c) }, time.Minute, 100*time.Millisecond)
}

func (s *service) checkDelivered(t *testing.T, c *assert.CollectT) {
	rows, err := s.pool.Query(t.Context(), `SELECT id, email, first_name, last_name, version FROM users ORDER BY email`)
	require.NoError(c, err)
	users, err := pgx.CollectRows(rows, pgx.RowToStructByPos[User])
	require.NoError(c, err)
	assert.Len(c, s.identifai.Users(), len(users))
	assert.Len(c, s.partoo.Users(), len(users))
	assert.Len(c, s.usercom.Users(), len(users))
	for _, u := range users {
		one, _ := s.identifai.User(u.Email)
		assert.Equal(c, u.FirstName+" "+u.LastName, one.Name)
		two, _ := s.partoo.User(u.Email)
		assert.Equal(c, u.LastName, two.LastName)
		three, _ := s.usercom.User(fmt.Sprint(u.ID))
		assert.Equal(c, u.LastName, three.LastName)
	}
}

// report prints the deliveries and the states of the jobs.
func report(ctx context.Context, pool *pgxpool.Pool, out io.Writer) error {
	for _, table := range []struct{ title, query string }{
		{"USER\tVERSION\tPROVIDER\tID\tOUTCOME", `SELECT u.first_name || ' ' || u.last_name, d.version::text, provider, remote_id, outcome
			FROM deliveries d JOIN users u ON u.id = d.user_id ORDER BY u.id, provider`},
		{"QUEUE\tJOB\tSTATE\tNUMBER", `SELECT queue, kind, state::text, count(*)::text FROM river_job GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`},
	} {
		rows, err := pool.Query(ctx, table.query)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, table.title)
		for _, line := range lines {
			for _, cell := range line {
				_, _ = fmt.Fprint(w, cell, "\t")
			}
			_, _ = fmt.Fprintln(w)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}
