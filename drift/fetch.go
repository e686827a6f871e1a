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
	"github.com/usersync/usersync/rest"
)

const (
	maxBytes   = 10 << 20
	maxHops    = 5
	maxRefused = 3
	longest    = time.Minute // a server may ask to wait
)

// reader reads files and addresses.
type reader struct {
	client *http.Client
	pacer  backoff.Pacer
}

// newReader returns a reader that keeps its requests so far apart.
func newReader(every time.Duration) (*reader, error) {
	config := backoff.PacerConfig{MaxInFlight: 1}
	if every > 0 {
		config.Quotas = []backoff.QuotaSet{{Quotas: []backoff.Quota{{N: 1, Per: every}}}}
	}
	pacer, err := backoff.NewPacer(config)
	if err != nil {
		return nil, fmt.Errorf("-every: %w", err)
	}
	return &reader{pacer: pacer, client: &http.Client{Timeout: rest.DefaultTimeout, CheckRedirect: sameOrigin}}, nil
}

// sameOrigin follows a redirect that stays where it is.
func sameOrigin(req *http.Request, via []*http.Request) error {
	if len(via) >= maxHops {
		return fmt.Errorf("more than %d redirects", maxHops)
	}
	if origin(req.URL) != origin(via[0].URL) {
		return fmt.Errorf("redirected to another origin, %s", origin(req.URL))
	}
	return nil
}

func origin(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + u.Host) }

// address reads a source as an address; nil means that it is a file.
func address(source string) (*url.URL, error) {
	if !strings.Contains(source, "://") {
		return nil, nil
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not an address", source)
	case u.User != nil:
		return nil, errors.New("an address must not hold user info")
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s has no host", source)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%s: want a file or an https address (plain http is for loopback hosts)", source)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// read returns the text of a file or an address.
func (r *reader) read(ctx context.Context, source string) ([]byte, error) {
	u, err := address(source)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return readFile(source)
	}
	for refused := 0; ; refused++ {
		text, wait, err := r.get(ctx, u)
		if wait == 0 || refused == maxRefused {
			return text, err
		}
		if sleepErr := backoff.Sleep(ctx, wait); sleepErr != nil {
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
		return nil, fmt.Errorf("%s: more than %d MiB", name, maxBytes>>20)
	}
	return text, nil
}

// get reads an address once. A wait means that it may be tried again then.
func (r *reader) get(ctx context.Context, u *url.URL) (text []byte, wait time.Duration, err error) {
	turn := r.pacer.Ticket(http.MethodGet)
	if err := turn.Wait(ctx, 0); err != nil {
		return nil, 0, err
	}
	var status int
	defer func() { turn.Done(status, wait) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("User-Agent", "usersync-drift/"+rest.Version())
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, 0, unreachable(u, err)
	}
	defer resp.Body.Close()
	status = resp.StatusCode
	text, err = readAll(u.String(), resp.Body)
	if resp.StatusCode == http.StatusOK {
		return text, 0, err
	}
	err = fmt.Errorf("%s: answered %s", u, resp.Status)
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		wish, _ := backoff.RetryAfter(resp.Header, time.Now())
		if wish <= longest {
			return nil, max(wish, time.Second), err
		}
	}
	return nil, 0, err
}

// unreachable says what to do without a network.
func unreachable(u *url.URL, err error) error {
	var lookup *net.DNSError
	var dial *net.OpError
	if errors.As(err, &lookup) || errors.As(err, &dial) && dial.Op == "dial" {
		return fmt.Errorf("%s: no connection to %s: is there a network? Saved copies can be compared with -from FILE: %w", u, u.Host, err)
	}
	return fmt.Errorf("%s: %w", u, err)
}
