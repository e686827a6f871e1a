package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestContradictionsAreReported(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "identifai")
	v.edit(mail, set("string"), "components", "schemas", "Pricing", "properties", "id", "type")
	v.edit(mail, set("other words"), "components", "schemas", "User", "description")

	code, report := drift(t, "identifai", v.save(write1, mail)...)

	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Contradictions, 1, "%+v", report)
	c := report.Contradictions[0]
	assert.Equal(t, "components.schemas.Pricing properties.id.type", c.Place)
	assert.Contains(t, c.First, `"integer" (`)
	assert.Contains(t, c.Second, `"string" (`)
	assert.Regexp(t, `page0[01]\.md: line \d+\)$`, c.Second)
	assert.Empty(t, report.Changes)
}

func TestPageThatAnnouncesAnotherOperation(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	page := write(t, t.TempDir(), "page.md", v.block(getUser, create))

	code, report := drift(t, "partoo", "--from", page)

	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Contradictions, 1)
	assert.Equal(t, getUser, report.Contradictions[0].Place)
}

func TestInvalidSources(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	v.edit(search, set("#/components/schemas/Nothing"), "paths", "/user/search", "get", "responses", "401", "$ref")
	v.edit(getUser, with("tlh"), "components", "schemas", "Lang", "enum")
	for _, c := range []struct{ name, old, replacement, reason string }{
		{"no YAML", "      operationId: ", "     operationId: ", "did not find expected"},
		{"key twice", "    post:\n", "    post: {}\n    post:\n", `duplicate key "post"`},
		{"other version", "openapi: 3.1.0", "openapi: 2.0.0", "want 3.0, 3.1"},
		{"no such type of value", "minLength: 8", "minLength: eight", "minLength"},
		{"another document", "'#/components/responses/400'", "other.yaml#/x", "refers to another document"},
		{"nowhere", "'#/components/responses/400'", "'#/components/responses/499'", "which does not exist"},
		{"never closed", "\n\n````\n", "\n", "never closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := v.text(create)
			require.Contains(t, text, c.old)
			broken := write(t, t.TempDir(), "broken.md", strings.Replace(text, c.old, c.replacement, 1))

			code, report := drift(t, "partoo", append(v.save(getUser), "--from", broken)...)

			assert.Equal(t, exitChanged|exitUnreadable, code)
			require.Len(t, report.Problems, 1)
			assert.Regexp(t, `broken\.md: line \d+: `, report.Problems[0])
			assert.Contains(t, report.Problems[0], c.reason)
			require.Len(t, report.Changes, 1, "the other page is compared: %+v", report)
			assert.Equal(t, `value "tlh" added`, report.Changes[0].What)
		})
	}
	code, report := drift(t, "partoo", v.save(search, getUser)...)
	assert.Equal(t, exitChanged|exitUnreadable, code)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "GET /user/search refers to #/components/schemas/Nothing")
	assert.Len(t, report.Contradictions, 1, "Lang is compared still")
}

// The line is that of the page, not that of its block.
func TestErrorsStateTheLineOfThePage(t *testing.T) {
	t.Parallel()
	page := "# Page\n\n````yaml get /user/me\nopenapi: 3.1.0\ninfo: {title: x, version: v2}\npaths:\n  /user/me:\n    get: [\n````\n"
	_, report := drift(t, "partoo", "--from", write(t, t.TempDir(), "page.md", page))
	require.Len(t, report.Problems, 1)
	assert.Regexp(t, `page\.md: line (8|9): `, report.Problems[0])
}

func TestUnreadableOperationIsNotReportedAsRemoved(t *testing.T) {
	t.Parallel()
	whole := specDocument(t, "partoo")
	whole["paths"].(map[string]any)["/user/me"].(map[string]any)["get"].(map[string]any)["responses"].(map[string]any)["401"] = map[string]any{"$ref": "#/components/responses/499"}
	code, report := drift(t, "partoo", "--from", write(t, t.TempDir(), "whole.json", canonical(whole)))
	assert.Equal(t, exitUnreadable, code)
	assert.Len(t, report.Problems, 1)
	assert.Empty(t, report.Changes)
}

func pageName(i int) string { return "/pages/" + strings.Repeat("p", i+1) + ".md" }

func indexOf(v vendor) string {
	index := "# Docs\n\n- [Guide](/guide.md): words\n- [Elsewhere](https://example.com/page.md)\n"
	for i := range keys(v.pages) {
		index += "- [Page](" + pageName(i) + "): words\n"
	}
	return index
}

// site serves a vendor's pages behind an index.
func site(t *testing.T, v vendor, more map[string]string) *httptest.Server {
	t.Helper()
	files := map[string]string{"/guide.md": "# A guide\n\nWords.\n"}
	for i, page := range keys(v.pages) {
		files[pageName(i)] = v.text(page)
	}
	files["/llms.txt"] = indexOf(v)
	for name, text := range more {
		files[name] = text
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, found := files[req.URL.Path]
		switch {
		case strings.HasPrefix(text, "-> "):
			http.Redirect(w, req, text[3:], http.StatusFound)
		case !found:
			http.NotFound(w, req)
		default:
			_, _ = w.Write([]byte(text))
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestIndexIsFollowed(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	server := site(t, v, nil)

	code, report := drift(t, "partoo", "--from", server.URL+"/llms.txt")
	assert.Equal(t, exitNoChange, code, "%+v", report)
	assert.Contains(t, strings.Join(report.Notes, "\n"), "1 links lead to another origin")
	assert.Contains(t, strings.Join(report.Notes, "\n"), "1 pages without OpenAPI")

	delete(v.pages, getUser)
	code, report = drift(t, "partoo", "--from", site(t, v, nil).URL+"/llms.txt")
	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1)
	assert.Equal(t, "operation removed", report.Changes[0].What)
}

// A page that cannot be read may hold what seems to be gone.
func TestUnreadablePageOfIndex(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	server := site(t, v, map[string]string{"/pages/p.md": "-> https://example.com/"})

	code, report := drift(t, "partoo", "--from", server.URL+"/llms.txt")

	assert.Equal(t, exitUnreadable, code)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "redirected to another origin")
	assert.Empty(t, report.Changes)
}

func TestProgressAndFormats(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	v.edit(create, with("tlh"), "components", "schemas", "Lang", "enum")
	v.edit(create, without("de"), "components", "schemas", "Lang", "enum")
	delete(v.pages, getUser)
	server := site(t, v, nil)
	for format, want := range map[string][]string{
		"text":     {"partoo: 1 breaking, 1 contradictory", "\nbreaking\n", "contradictions between", "  " + getUser + ": operation removed [spec: reference-page]\n    requests of"},
		"markdown": {"## partoo: 1 breaking", "### breaking\n\n| place | change | impact |\n| --- | --- | --- |\n", `| GET /user/{user\_id} \[spec`},
	} {
		var out, progress bytes.Buffer
		code := command(t.Context(), []string{"--provider", "partoo", "--every", "0s", "--format", format, "--from", server.URL + "/llms.txt"}, &out, &progress)
		assert.Equal(t, exitChanged, code)
		for _, text := range want {
			assert.Contains(t, out.String(), text)
		}
		assert.Contains(t, progress.String(), "partoo: page 1 of 7: "+server.URL+"/guide.md\n")
	}
}

func TestUnreadableSources(t *testing.T) {
	t.Parallel()
	huge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 11 {
			if _, err := w.Write(bytes.Repeat([]byte("# x\n"), 1<<18)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(huge.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	server := site(t, newVendor(t, "partoo"), nil)
	for source, want := range map[string]string{
		"http://example.com/openapi.yaml":     "plain http is for loopback hosts",
		"ftp://example.com/openapi.yaml":      "want a file or an https URL",
		"https://me:secret@example.com/":      "must not contain user info",
		"no-such-file.yaml":                   "no such file",
		closed.URL + "/llms.txt":              "is there a network? Saved copies can be compared with --from FILE",
		huge.URL + "/openapi.yaml":            "more than 10 MiB",
		server.URL + "/gone.md":               "404 Not Found",
		server.URL + "/guide.md":              "neither an OpenAPI document nor a page",
		"../specs/partoo.overlay.yaml":        "OpenAPI",
		"../specs/README.md":                  "neither an OpenAPI document",
		"https://no-such-host.invalid/a.yaml": "is there a network?",
	} {
		code, report := drift(t, "partoo", "--from", source)
		assert.Equal(t, exitUnreadable, code, source)
		require.Len(t, report.Problems, 1, source)
		assert.Contains(t, report.Problems[0], want)
		assert.NotContains(t, report.Problems[0], "secret")
	}
}

// A page that is not there may contain the operation that seems to be missing.
func TestDeadLinkOfIndex(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	delete(v.pages, getUser)
	server := site(t, v, map[string]string{"/llms.txt": indexOf(v) + "- [Page](/pages/gone.md): words\n"})

	code, report := drift(t, "partoo", "--from", server.URL+"/llms.txt")

	assert.Equal(t, exitUnreadable, code)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "404")
	assert.Equal(t, []string{getUser}, report.NotFound)
	assert.Empty(t, report.Changes)
}

func TestServerErrorsAreRetried(t *testing.T) {
	t.Parallel()
	document := canonical(specDocument(t, "identifai"))
	for _, status := range []int{500, 502, 503, 429} {
		failures := 2
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if failures--; failures >= 0 {
				w.WriteHeader(status)
				return
			}
			_, _ = w.Write([]byte(document))
		}))
		code, report := drift(t, "identifai", "--from", server.URL+"/openapi.json")
		server.Close()
		assert.Equal(t, exitNoChange, code, "%d: %+v", status, report)
	}
}

// An operation that usersync does not use does not hide changes in the others,
// and is listed.
func TestUnusedOperationWithInvalidReference(t *testing.T) {
	t.Parallel()
	for name, reference := range map[string]string{
		"missing": "#/components/schemas/Nothing", "of another kind": "#/components/schemas/UserId", "another file": "other.yaml#/x",
	} {
		whole := specDocument(t, "partoo")
		edit(t, whole, without("fr"), "components", "schemas", "Lang", "enum")
		edit(t, whole, set(object{"get": object{"parameters": []any{object{"$ref": reference}}, "responses": newStatus}}), "paths", "/x")

		code, report := drift(t, "partoo", "--from", write(t, t.TempDir(), "whole.json", canonical(whole)))

		assert.Equal(t, exitChanged, code, name)
		assert.Empty(t, report.Problems, name)
		require.Len(t, report.Changes, 1, name)
		assert.Contains(t, strings.Join(report.Notes, "\n"), "GET /x is not used and cannot be read", name)
	}
}

// Forms of YAML that mean the same document.
func TestFormsOfYAML(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../specs/partoo.yaml")
	require.NoError(t, err)
	text := string(source)
	for name, form := range map[string]string{
		"byte order mark": "\uFEFF" + text,
		"Windows":         strings.ReplaceAll(text, "\n", "\r\n"),
		"merge key":       strings.Replace(text, "    UserLastName:\n", "    Base: &base\n      type: string\n    UserLastName:\n      <<: *base\n", 1),
		"alias":           strings.Replace(strings.Replace(text, "    UserFirstName:\n", "    UserFirstName: &first\n", 1), "          first_name:\n            $ref: '#/components/schemas/UserFirstName'", "          first_name: *first", 1),
		"numbers":         strings.ReplaceAll(text, "'200':", "200:"),
	} {
		require.NotEqual(t, text, form, name)
		code, report := drift(t, "partoo", "--from", write(t, t.TempDir(), "openapi.yaml", form))
		assert.Equal(t, exitNoChange, code, "%s: %+v", name, report)
	}
}

func TestEverySpecHasSources(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		fields := specDocument(t, provider)["info"].(map[string]any)["x-provenance"].(map[string]any)
		from := texts(fields["from"])
		assert.NotEmpty(t, from, provider)
		for _, source := range from {
			u, err := address(source)
			require.NoError(t, err)
			require.NotNil(t, u, source)
			assert.Equal(t, "https", u.Scheme)
		}
	}
}
