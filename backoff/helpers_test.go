package backoff_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

const rtt = 100 * time.Millisecond

func newPacer(t testing.TB, config backoff.PacerConfig) *backoff.QuotaPacer {
	t.Helper()
	p, err := backoff.NewPacer(config)
	require.NoError(t, err)
	return p
}

func quotas(q ...backoff.Quota) backoff.PacerConfig {
	return backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Quotas: q}}}
}

// call sends one request until its status is neither 429 nor 503. respond is called half a
// round trip after the request was sent.
func call(ctx context.Context, p backoff.Pacer, respond func() (status int, retryAfter time.Duration)) error {
	ticket := p.Ticket("POST")
	for {
		if err := ticket.Wait(ctx, 0); err != nil {
			return err
		}
		time.Sleep(rtt / 2)
		status, retryAfter := respond()
		time.Sleep(rtt / 2)
		ticket.Done(status, retryAfter)
		if status != 429 && status != 503 {
			return nil
		}
	}
}

func ok() (int, time.Duration) { return 200, 0 }
