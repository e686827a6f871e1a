package rest

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/usersync/usersync/backoff"
)

// sharedPacers holds one pacer for each key that this process uses: a quota belongs to
// the key, whoever built the clients.
var sharedPacers backoff.Registry

// pacingOptions is what the options say of pacing.
type pacingOptions struct {
	pacer     backoff.Pacer
	quotas    []backoff.QuotaSet
	quotasSet bool // quotas replace the provider's
	share     int
}

// WithPacer has p decide when requests leave, in place of a pacer for the
// provider's quotas. Use it to share one between clients that do not share by
// themselves, to observe one, or to plug in one of your own that several
// processes share. Of WithPacer and WithQuotas the last one counts; WithShare does
// not go with a pacer, which has its own. With one that is not a
// [backoff.QuotaPacer], a refused call also waits by itself before it asks for
// another turn: such a pacer may know nothing of refusals.
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

// WithQuotas replaces the quotas that the provider documents by those agreed for
// this key. With none, no quota is assumed: requests leave at once, at most
// [backoff.DefaultMaxInFlight] of them at a time, and limits are learned from the
// server's refusals.
//
// Clients of one process with the same origin and key share one pacer and must
// agree on the quotas. Clients with a transport of the caller's own
// (WithHTTPClient) do not share; give them one pacer with WithPacer.
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

// WithShare says that the key is used by so many processes, this one included:
// the client keeps to that part of the quotas (see [backoff.QuotaSet.Share]).
// Without it, several processes on one key find each other by being refused.
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
			return nil, errors.New("WithShare: the pacer of WithPacer has a share of its own")
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
