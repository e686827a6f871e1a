// Package verify checks the facts about the vendors' APIs that the provider packages
// depend on, and which were never verified, against a server.
package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/usersync/usersync/rest"
)

// Fact is an inferred fact about the API of a provider.
type Fact struct {
	ID        string `json:"id"`
	Text      string `json:"fact"`
	Why       string `json:"why"`        // why it matters
	Probe     string `json:"probe"`      // how it is checked
	IfDiffers string `json:"if_differs"` // what to do
}

// Verdict is the result of a probe.
type Verdict string

// The verdicts.
const (
	Holds   Verdict = "holds"
	Differs Verdict = "differs"
	Unknown Verdict = "unknown"
)

// Finding is a fact with the result of its probe.
type Finding struct {
	Fact
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"` // what was observed, or why the verdict is unknown
}

// Report is the result of a run. It contains no personal data, no key and no values
// of responses.
type Report struct {
	Provider  string     `json:"provider"`
	Findings  []Finding  `json:"findings"`
	Exchanges []Exchange `json:"exchanges"`
	// LeftBehind describes what could not be restored or deleted.
	LeftBehind []string `json:"left,omitempty"`
}

// Count returns the number of findings with the verdict.
func (r Report) Count(v Verdict) int {
	n := 0
	for _, f := range r.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// Config configures a run. APIKey, and Email for identifAI, are required.
type Config struct {
	Provider  string
	APIKey    string
	Subdomain string // user.com only
	Version   int    // of user.com's API: 1 (default) or 2
	// Options are those of the provider's client, such as rest.WithBaseURL. The
	// transport is that of HTTPClient.
	Options []rest.Option
	// HTTPClient sends the requests; nil means a new client.
	HTTPClient *http.Client
	// Email is the email of the test user at identifAI, which cannot delete users.
	Email string
	// Confirm gets a text that says what will be changed, before the first write.
	// An error ends the run. nil confirms.
	Confirm func(plan string) error
	// Interval is the minimum time between two requests (default 2 s).
	Interval time.Duration
}

const (
	// MaxRequests is the maximum number of requests of a run.
	MaxRequests = 40
	// reserved is the number of requests that are reserved for the clean-up.
	reserved = 4

	defaultInterval = 2 * time.Second
	cleanUpTimeout  = time.Minute
)

// Providers returns the providers with facts.
func Providers() []string { return []string{"identifai", "partoo", "usercom"} }

// Facts returns the facts of a provider in the order of their probes.
func Facts(provider string) []Fact {
	switch provider {
	case "identifai":
		return factsOf(identifaiProbes())
	case "partoo":
		return factsOf(partooProbes())
	case "usercom":
		return factsOf(usercomProbes())
	}
	return nil
}

// Run probes all facts of a provider. It returns an error if it could not run: the
// config is invalid, the server does not respond, or it rejects the key. If ctx
// ends, the remaining facts are unknown. What the run created is deleted, and what
// it changed is restored, also after an error and after the end of ctx.
func Run(ctx context.Context, c Config) (Report, error) {
	s := newSession(c)
	var findings []Finding
	var err error
	switch c.Provider {
	case "identifai":
		findings, err = runIdentifai(ctx, s, c)
	case "partoo":
		findings, err = runPartoo(ctx, s, c)
	case "usercom":
		findings, err = runUsercom(ctx, s, c)
	default:
		return Report{}, fmt.Errorf("verify: unknown provider %q", c.Provider)
	}
	return Report{Provider: c.Provider, Findings: findings, Exchanges: s.exchanges, LeftBehind: s.leftBehind}, err
}

// probe is a fact with the function that checks it. S is the state of a provider's
// run.
type probe[S any] struct {
	Fact
	check func(S) (Verdict, string)
}

func factsOf[S any](probes []probe[S]) []Fact {
	facts := make([]Fact, 0, len(probes))
	for _, p := range probes {
		facts = append(facts, p.Fact)
	}
	return facts
}

// errNotStarted is the cause of a run that could not start.
var errNotStarted = errors.New("no probe was made")

// findingsOf checks all facts in order, by the exchanges in state.
func findingsOf[S any](state S, probes []probe[S]) []Finding {
	findings := make([]Finding, 0, len(probes))
	for _, p := range probes {
		verdict, detail := p.check(state)
		findings = append(findings, Finding{Fact: p.Fact, Verdict: verdict, Detail: detail})
	}
	return findings
}

func holds(format string, args ...any) (Verdict, string) { return Holds, fmt.Sprintf(format, args...) }

func differs(format string, args ...any) (Verdict, string) {
	return Differs, fmt.Sprintf(format, args...)
}

func unknown(format string, args ...any) (Verdict, string) {
	return Unknown, fmt.Sprintf(format, args...)
}
