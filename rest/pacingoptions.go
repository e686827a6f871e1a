package rest

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/usersync/usersync/backoff"
)

// sharedPacers contains one pacer for each key that this process uses: a quota
// belongs to the key, and all clients with the key share it.
var sharedPacers backoff.Registry

// pacingOptions are the values of the pacing options.
type pacingOptions struct {
	pacer     backoff.Pacer
	quotas    []backoff.QuotaSet
	quotasSet bool // quotas replace the provider's
	share     int
}

// WithPacer uses p instead of a pacer with the provider's quotas: to share, observe
// or replace it. The last of WithPacer and WithQuotas wins. WithShare cannot be
// combined with WithPacer. If p does not handle 429s ([backoff.Pacer]), each call
// also waits on its own after a 429.
func WithPacer(p backoff.Pacer) Option {
	return func(s *settings) error {
		if p == nil {
			return errors.New("WithPacer: the pacer is nil")
		}
		s.pacing.pacer = p
		s.pacing.quotas, s.pacing.quotasSet = nil, false
		return nil
	}
}

// WithQuotas replaces the documented quotas of the provider by those of this key.
// Without arguments no quota is assumed: requests are sent immediately, at most
// [backoff.DefaultMaxInFlight] at the same time, and limits are learned from 429s.
//
// Clients of one process with the same origin and key share one pacer and must
// have the same quotas. Clients with a custom transport (WithHTTPClient) do not
// share: give them one pacer with WithPacer.
func WithQuotas(sets ...backoff.QuotaSet) Option {
	return func(s *settings) error {
		s.pacing.pacer = nil
		s.pacing.quotas, s.pacing.quotasSet = sets, true
		if err := backoff.ValidateQuotas(sets); err != nil {
			return fmt.Errorf("WithQuotas: %w", err)
		}
		return nil
	}
}

// WithShare divides the quotas by the number of processes that use the key, this
// one included (see [backoff.QuotaSet.Share]). Without it, several processes with
// one key notice each other only by 429s.
func WithShare(processes int) Option {
	return func(s *settings) error {
		if processes < 1 {
			return fmt.Errorf("WithShare: %d processes, want 1 or more", processes)
		}
		s.pacing.share = processes
		return nil
	}
}

// pacer returns the pacer for a client of base with key.
func (s *settings) pacer(quotas []backoff.QuotaSet, base *url.URL, key string) (backoff.Pacer, error) {
	p := s.pacing
	if p.pacer != nil {
		if p.share > 0 {
			return nil, errors.New("WithShare: cannot be combined with WithPacer")
		}
		return p.pacer, nil
	}
	if p.quotasSet {
		quotas = p.quotas
	}
	config := backoff.PacerConfig{Quotas: quotas, Share: p.share}
	if s.http != nil && s.http.Transport != nil {
		return backoff.NewPacer(config)
	}
	return sharedPacers.Pacer(s.provider+" at "+base.Scheme+"://"+base.Host, key, config)
}
