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
	// answer.
	DefaultTimeout = 30 * time.Second
	// DefaultResponseLimit is the most bytes of an answer that are read.
	DefaultResponseLimit = 10 << 20
)

// Option configures a client. The same options serve identifai.New, partoo.New
// and usercom.New; a mistake in one is an error of the constructor.
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

// WithBaseURL sends to another place than the provider's production API: a
// sandbox, a test server. It must be https, or http on a loopback host, and
// have no user info, query or fragment.
func WithBaseURL(baseURL string) Option {
	return func(s *settings) error {
		s.baseURL = baseURL
		return nil
	}
}

// WithHTTPClient sends through hc's transport instead of one of our own. hc is
// not changed; its redirect policy and cookie jar are not used, and its Timeout
// applies to each attempt, not to the waits between them.
func WithHTTPClient(hc *http.Client) Option {
	return func(s *settings) error {
		if hc == nil {
			return errors.New("WithHTTPClient: the client is nil")
		}
		s.http = hc
		return nil
	}
}

// WithTimeout limits each attempt, waits between attempts not included. The
// default is the Timeout of the client given to WithHTTPClient, or else 30 s.
// The call as a whole is limited by its context.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v, want more than 0", d)
		}
		s.timeout = d
		return nil
	}
}

// WithResponseLimit sets how many bytes of an answer are read, after
// decompression; a longer one is an error that matches ErrTooLarge. The default
// is 10 MiB.
func WithResponseLimit(bytes int64) Option {
	return func(s *settings) error {
		if bytes <= 0 {
			return fmt.Errorf("WithAnswerLimit: %d, want more than 0", bytes)
		}
		s.limit = bytes
		return nil
	}
}

// WithRetry replaces the rules of waiting and trying again.
func WithRetry(policy backoff.Policy) Option {
	return func(s *settings) error {
		s.policy = policy
		return policy.Validate()
	}
}

// WithLogger logs every attempt at debug level and every wait before another
// one at warning level: operation, method, path, status, durations. Keys,
// passwords, query strings and bodies are never logged.
func WithLogger(log *slog.Logger) Option {
	return func(s *settings) error {
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		s.log = log
		return nil
	}
}

// ProviderOption is for the providers' packages: an option of their own, which
// they read back with [Client.Option]. Given to another provider's constructor
// it is an error.
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
