package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/bench/client"
	"github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/rest"
)

var rounds = flag.Int("rounds", 0, "measure the cost of one call so many times")

type user struct {
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Role      string `json:"role"`
}

type id struct {
	ID string `json:"id"`
}

var ada = user{"ada@example.com", "Ada", "Lovelace", "ORG_ADMIN"}

type sender func(ctx context.Context) (id, error)

// instant responds immediately, without a network.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"id":"1"}`)), ContentLength: 10,
	}, nil
}

func newRequest(ctx context.Context, base string) (*http.Request, error) {
	body, err := json.Marshal(ada)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/users", bytes.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

func decode(resp *http.Response, err error) (v id, _ error) {
	if err != nil {
		return v, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(data, &v)
}

// byHand sends with net/http alone.
func byHand(base string, rt http.RoundTripper) sender {
	c := &http.Client{Transport: rt}
	return func(ctx context.Context) (v id, _ error) {
		req, err := newRequest(ctx, base)
		if err != nil {
			return v, err
		}
		return decode(c.Do(req))
	}
}

func newClient(base string, rt http.RoundTripper, options ...rest.Option) (*rest.Client, error) {
	return rest.NewClient(rest.Provider{Name: "bench", BaseURL: base, Header: "X-Api-Key"}, "key",
		append(options, rest.WithHTTPClient(&http.Client{Transport: rt}))...)
}

// everyOption has two quotas that are never reached, limits, a share and a
// logger that is not listened to.
func everyOption() []rest.Option {
	return []rest.Option{
		rest.WithTimeout(time.Minute), rest.WithResponseLimit(1 << 20), rest.WithShare(2),
		rest.WithRetry(backoff.Policy{MaxWait: time.Minute}), rest.WithLogger(slog.New(slog.DiscardHandler)),
		rest.WithQuotas(backoff.QuotaSet{Quotas: []backoff.Quota{{N: 1 << 20, Per: time.Microsecond}, {N: 1 << 19, Per: time.Millisecond}}}),
	}
}

// generated calls through the generated client, on its own or on our stack.
func generated(base string, doer partoo.HttpRequestDoer) sender {
	c, err := partoo.NewClientWithResponses(base, partoo.WithHTTPClient(doer))
	if err != nil {
		panic(err)
	}
	return func(ctx context.Context) (v id, _ error) {
		resp, err := c.CreateUserWithResponse(ctx, partoo.CreateUserRequest{
			Email: ada.Email, FirstName: ada.FirstName, LastName: ada.LastName, Role: new(partoo.Role(ada.Role)),
		})
		if err != nil {
			return v, err
		}
		return v, json.Unmarshal(resp.Body, &v)
	}
}

func stock(base string, rt http.RoundTripper) sender {
	return generated(base, &http.Client{Transport: rt})
}

func stacked(base string, rt http.RoundTripper) sender {
	c, err := newClient(base, rt)
	if err != nil {
		panic(err)
	}
	return generated(base, c)
}

func stackedFull(base string, rt http.RoundTripper) sender {
	c, err := newClient(base, rt, everyOption()...)
	if err != nil {
		panic(err)
	}
	send := generated(base, c)
	return func(ctx context.Context) (id, error) {
		return send(rest.WithCall(ctx, rest.Call{Operation: "UpsertUser", Idempotent: true, Secrets: []rest.Secret{"password"}}))
	}
}

func retryable(base string, rt http.RoundTripper) sender {
	c := retryablehttp.NewClient()
	c.HTTPClient, c.Logger = &http.Client{Transport: rt}, nil
	return func(ctx context.Context) (v id, _ error) {
		req, err := newRequest(ctx, base)
		if err != nil {
			return v, err
		}
		r, err := retryablehttp.FromRequest(req)
		if err != nil {
			return v, err
		}
		return decode(c.Do(r))
	}
}

func openAI(base string, rt http.RoundTripper) sender {
	c := openai.NewClient(option.WithBaseURL(base), option.WithAPIKey("key"), option.WithHTTPClient(&http.Client{Transport: rt}))
	return func(ctx context.Context) (v id, err error) {
		return v, c.Post(ctx, "users", ada, &v)
	}
}

var senders = []struct {
	name  string
	build func(base string, rt http.RoundTripper) sender
}{
	{"net/http", byHand},
	{"generated client, stock", stock},
	{"usersync", stacked},
	{"usersync, every option", stackedFull},
	{"go-retryablehttp", retryable},
	{"openai-go", openAI},
}

// BenchmarkMemory sends without a network, BenchmarkLoopback to a server in this
// process, whose cost is included.
func BenchmarkMemory(b *testing.B) {
	for _, s := range senders {
		b.Run(s.name, func(b *testing.B) { measure(b, s.build(client.URL, instant{})) })
	}
}

func BenchmarkLoopback(b *testing.B) {
	server := loopback()
	b.Cleanup(server.Close)
	for _, s := range senders {
		b.Run(s.name, func(b *testing.B) { measure(b, s.build(server.URL, &http.Transport{MaxIdleConnsPerHost: 64})) })
	}
}

func loopback() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, `{"id":"1"}`)
	}))
}

// TestCostTable prints what a call costs as ratios to net/http, the median of
// rounds in which all take turns.
func TestCostTable(t *testing.T) {
	if *rounds == 0 {
		t.Log("-rounds measures the cost of one call")
		return
	}
	server := loopback()
	defer server.Close()
	for _, place := range []string{"memory", "loopback"} {
		times := make([][]float64, len(senders))
		results := make([]testing.BenchmarkResult, len(senders))
		for range *rounds {
			var base float64
			for i, s := range senders {
				rt, url := http.RoundTripper(instant{}), client.URL
				if place == "loopback" {
					rt, url = &http.Transport{MaxIdleConnsPerHost: 64}, server.URL
				}
				send := s.build(url, rt)
				results[i] = testing.Benchmark(func(b *testing.B) { measure(b, send) })
				require.NotZero(t, results[i].N, s.name)
				ns := float64(results[i].T.Nanoseconds()) / float64(results[i].N)
				if i == 0 {
					base = ns
				}
				times[i] = append(times[i], ns/base)
			}
		}
		fmt.Printf("\n| %s | time | B | allocations | ns/op of the last round |\n|---|---:|---:|---:|---:|\n", place)
		for i, s := range senders {
			r, by := results[i], results[0]
			fmt.Printf("| %s | %.2f | %.2f (%+d) | %.2f (%+d) | %d |\n", s.name, median(times[i]),
				float64(r.AllocedBytesPerOp())/float64(by.AllocedBytesPerOp()), r.AllocedBytesPerOp()-by.AllocedBytesPerOp(),
				float64(r.AllocsPerOp())/float64(by.AllocsPerOp()), r.AllocsPerOp()-by.AllocsPerOp(), r.NsPerOp())
		}
	}
}

func measure(b *testing.B, send sender) {
	b.ReportAllocs()
	for b.Loop() {
		if v, err := send(b.Context()); err != nil || v.ID != "1" {
			b.Fatal(v, err)
		}
	}
}

// The ceiling of what our stack adds to the stock generated client.
func TestCostCeiling(t *testing.T) {
	cost := func(send sender) (allocs, bytes float64) {
		r := testing.Benchmark(func(b *testing.B) { measure(b, send) })
		require.NotZero(t, r.N)
		return float64(r.AllocsPerOp()), float64(r.AllocedBytesPerOp())
	}
	baseAllocs, baseBytes := cost(stock(client.URL, instant{}))
	for _, s := range senders[2:4] {
		allocs, bytes := cost(s.build(client.URL, instant{}))
		t.Logf("%s: %+.0f allocations, %+.0f bytes over the stock generated client", s.name, allocs-baseAllocs, bytes-baseBytes)
		assert.LessOrEqual(t, allocs-baseAllocs, 14.0, s.name)
		assert.LessOrEqual(t, bytes-baseBytes, 1500.0, s.name)
	}
}
