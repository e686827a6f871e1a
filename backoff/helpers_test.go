package backoff_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

const trip = 100 * time.Millisecond

func newPacer(t testing.TB, config backoff.PacerConfig) *backoff.QuotaPacer {
	t.Helper()
	p, err := backoff.NewPacer(config)
	require.NoError(t, err)
	return p
}

func quotas(q ...backoff.Quota) backoff.PacerConfig {
	return backoff.PacerConfig{Quotas: []backoff.QuotaSet{{Quotas: q}}}
}

// call sends one request that the server answers after a round trip, until it is
// not refused.
func call(ctx context.Context, p backoff.Pacer, answer func() (int, time.Duration)) error {
	turn := p.Ticket("POST")
	for {
		if err := turn.Wait(ctx, 0); err != nil {
			return err
		}
		time.Sleep(trip / 2)
		status, wish := answer()
		time.Sleep(trip / 2)
		turn.Done(status, wish)
		if status != 429 {
			return nil
		}
	}
}

func ok() (int, time.Duration) { return 200, 0 }
