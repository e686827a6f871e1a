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
	// DefaultTimeout limits one attempt, from dialling to the last byte of the
	// response.
	DefaultTimeout = 30 * time.Second
	// DefaultResponseLimit is the maximum size of a response in bytes.
	DefaultResponseLimit = 10 << 20
)

// Option configures a client. The same options work with identifai.New, partoo.New
// and usercom.New. An invalid option is an error of the constructor.
type Option func(*settings) error

type settings struct {
	provider string
	baseURL  string
	http     *http.Client
	timeout  time.Duration
	limit    int64
	policy   backoff.Policy
	pacing   pacingOptions
	log      *slog.Logger
	observer Observer
	extra    map[string]any
}

func (s *settings) attemptTimeout() time.Duration {
	switch {
	case s.timeout > 0:
		return s.timeout
	case s.http != nil && s.http.Timeout > 0:
		return s.http.Timeout
	}
	return DefaultTimeout
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
		if hc == nil {
			return errors.New("WithHTTPClient: the client is nil")
		}
		s.http = hc
		return nil
	}
}

// WithTimeout limits each attempt, without the waits between attempts. The default
// is the Timeout of the client of WithHTTPClient, or else 30 s. The call as a
// whole is limited by its context.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v, want more than 0", d)
		}
		s.timeout = d
		return nil
	}
}

// WithResponseLimit sets the maximum size of a response in bytes, after
// decompression. A larger response is an error that matches ErrTooLarge. The
// default is 10 MiB.
func WithResponseLimit(bytes int64) Option {
	return func(s *settings) error {
		if bytes <= 0 {
			return fmt.Errorf("WithResponseLimit: %d, want more than 0", bytes)
		}
		s.limit = bytes
		return nil
	}
}

// WithRetry replaces the default retry policy.
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
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		s.log = log
		return nil
	}
}

// ProviderOption returns an option of a provider package, which reads its value
// with [Client.Option]. It is an error of any other provider's constructor.
func ProviderOption(provider, name string, value any) Option {
	return func(s *settings) error {
		if s.provider != provider {
			return fmt.Errorf("%s.%s: not an option of %s", provider, name, s.provider)
		}
		if s.extra == nil {
			s.extra = make(map[string]any)
		}
		s.extra[name] = value
		return nil
	}
}
