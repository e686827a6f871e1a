package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// tracker keeps one issue per provider in a GitHub repository.
type tracker struct {
	client *http.Client
	api    string // base URL of the API
	repo   string // owner/name
	token  string
}

// issue is what the tracker stores.
type issue struct {
	Number      int       `json:"number"`
	State       string    `json:"state"`
	Body        string    `json:"body"`
	PullRequest *struct{} `json:"pull_request"`
}

const (
	issueLabel  = "drift"
	maxIssue    = 60_000 // bytes of a body; GitHub allows 65,536 characters
	maxResponse = 10 << 20
)

// newTracker reads the environment that GitHub Actions sets.
func newTracker(getenv func(string) string) (*tracker, error) {
	t := &tracker{
		client: &http.Client{Timeout: 30 * time.Second, CheckRedirect: sameOrigin},
		api:    strings.TrimSuffix(getenv("GITHUB_API_URL"), "/"), repo: getenv("GITHUB_REPOSITORY"), token: getenv("GITHUB_TOKEN"),
	}
	if t.api == "" || t.repo == "" || t.token == "" {
		return nil, errors.New("--issues: missing environment variables: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN")
	}
	if u, err := address(t.api); err != nil || u == nil {
		return nil, errors.New("--issues: GITHUB_API_URL: want an https URL")
	}
	return t, nil
}

// update opens, updates or closes the issue of each provider.
func (t *tracker) update(ctx context.Context, reports []Report) error {
	var issues []issue
	query := url.Values{"labels": {issueLabel}, "state": {"all"}, "per_page": {"100"}, "sort": {"created"}, "direction": {"desc"}}
	if err := t.call(ctx, http.MethodGet, "/issues?"+query.Encode(), nil, &issues); err != nil {
		return err
	}
	var problems []error
	for _, r := range reports {
		if err := t.updateOne(ctx, r, issues); err != nil {
			problems = append(problems, fmt.Errorf("issue for %s: %w", r.Provider, err))
		}
	}
	return errors.Join(problems...)
}

// updateOne compares the hash of the report with the one in the latest issue. An
// issue that a person closed stays closed until the report changes.
func (t *tracker) updateOne(ctx context.Context, r Report, issues []issue) error {
	latest := latestIssue(issues, r.Provider)
	open := latest != nil && latest.State == "open"
	mark := fmt.Sprintf("<!-- drift report: %s -->", r.hash())
	switch {
	case r.Status == exitNoChange && open:
		return t.call(ctx, http.MethodPatch, fmt.Sprintf("/issues/%d", latest.Number), map[string]any{"state": "closed", "state_reason": "completed"}, nil)
	case r.Status == exitNoChange, latest != nil && strings.Contains(latest.Body, mark):
		return nil
	}
	var text bytes.Buffer
	if err := writeMarkdown(&text, []Report{r}); err != nil {
		return err
	}
	body := providerMark(r.Provider) + "\n" + mark + "\n\n" + shortenedBytes(text.String(), maxIssue) +
		"\nApply or accept these changes: see docs/drift.md. This text is replaced when the report changes.\n"
	fields := map[string]any{"title": "drift: " + r.Provider + ": " + r.summary(), "body": body, "labels": []string{issueLabel}}
	if latest == nil {
		return t.call(ctx, http.MethodPost, "/issues", fields, nil)
	}
	fields["state"] = "open"
	return t.call(ctx, http.MethodPatch, fmt.Sprintf("/issues/%d", latest.Number), fields, nil)
}

func providerMark(provider string) string { return "<!-- drift provider: " + provider + " -->" }

func latestIssue(issues []issue, provider string) *issue {
	for i := range issues {
		if issues[i].PullRequest == nil && strings.Contains(issues[i].Body, providerMark(provider)) {
			return &issues[i]
		}
	}
	return nil
}

func shortenedBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "\n\nThe report is longer: run `make drift` to read the rest.\n"
}

// hash identifies what a report found.
func (r Report) hash() string {
	r.Notes, r.Sources, r.texts = nil, nil, nil
	sum := sha256.Sum256([]byte(canonical(r)))
	return hex.EncodeToString(sum[:])
}

// call sends one request to the repository.
func (t *tracker) call(ctx context.Context, method, path string, body, result any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		content = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, t.api+"/repos/"+t.repo+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("User-Agent", "usersync-drift")
	resp, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return fmt.Errorf("%s %s: status %s", method, path, resp.Status)
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(text, result); err != nil {
		return fmt.Errorf("%s %s: invalid response: %w", method, path, err)
	}
	return nil
}
