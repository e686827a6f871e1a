package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

var bulkRounds = flag.Int("bulk", 1, "measure the throughput of bulk runs so many times")

const (
	bulkWorkers = 64
	bulkUsers   = 5000
)

// bulk sends users to a server through 64 workers.
type bulk func(t *testing.T, base string)

// tuned keeps a connection for each worker.
func tuned() *http.Transport { return &http.Transport{MaxIdleConnsPerHost: bulkWorkers} }

func ids() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range bulkUsers {
			if !yield(strconv.Itoa(i)) {
				return
			}
		}
	}
}

// stockBulk is the generated client as it comes, behind a plain loop of workers. Its
// requests have the headers of ours.
func stockBulk(hc func() *http.Client) bulk {
	return func(t *testing.T, base string) {
		client := hc()
		defer client.CloseIdleConnections()
		c, err := gen.NewClientWithResponses(base, gen.WithHTTPClient(client), gen.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Token "+usercomtest.Key)
			r.Header.Set("Accept", "application/json")
			r.Header.Set("User-Agent", "usersync-go/"+rest.Version())
			return nil
		}))
		require.NoError(t, err)
		work := make(chan string)
		var workers sync.WaitGroup
		for range bulkWorkers {
			workers.Go(func() {
				for id := range work {
					var body gen.UpdateOrCreateUserBody
					err := body.FromUpdateOrCreateUserRequest(gen.UpdateOrCreateUserRequest{UserID: &id, Email: new("ada@example.com"), FirstName: new("Ada")})
					if err != nil {
						t.Error(err)
					}
					resp, err := c.UpdateOrCreateUserWithResponse(t.Context(), body)
					if err != nil || resp.JSON200 == nil && resp.JSON201 == nil {
						t.Errorf("user %s: %v", id, err)
					}
				}
			})
		}
		for id := range ids() {
			work <- id
		}
		close(work)
		workers.Wait()
	}
}

// unpaced lets every request go.
type unpaced struct{}

func (unpaced) Ticket(string) backoff.Ticket                    { return unpaced{} }
func (unpaced) Handles429() bool                                { return false }
func (unpaced) Wait(ctx context.Context, _ time.Duration) error { return ctx.Err() }
func (unpaced) Done(int, time.Duration)                         {}

// ours is upsert.All on UpsertUser, without a limit to its patience.
func ours(option func() rest.Option) bulk {
	return func(t *testing.T, base string) {
		transport := tuned()
		defer transport.CloseIdleConnections()
		c, err := usercom.New("", usercomtest.Key, rest.WithBaseURL(base), rest.WithHTTPClient(&http.Client{Transport: transport}),
			rest.WithRetry(backoff.Policy{MaxWait: -1}), option())
		require.NoError(t, err)
		upsertOne := func(ctx context.Context, id string) (upsert.Result[int64], error) {
			return c.UpsertUser(ctx, usercom.UserInput{UserID: id, Email: "ada@example.com", FirstName: "Ada"})
		}
		n := 0
		for item := range upsert.All(t.Context(), ids(), upsertOne, upsert.WithWorkers(bulkWorkers)) {
			if item.Err != nil {
				t.Errorf("user %s: %v", item.User, item.Err)
			}
			n++
		}
		require.Equal(t, bulkUsers, n)
	}
}

var bulks = []struct {
	name string
	run  bulk
}{
	{"generated client, stock", stockBulk(func() *http.Client { return &http.Client{Transport: tuned()} })},
	{"usersync, pacing off", ours(func() rest.Option { return rest.WithPacer(unpaced{}) })},
	{"usersync, pacer on", ours(func() rest.Option { return rest.WithQuotas() })},
	{"generated client, Go's default transport", stockBulk(func() *http.Client {
		return &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	})},
	{"go-retryablehttp", stockBulk(func() *http.Client {
		c := retryablehttp.NewClient()
		c.HTTPClient, c.Logger = &http.Client{Transport: tuned()}, nil
		return c.StandardClient()
	})},
}

// bulkServers are the fake, without a quota, and one that does nothing: the cost of
// both is included, so the second shows more of the clients'.
var bulkServers = []struct {
	name  string
	start func() (base string, stop func())
}{
	{"the fake", func() (string, func()) {
		server := usercomtest.NewServer()
		server.Start()
		return server.URL + "/api/public", server.Close
	}},
	{"a bare handler", func() (string, func()) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"created":true,"id":1}`)
		}))
		return server.URL, server.Close
	}},
}

// TestBulkTable prints users per second through 64 workers over loopback, as ratios to
// the stock generated client: the median of rounds in which all take turns.
func TestBulkTable(t *testing.T) {
	for _, server := range bulkServers {
		ratios := make([][]float64, len(bulks))
		rates := make([][]float64, len(bulks))
		for round := range *bulkRounds {
			rate := make([]float64, len(bulks))
			for n := range bulks { // each is the first as often as the others
				i := (round + n) % len(bulks)
				base, stop := server.start()
				rate[i] = bulkRate(t, bulks[i].run, base)
				stop()
			}
			for i := range bulks {
				ratios[i], rates[i] = append(ratios[i], rate[i]/rate[0]), append(rates[i], rate[i])
			}
		}
		fmt.Printf("\n| 64 workers, %s | users per second, to the stock client's | users per second |\n|---|---:|---:|\n", server.name)
		for i, b := range bulks {
			fmt.Printf("| %s | %.2f | %.0f |\n", b.name, median(ratios[i]), median(rates[i]))
		}
	}
}

// bulkRate is how many users a second get through.
func bulkRate(t *testing.T, run bulk, base string) float64 {
	runtime.GC()
	begin := time.Now()
	run(t, base)
	return bulkUsers / time.Since(begin).Seconds()
}
