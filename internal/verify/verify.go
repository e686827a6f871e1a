// Package verify checks the facts about the vendors' APIs that the provider packages
// depend on, and which were never verified, against a server.
package verify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/usersync/usersync/rest"
)

// Config configures a run. APIKey, Confirm, and Email for identifAI, are required.
type Config struct {
	Provider  string
	APIKey    string
	Subdomain string        // user.com only
	Version   int           // of user.com's API: 1 (default) or 2
	Options   []rest.Option // of the provider's client, such as rest.WithBaseURL
	// Transport sends the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Email is the email of the test user at identifAI, which cannot delete users.
	Email string
	// Confirm gets a text that says what will be changed, before the first write.
	// An error ends the run.
	Confirm func(plan string) error
	// Interval is the minimum time between two requests (default 2 s).
	Interval time.Duration
}

const cleanUpTimeout = time.Minute

// target is a provider whose server can be probed.
type target interface {
	plan() string                        // what probe changes
	probe(ctx context.Context) []Finding // sends the requests and judges the responses
	undo(ctx context.Context)            // deletes or restores what probe created or changed
}

// Run probes all facts of a provider. It returns an error if it could not run: the
// config is invalid, the server does not respond, or it rejects the key. If ctx
// ends, the remaining facts are unknown. What the run created is deleted, and what
// it changed is restored, also after an error and after the end of ctx.
func Run(ctx context.Context, c Config) (Report, error) {
	start, ok := map[string]func(context.Context, *session, Config) (target, error){
		"identifai": startIdentifai, "partoo": startPartoo, "usercom": startUsercom,
	}[c.Provider]
	if !ok {
		return Report{}, fmt.Errorf("verify: unknown provider %q", c.Provider)
	}
	s := newSession(c)
	t, err := start(ctx, s, c)
	if err != nil {
		return Report{}, err
	}
	if err := c.Confirm(t.plan()); err != nil {
		return Report{}, err
	}
	findings := findingsOf(ctx, t)
	return Report{Provider: c.Provider, Findings: findings, Exchanges: s.exchanges, LeftBehind: s.leftBehind}, nil
}

// findingsOf probes a target and cleans up, also if ctx has ended.
func findingsOf(ctx context.Context, t target) []Finding {
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
		defer cancel()
		t.undo(ctx)
	}()
	return t.probe(ctx)
}
