package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

// Defaults of the options.
const (
	DefaultTimeout       = 30 * time.Second // of one attempt, from dialling to the last byte of the response
	DefaultResponseLimit = 10 << 20         // bytes
)

// Option configures a client. The same options work with identifai.New, partoo.New
// and usercom.New. An invalid option is an error of the constructor.
type Option func(*settings) error

// settings are the values of the options.
type settings struct {
	provider        string
	baseURL         string
	http            *http.Client
	timeout         time.Duration
	limit           int64
	policy          backoff.Policy
	pacer           backoff.Pacer // nil: one with quotas and share
	quotas          []backoff.QuotaSet
	share           int
	log             *slog.Logger
	observer        Observer // nil: none
	providerOptions map[string]any
}

// WithBaseURL sends requests to another base URL than the provider's production
// API, for example to a sandbox or a test server. It must be https, or http on a
// loopback host, and must not contain user info, a query or a fragment.
func WithBaseURL(baseURL string) Option {
	return func(s *settings) error {
		s.baseURL = baseURL
		return nil
	}
}

// WithHTTPClient sends requests through the transport of hc. Without this option,
// or if hc has no transport, all clients of the process share one, see
// [CloseIdleConnections]. hc is not changed. Its redirect policy and cookie jar are
// not used. Its Timeout applies to each attempt, without the waits between attempts.
func WithHTTPClient(hc *http.Client) Option {
	return func(s *settings) error {
		s.http = hc
		return required("WithHTTPClient: the client", hc != nil)
	}
}

// WithTimeout limits each attempt, without the waits between attempts. The default
// is the Timeout of the client of WithHTTPClient, or else 30 s. The call as a
// whole is limited by its context.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		s.timeout = d
		return positive("WithTimeout", d)
	}
}

// WithResponseLimit sets the maximum size of a response in bytes, after
// decompression. A larger response is an error that matches ErrTooLarge. The
// default is 10 MiB.
func WithResponseLimit(bytes int64) Option {
	return func(s *settings) error {
		s.limit = bytes
		return positive("WithResponseLimit", bytes)
	}
}

// WithRetry replaces the default retry policy. [WithRetryPolicy] does so for single
// calls.
func WithRetry(policy backoff.Policy) Option {
	return func(s *settings) error {
		s.policy = policy
		return policy.Validate()
	}
}

// WithLogger logs every attempt at debug level and every wait before another
// attempt at warning level, with operation, method, path, status and durations.
// Keys, passwords, query strings and bodies are never logged.
func WithLogger(log *slog.Logger) Option {
	return func(s *settings) error {
		s.log = log
		return required("WithLogger: the logger", log != nil)
	}
}

// WithObserver reports the events of all calls to o. The pacer may be shared with
// clients that have no observer.
func WithObserver(o Observer) Option {
	return func(s *settings) error {
		s.observer = o
		return required("WithObserver: the observer", o != nil)
	}
}

// WithPacer uses p instead of a pacer with the provider's quotas: to share, observe
// or replace it. The last of WithPacer and WithQuotas wins. WithShare cannot be
// combined with WithPacer. If p does not handle 429s ([backoff.Pacer]), each call
// also waits on its own after a 429.
func WithPacer(p backoff.Pacer) Option {
	return func(s *settings) error {
		s.pacer = p
		return required("WithPacer: the pacer", p != nil)
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
		s.pacer, s.quotas = nil, sets
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
		s.share = processes
		return positive("WithShare", processes)
	}
}

// ProviderOption returns an option of a provider package, which reads its value
// with [Client.Option]. It is an error of any other provider's constructor.
func ProviderOption(provider, name string, value any) Option {
	return func(s *settings) error {
		if s.provider != provider {
			return fmt.Errorf("%s.%s: not an option of %s", provider, name, s.provider)
		}
		s.providerOptions[name] = value
		return nil
	}
}

func required(what string, ok bool) error {
	if !ok {
		return errors.New(what + " is nil")
	}
	return nil
}

func positive[T int | int64 | time.Duration](option string, value T) error {
	if value < 1 {
		return fmt.Errorf("%s: %v, want more than 0", option, value)
	}
	return nil
}

// sharedPacers contains one pacer for each key that this process uses: a quota
// belongs to the key, and all clients with the key share it.
var sharedPacers backoff.Registry

// newPacer returns the pacer for a client of origin with key.
func (s *settings) newPacer(origin, key string) (backoff.Pacer, error) {
	config := backoff.PacerConfig{Quotas: s.quotas, Share: s.share}
	switch {
	case s.pacer != nil && s.share > 0:
		return nil, errors.New("WithShare: cannot be combined with WithPacer")
	case s.pacer != nil:
		return s.pacer, nil
	case s.http != nil && s.http.Transport != nil:
		return backoff.NewPacer(config)
	}
	return sharedPacers.Pacer(s.provider+" at "+origin, key, config)
}
