package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
)

const (
	maxBytes      = 10 << 20
	maxHops       = 5
	maxRetries    = 3
	maxRetryAfter = time.Minute
)

// reader reads files and URLs. It is for one goroutine.
type reader struct {
	client   *http.Client
	interval time.Duration // minimum time between two requests
	last     time.Time     // of the last request
}

func newReader(interval time.Duration) *reader {
	return &reader{interval: interval, client: &http.Client{Timeout: 30 * time.Second, CheckRedirect: sameOrigin}}
}

var (
	errRedirect = errors.New("invalid redirect")
	errTooLarge = fmt.Errorf("more than %d MiB", maxBytes>>20)
)

// sameOrigin follows a redirect to the same origin.
func sameOrigin(req *http.Request, via []*http.Request) error {
	if len(via) >= maxHops {
		return fmt.Errorf("%w: more than %d", errRedirect, maxHops)
	}
	if origin(req.URL) != origin(via[0].URL) {
		return fmt.Errorf("%w: redirected to another origin, %s", errRedirect, origin(req.URL))
	}
	return nil
}

func origin(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

// address parses a source as a URL; nil means that it is a file.
func address(source string) (*url.URL, error) {
	if !strings.Contains(source, "://") {
		return nil, nil
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a URL", source)
	case u.User != nil:
		return nil, errors.New("a URL must not contain user info")
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s has no host", source)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%s: want a file or an https URL (plain http is for loopback hosts)", source)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// read returns the text of a file or a URL.
func (r *reader) read(ctx context.Context, source string) ([]byte, error) {
	u, err := address(source)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return readFile(source)
	}
	for retries := 0; ; retries++ {
		text, retryAfter, err := r.get(ctx, u)
		if err == nil || retryAfter < 0 || retries == maxRetries {
			return text, err
		}
		if sleepErr := backoff.Sleep(ctx, max(retryAfter, r.interval<<retries)); sleepErr != nil {
			return nil, errors.Join(err, sleepErr)
		}
	}
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(name, file)
}

func readAll(name string, from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%s: %w", name, errTooLarge)
	}
	return text, nil
}

// get reads a URL once. A negative retryAfter means that a retry is useless.
func (r *reader) get(ctx context.Context, u *url.URL) (text []byte, retryAfter time.Duration, err error) {
	if err := backoff.Sleep(ctx, r.interval-time.Since(r.last)); err != nil {
		return nil, -1, err
	}
	r.last = time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, -1, err
	}
	req.Header.Set("User-Agent", "usersync-drift")
	resp, err := r.client.Do(req)
	if err != nil {
		return connectionError(u, err)
	}
	defer resp.Body.Close()
	text, err = readAll(u.String(), resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK {
		return text, 0, nil
	}
	if errors.Is(err, errTooLarge) {
		return nil, -1, err
	}
	if resp.StatusCode == http.StatusOK { // the connection broke
		return nil, 0, err
	}
	err = fmt.Errorf("%s: status %s", u, resp.Status)
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusRequestTimeout && resp.StatusCode < 500 {
		return nil, -1, err
	}
	if retryAfter, _ = backoff.RetryAfter(resp.Header, time.Now()); retryAfter > maxRetryAfter {
		return nil, -1, err
	}
	return nil, retryAfter, err
}

// connectionError explains what to do without a network. Other errors of the
// connection may be retried.
func connectionError(u *url.URL, err error) ([]byte, time.Duration, error) {
	var lookup *net.DNSError
	var dial *net.OpError
	if errors.As(err, &lookup) || errors.As(err, &dial) && dial.Op == "dial" {
		return nil, -1, fmt.Errorf("%s: no connection to %s: is there a network? Saved copies can be compared with --from FILE: %w", u, u.Host, err)
	}
	if errors.Is(err, errRedirect) {
		return nil, -1, fmt.Errorf("%s: %w", u, err)
	}
	return nil, 0, fmt.Errorf("%s: %w", u, err)
}
