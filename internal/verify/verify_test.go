package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/verify"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
)

// existing is a test user at identifAI whose values must be restored.
func existing() identifai.UserInput {
	return identifai.UserInput{Name: "Ada", Email: testEmail, Heuristic: "AverageExcludeObsolete", PricingID: 3, Readonly: new(true)}
}

func TestEveryFactHoldsOnTheFakes(t *testing.T) {
	for _, tt := range []struct {
		name, provider string
		prepare        func(fakes)
		version        int
		unknown        string // facts that cannot be checked
	}{
		{"identifai, new user", "identifai", func(f fakes) {
			f.identifai.AddUser(identifai.UserInput{Name: "Bob", Email: "bob@example.org", PricingID: 1})
		}, 0, ""},
		{"identifai, existing user", "identifai", func(f fakes) {
			f.identifai.AddUser(identifai.UserInput{Name: "Bob", Email: "bob@example.org", PricingID: 1})
			f.identifai.AddUser(existing())
		}, 0, "identifai.create-status"},
		{"partoo", "partoo", func(fakes) {}, 0, ""},
		{"usercom", "usercom", func(fakes) {}, 1, ""},
		{"usercom, version 2", "usercom", func(fakes) {}, 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakes()
				tt.prepare(f)
				before, partooUsers := f.identifai.Users(), f.partoo.Users()
				config, server := f.config(tt.provider, nil)
				config.Version = tt.version
				var plan string
				config.Confirm = func(text string) error { plan = text; return nil }
				start := time.Now()
				report, err := verify.Run(t.Context(), config)
				require.NoError(t, err)
				for _, f := range report.Findings {
					want := verify.Holds
					if strings.Contains(tt.unknown, f.ID) || f.ID == "identifai.rate-limit-headers" {
						continue
					}
					assert.Equal(t, want, f.Verdict, "%s: %s", f.ID, f.Detail)
				}
				assert.LessOrEqual(t, server.requests, maxRequests)
				assert.Len(t, report.Exchanges, server.requests)
				assert.GreaterOrEqual(t, time.Since(start), time.Duration(server.requests-1)*2*time.Second)
				assert.Equal(t, partooUsers, f.partoo.Users())
				assert.Empty(t, f.usercom.Users())
				assert.NotEmpty(t, plan)
				if len(before) == 2 {
					assert.Equal(t, before, f.identifai.Users(), "restored")
				}
				assert.Empty(t, f.identifai.EmailsSent())
				text, err := json.Marshal(report)
				require.NoError(t, err)
				for _, personal := range []string{"example.com", "example.org", "Ada", "Bob", config.APIKey, "usersync verify", "London"} {
					assert.NotContains(t, string(text), personal)
				}
			})
		})
	}
}

// Every verdict of every fact on a fake that differs in one fact.
func TestFindingsOfChangedServers(t *testing.T) {
	const (
		write   = "POST /api/partner/user"
		list    = "GET /api/partner/users"
		taken   = `{"message":"taken","errors":{"email":["taken"]}}`
		invalid = `{"message":"invalid","errors":{"id":["invalid"]}}`
		user    = "/v2/user"
		upsert  = "POST /users/update_or_create/"
		setAll  = "set_multiple_attributes"
	)
	data := func(change func(map[string]any)) func(map[string]any) {
		return func(body map[string]any) {
			if user, ok := body["data"].(map[string]any); ok {
				change(user)
			}
		}
	}
	first := func(name string, change func(map[string]any)) func(map[string]any) {
		return func(body map[string]any) {
			if users, _ := body[name].([]any); len(users) > 0 {
				change(users[0].(map[string]any))
			}
		}
	}
	id := func(value string) string { return "name=\"id\"\r\n\r\n" + value + "\r\n" }
	readonly := func(value string) string { return "name=\"readonly\"\r\n\r\n" + value }
	rejected := func(line string, texts ...string) change { return respond(422, taken, line, texts...) }
	failing := func(line string, texts ...string) change { return respond(500, `{}`, line, texts...) }
	both := func(a, b change) change {
		return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return a(r, body, next)
			}
			return b(r, body, next)
		}
	}
	tests := []struct {
		fact, name string
		verdict    verify.Verdict
		change     change
	}{
		{"identifai.search", "parameter ignored", verify.Differs, withoutParameter("search")},
		{"identifai.search", "no other user", verify.Unknown, edit(func(body map[string]any) { body["total"] = 0 }, list)},
		{"identifai.search", "500", verify.Unknown, onQuery("search=", failing(list))},
		{"identifai.pages", "parameter ignored", verify.Differs, edit(func(body map[string]any) { body["current_page"] = 1 }, list)},
		{"identifai.pages", "no page numbers", verify.Differs, edit(func(body map[string]any) { delete(body, "current_page") }, list)},
		{"identifai.pages", "500", verify.Unknown, onQuery("page=2", failing(list))},
		{"identifai.empty-id", "rejected", verify.Differs, respond(422, invalid, write, id(""))},
		{"identifai.empty-id", "500", verify.Unknown, failing(write, id(""))},
		{"identifai.create-status", "202", verify.Differs, nth(1, write, withStatus(202))},
		{"identifai.create-status", "500", verify.Unknown, failing(write, id(""))},
		{"identifai.email-taken", "second user", verify.Differs, nth(2, write, respond(200, `{"data":{"id":77}}`, write))},
		{"identifai.email-taken", "existing user", verify.Differs, nth(2, write, respond(200, `{"data":{"id":2}}`, write))},
		{"identifai.email-taken", "other field", verify.Differs, nth(2, write, respond(422, `{"errors":{"name":["no"]}}`, write))},
		{"identifai.email-taken", "500", verify.Unknown, nth(2, write, failing(write))},
		{"identifai.update-by-id", "other user", verify.Differs, edit(data(func(u map[string]any) { u["id"] = 9 }), write, readonly("0"))},
		{"identifai.update-by-id", "not changed", verify.Differs, edit(data(func(u map[string]any) { u["name"] = "Old" }), write, readonly("0"))},
		{"identifai.update-by-id", "500", verify.Unknown, failing(write, readonly("0"))},
		{"identifai.booleans", "text", verify.Differs, textBooleans(write, false)},
		{"identifai.booleans", "text, false read as true", verify.Differs, textBooleans(write, true)},
		{"identifai.booleans", "0 read as true", verify.Differs, edit(data(func(u map[string]any) { u["readonly"] = true }), write, readonly("0"))},
		{"identifai.booleans", "not shown", verify.Unknown, edit(data(func(u map[string]any) { delete(u, "readonly") }), write)},
		{"identifai.omitted-fields", "reset", verify.Differs, nth(5, write, edit(data(func(u map[string]any) { u["readonly"] = false }), write))},
		{"identifai.omitted-fields", "500", verify.Unknown, nth(5, write, failing(write))},
		{"identifai.trimmed", "kept", verify.Differs, edit(data(func(u map[string]any) { u["name"] = "  usersync verify " }), write, readonly("1"))},
		{"identifai.trimmed", "500", verify.Unknown, failing(write, readonly("1"))},
		{"identifai.list-fields", "no heuristic", verify.Differs, edit(first("data", func(u map[string]any) { delete(u, "heuristic") }), list)},
		{"identifai.list-fields", "500", verify.Unknown, nth(3, list, failing(list))},
		{"identifai.unknown-id", "accepted", verify.Differs, respond(200, `{"data":{"id":99}}`, write, id("2147483647"))},
		{"identifai.unknown-id", "id not named", verify.Differs, rejected(write, id("2147483647"))},
		{"identifai.unknown-id", "500", verify.Unknown, failing(write, id("2147483647"))},
		{"identifai.rate-limit-headers", "none", verify.Differs, nil},
		{"identifai.rate-limit-headers", "500", verify.Unknown, both(failing("GET /"), failing("POST /"))},
		{"identifai.rate-limit-headers", "present", verify.Holds, withHeader("X-RateLimit-Limit", "60")},

		{"partoo.search-exact", "partial", verify.Differs, partialSearch},
		{"partoo.search-exact", "lag", verify.Differs, nth(2, "GET "+user+"/search", respond(200, `{"users":[]}`, "GET "+user))},
		{"partoo.search-exact", "500", verify.Unknown, nth(2, "GET "+user+"/search", failing("GET "+user))},
		{"partoo.search-letter-case", "not found", verify.Differs, onQuery("EXAMPLE.COM", respond(200, `{"users":[]}`, "GET "+user+"/search"))},
		{"partoo.search-letter-case", "500", verify.Unknown, onQuery("EXAMPLE.COM", failing("GET "+user+"/search"))},
		{"partoo.search-fields", "no role", verify.Differs, edit(first("users", func(u map[string]any) { delete(u, "role") }), "GET "+user+"/search")},
		{"partoo.search-fields", "not found", verify.Unknown, nth(2, "GET "+user+"/search", respond(200, `{"users":[]}`, "GET "+user))},
		{"partoo.email-taken", "created twice", verify.Differs, secondUser},
		{"partoo.email-taken", "500", verify.Unknown, nth(2, "POST "+user, failing("POST "+user))},
		{"partoo.absent-fields", "reset", verify.Differs, edit(func(u map[string]any) { u["last_name"] = "" }, "GET "+user+"/")},
		{"partoo.absent-fields", "not changed", verify.Differs, edit(func(u map[string]any) { u["first_name"] = "usersync" }, "GET "+user+"/")},
		{"partoo.absent-fields", "500", verify.Unknown, failing("POST "+user, `"first_name":"changed"`)},
		{"partoo.empty-list", "rejected", verify.Differs, respond(400, `{}`, "POST "+user, "business_ids")},
		{"partoo.empty-list", "not emptied", verify.Differs, edit(func(u map[string]any) { u["business_ids"] = []string{"x"} }, "GET "+user+"/")},
		{"partoo.empty-list", "500", verify.Unknown, failing("POST "+user, "business_ids")},
		{"partoo.deletion", "still found", verify.Differs, respond(200, `{}`, "DELETE "+user)},
		{"partoo.deletion", "500", verify.Unknown, failing("DELETE " + user)},

		{"usercom.key", "created again", verify.Differs, rewriteKey},
		{"usercom.key", "500", verify.Unknown, nth(2, upsert, failing(upsert))},
		{"usercom.version", "other key", verify.Differs, edit(func(u map[string]any) { u["user_id"] = nil }, "GET /users/")},
		{"usercom.version", "not shown", verify.Unknown, edit(func(u map[string]any) { delete(u, "user_id") }, "GET /users/")},
		{"usercom.absent-fields", "reset", verify.Differs, edit(func(u map[string]any) { u["city"] = nil }, "GET /users/")},
		{"usercom.absent-fields", "500", verify.Unknown, nth(2, upsert, failing(upsert))},
		{"usercom.attributes-one-call", "stored", verify.Differs, edit(func(u map[string]any) { u["usersync_verify_1"] = "one" }, "GET /users/")},
		{"usercom.attributes-one-call", "500", verify.Unknown, failing(upsert, "usersync_verify_1")},
		{"usercom.attributes-two-calls", "ignored", verify.Differs, respond(200, `{}`, "POST /users/", "usersync_verify\":\"two")},
		{"usercom.attributes-two-calls", "500", verify.Unknown, failing("POST /users/", "usersync_verify\":\"two")},
		{"usercom.unknown-attribute", "rejected", verify.Differs, respond(400, `{"usersync_verify":["unknown"]}`, "POST /users/", "usersync_verify\":\"two")},
		{"usercom.unknown-attribute", "ignored", verify.Differs, respond(200, `{}`, "POST /users/", "usersync_verify\":\"two")},
		{"usercom.unknown-attribute", "500", verify.Unknown, failing("POST /users/", "usersync_verify\":\"two")},
		{"usercom.email-not-unique", "rejected", verify.Differs, respond(400, `{"email":["taken"]}`, upsert, "-2\"")},
		{"usercom.email-not-unique", "updated", verify.Differs, respond(200, `{"created":false,"id":1}`, upsert, "-2\"")},
		{"usercom.email-not-unique", "500", verify.Unknown, failing(upsert, "-2\"")},
		{"usercom.search", "single", verify.Differs, respond(200, `{"id":1}`, "GET /users/search/")},
		{"usercom.search", "one missing", verify.Differs, respond(200, `[{"id":1}]`, "GET /users/search/")},
		{"usercom.search", "500", verify.Unknown, failing("GET /users/search/")},
		{"usercom.search-letter-case", "not found", verify.Differs, onQuery("EXAMPLE.COM", respond(200, `[]`, "GET /users/search/"))},
		{"usercom.search-letter-case", "500", verify.Unknown, failing("GET /users/search/")},
		{"usercom.invalid-input", "accepted", verify.Differs, respond(200, `{"created":false,"id":1}`, upsert, "invalid")},
		{"usercom.invalid-input", "field not named", verify.Differs, respond(400, `{"detail":"no"}`, upsert, "\"invalid\"")},
		{"usercom.invalid-input", "500", verify.Unknown, failing(upsert, "\"invalid\"")},
		{"usercom.unknown-user", "200", verify.Differs, respond(200, `{"id":1099511627776}`, "GET /users/1099511627776/")},
		{"usercom.unknown-user", "HTML", verify.Differs, respond(404, `<html>`, "GET /users/1099511627776/")},
		{"usercom.unknown-user", "500", verify.Unknown, failing("GET /users/1099511627776/")},
		{"usercom.deletion", "still found", verify.Differs, respond(204, ``, "DELETE /users/")},
		{"usercom.deletion", "500", verify.Unknown, failing("DELETE /users/")},
	}
	seen := make(map[string]map[verify.Verdict]bool)
	for _, tt := range tests {
		if seen[tt.fact] == nil {
			seen[tt.fact] = make(map[verify.Verdict]bool)
		}
		seen[tt.fact][tt.verdict] = true
		t.Run(tt.fact+", "+tt.name, func(t *testing.T) {
			run(t, func() (fakes, verify.Config, *changed) {
				f := newFakes()
				f.identifai.AddUser(identifai.UserInput{Name: "Bob", Email: "bob@example.org", PricingID: 1})
				provider, _, _ := strings.Cut(tt.fact, ".")
				config, server := f.config(provider, tt.change)
				return f, config, server
			}, func(_ fakes, report verify.Report, err error, server *changed) {
				require.NoError(t, err)
				got := finding(t, report, tt.fact)
				assert.Equal(t, tt.verdict, got.Verdict, got.Detail)
				assert.NotEmpty(t, got.Detail)
				assert.LessOrEqual(t, server.requests, maxRequests)
			})
		})
	}
	for _, provider := range providers {
		for _, fact := range factsOf(t, provider) {
			assert.True(t, seen[fact.ID][verify.Differs], "%s: add a case that differs", fact.ID)
			assert.True(t, seen[fact.ID][verify.Unknown], "%s: add a case that is unknown", fact.ID)
			for _, text := range []string{fact.Text, fact.Why, fact.Probe, fact.IfDiffers} {
				assert.NotEmpty(t, text, fact.ID)
			}
		}
	}
}

func TestRunDeletesItsUsersAfterInterrupt(t *testing.T) {
	for _, provider := range []string{"partoo", "usercom"} {
		for after := range 12 {
			synctest.Test(t, func(t *testing.T) {
				f := newFakes()
				partooUsers := len(f.partoo.Users())
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				config, server := f.config(provider, nil)
				server.change = func(r *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
					if server.requests == after+2 {
						cancel()
					}
					return next.RoundTrip(r)
				}
				report, err := verify.Run(ctx, config)
				require.NoError(t, err)
				assert.Len(t, f.partoo.Users(), partooUsers)
				assert.Empty(t, f.usercom.Users())
				assert.Empty(t, report.LeftBehind)
				if ctx.Err() != nil && report.Count(verify.Unknown) == 0 {
					assert.Less(t, server.requests, after+4, "interrupted at the last request")
				}
			})
		}
	}
}

func TestRunDeletesItsUserAfterLostResponse(t *testing.T) {
	for _, provider := range []string{"partoo", "usercom"} {
		for n := 2; n < 5; n++ {
			synctest.Test(t, func(t *testing.T) {
				f := newFakes()
				partooUsers := len(f.partoo.Users())
				config, server := f.config(provider, nil)
				server.change = func(r *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					if server.requests == n && err == nil {
						_ = resp.Body.Close()
						return nil, errors.New("connection reset")
					}
					return resp, err
				}
				_, err := verify.Run(t.Context(), config)
				require.NoError(t, err)
				assert.Len(t, f.partoo.Users(), partooUsers)
				assert.Empty(t, f.usercom.Users())
			})
		}
	}
}

// A search that ignores the email lists users that the run must not delete.
func TestCleanUpDeletesNoOtherUser(t *testing.T) {
	lost := false
	run(t, func() (fakes, verify.Config, *changed) {
		f := newFakes()
		f.partoo.AddUser(partootest.User{UserInput: partoo.UserInput{Email: "bob@example.org", FirstName: "Bob", LastName: "Ross"}})
		config, server := f.config("partoo", func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
			resp, err := withoutParameter("email")(r, body, next)
			if err == nil && !lost && match(r, body, "POST /v2/user") {
				lost = true
				_ = resp.Body.Close()
				return nil, errors.New("connection reset")
			}
			return resp, err
		})
		return f, config, server
	}, func(f fakes, report verify.Report, err error, _ *changed) {
		require.NoError(t, err)
		assert.True(t, lost)
		assert.Empty(t, report.LeftBehind)
		require.Len(t, f.partoo.Users(), 1)
	})
}

func TestRunReportsWhatItCannotDelete(t *testing.T) {
	for provider, path := range map[string]string{"partoo": "DELETE /v2/user", "usercom": "DELETE /users/"} {
		run(t, func() (fakes, verify.Config, *changed) {
			f := newFakes()
			config, server := f.config(provider, respond(500, `{}`, path))
			return f, config, server
		}, func(_ fakes, report verify.Report, err error, _ *changed) {
			require.NoError(t, err)
			require.NotEmpty(t, report.LeftBehind)
			assert.Contains(t, report.LeftBehind[0], "was created and not deleted")
		})
	}
}

func TestRunThatCannotStart(t *testing.T) {
	for _, provider := range providers {
		for name, c := range map[string]change{
			"API key rejected (401)": respond(401, `{}`, "GET "),
			"no permission (403)":    respond(403, `{}`, "GET "),
			"no response from the server": func(*http.Request, string, http.RoundTripper) (*http.Response, error) {
				return nil, errors.New("no route")
			},
		} {
			run(t, func() (fakes, verify.Config, *changed) {
				f := newFakes()
				config, server := f.config(provider, c)
				return f, config, server
			}, func(_ fakes, _ verify.Report, err error, server *changed) {
				require.ErrorContains(t, err, name)
				assert.Equal(t, 1, server.requests)
			})
		}
		run(t, func() (fakes, verify.Config, *changed) {
			f := newFakes()
			config, server := f.config(provider, nil)
			config.Confirm = func(string) error { return errors.New("not confirmed") }
			return f, config, server
		}, func(_ fakes, _ verify.Report, err error, server *changed) {
			require.ErrorContains(t, err, "not confirmed")
			assert.LessOrEqual(t, server.requests, 3, "only reads")
		})
	}
	_, err := verify.Run(t.Context(), verify.Config{Provider: "other"})
	require.ErrorContains(t, err, `unknown provider "other"`)
	_, err = verify.Run(t.Context(), verify.Config{Provider: "identifai", APIKey: "key"})
	require.ErrorContains(t, err, "email: must be an e-mail address")
}

// Any other server gives results and no panic.
func TestRunOnOtherServers(t *testing.T) {
	for _, provider := range providers {
		facts := factsOf(t, provider)
		for _, status := range []int{200, 204, 301, 400, 404, 422, 429, 500} {
			for _, body := range []string{``, `null`, `[]`, `{}`, `[null]`, `{"data":null}`, `{"data":[{"id":"x","email":1}]}`, `{"id":1,"created":true,"data":{"id":1}}`, `{"id":"a","users":[null]}`, `[{"id":1,"attributes":[1]}]`, `"x"`, `<html>`} {
				run(t, func() (fakes, verify.Config, *changed) {
					f := newFakes()
					config, server := f.config(provider, func(r *http.Request, body2 string, next http.RoundTripper) (*http.Response, error) {
						resp, err := respond(status, body, r.Method+" ")(r, body2, next)
						if err == nil && status == 301 {
							resp.Header.Set("Location", "/")
						}
						return resp, err
					})
					return f, config, server
				}, func(_ fakes, report verify.Report, err error, server *changed) {
					require.NoError(t, err)
					assert.Len(t, report.Findings, len(facts))
					assert.LessOrEqual(t, server.requests, maxRequests)
				})
			}
		}
	}
}

// One request every 2 s stays within the documented quotas.
func TestRunStaysWithinQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakes()
		f.identifai = identifaitest.NewServer(identifaitest.WithQuotas())
		f.identifai.AddUser(identifai.UserInput{Name: "Bob", Email: "bob@example.org", PricingID: 1})
		f.partoo = partootest.NewServer(partootest.WithQuotas())
		for _, provider := range []string{"identifai", "partoo"} {
			config, _ := f.config(provider, nil)
			report, err := verify.Run(t.Context(), config)
			require.NoError(t, err)
			for _, f := range report.Findings {
				assert.Equal(t, verify.Holds, f.Verdict, "%s: %s", f.ID, f.Detail)
			}
			for _, x := range report.Exchanges {
				assert.NotEqual(t, http.StatusTooManyRequests, x.Status)
			}
		}
	})
}
