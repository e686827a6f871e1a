package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
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

	code, report := drift(t, "partoo", "-from", page)

	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Contradictions, 1)
	assert.Equal(t, getUser, report.Contradictions[0].Place)
}

func TestWhatDoesNotLoad(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	v.edit(search, set("#/components/schemas/Nothing"), "paths", "/user/search", "get", "responses", "401", "$ref")
	v.edit(getUser, with("tlh"), "components", "schemas", "Lang", "enum")
	for _, c := range []struct{ name, old, replacement, reason string }{
		{"no YAML", "      operationId: ", "     operationId: ", "did not find expected"},
		{"key twice", "    post:\n", "    post: {}\n    post:\n", `"post" stands there twice`},
		{"other version", "openapi: 3.1.0", "openapi: 2.0.0", "want 3.0 or 3.1"},
		{"no such type of value", "minLength: 8", "minLength: eight", "minLength"},
		{"another document", "'#/components/responses/400'", "other.yaml#/x", "refers to another document"},
		{"nowhere", "'#/components/responses/400'", "'#/components/responses/499'", "which is not there"},
		{"never closed", "\n\n````\n", "\n", "never closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := v.text(create)
			require.Contains(t, text, c.old)
			broken := write(t, t.TempDir(), "broken.md", strings.Replace(text, c.old, c.replacement, 1))

			code, report := drift(t, "partoo", append(v.save(getUser), "-from", broken)...)

			assert.Equal(t, exitProblems, code)
			require.Len(t, report.Problems, 1)
			assert.Regexp(t, `broken\.md: line \d+: `, report.Problems[0])
			assert.Contains(t, report.Problems[0], c.reason)
			require.Len(t, report.Changes, 1, "the other page is compared: %+v", report)
			assert.Equal(t, `value "tlh" added`, report.Changes[0].What)
		})
	}
	code, report := drift(t, "partoo", v.save(search, getUser)...)
	assert.Equal(t, exitProblems, code)
	require.Len(t, report.Problems, 1)
	assert.Contains(t, report.Problems[0], "GET /user/search refers to #/components/schemas/Nothing")
	assert.Len(t, report.Contradictions, 1, "Lang is compared still")
}

// The line is that of the page, not that of its block.
func TestLineOfAMistake(t *testing.T) {
	t.Parallel()
	page := "# Page\n\n````yaml get /user/me\nopenapi: 3.1.0\ninfo: {title: x, version: v2}\npaths:\n  /user/me:\n    get: [\n````\n"
	_, report := drift(t, "partoo", "-from", write(t, t.TempDir(), "page.md", page))
	require.Len(t, report.Problems, 1)
	assert.Regexp(t, `page\.md: line (8|9): `, report.Problems[0])
}

func TestUnreadableOperationIsNotGone(t *testing.T) {
	t.Parallel()
	whole := ourDocument(t, "partoo")
	whole["paths"].(map[string]any)["/user/me"].(map[string]any)["get"].(map[string]any)["responses"].(map[string]any)["401"] = map[string]any{"$ref": "#/components/responses/499"}
	code, report := drift(t, "partoo", "-from", write(t, t.TempDir(), "whole.json", canonical(whole)))
	assert.Equal(t, exitProblems, code)
	assert.Len(t, report.Problems, 1)
	assert.Empty(t, report.Changes)
}

// site serves a vendor's pages behind an index.
func site(t *testing.T, v vendor, more map[string]string) *httptest.Server {
	t.Helper()
	files := map[string]string{"/guide.md": "# A guide\n\nWords.\n"}
	index := "# Docs\n\n- [Guide](/guide.md): words\n- [Elsewhere](https://example.com/page.md)\n"
	for i, page := range keys(v.pages) {
		name := "/pages/" + strings.Repeat("p", i+1) + ".md"
		files[name] = v.text(page)
		index += "- [Page](" + name + "): words\n"
	}
	files["/llms.txt"] = index
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

	code, report := drift(t, "partoo", "-from", server.URL+"/llms.txt")
	assert.Equal(t, exitSame, code, "%+v", report)
	assert.Contains(t, strings.Join(report.Notes, "\n"), "1 links lead somewhere else")
	assert.Contains(t, strings.Join(report.Notes, "\n"), "1 pages without OpenAPI")

	delete(v.pages, getUser)
	code, report = drift(t, "partoo", "-from", site(t, v, nil).URL+"/llms.txt")
	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1)
	assert.Equal(t, "operation removed", report.Changes[0].What)
}

// A page that cannot be read may hold what seems to be gone.
func TestPageOfAnIndexIsMissing(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	server := site(t, v, map[string]string{"/pages/p.md": "-> https://example.com/"})

	code, report := drift(t, "partoo", "-from", server.URL+"/llms.txt")

	assert.Equal(t, exitProblems, code)
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
		"text":     {"partoo: 1 breaking, 1 contradictory", "\nbreaking\n", "contradictions between", "  " + getUser + ": operation removed [ours: reference-page]\n    the wrapper"},
		"markdown": {"## partoo: 1 breaking", "### breaking\n\n| place | change | for our code |\n| --- | --- | --- |\n", `| GET /user/{user\_id} \[ours`},
	} {
		var out, progress bytes.Buffer
		code := command(t.Context(), []string{"-provider", "partoo", "-every", "0s", "-format", format, "-from", server.URL + "/llms.txt"}, &out, &progress)
		assert.Equal(t, exitChanged, code)
		for _, text := range want {
			assert.Contains(t, out.String(), text)
		}
		assert.Contains(t, progress.String(), "partoo: page 1 of 7: "+server.URL+"/guide.md\n")
	}
}

func TestSourcesThatCannotBeRead(t *testing.T) {
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
		"ftp://example.com/openapi.yaml":      "want a file or an https address",
		"https://me:secret@example.com/":      "must not hold user info",
		"no-such-file.yaml":                   "no such file",
		closed.URL + "/llms.txt":              "is there a network? Saved copies can be compared with -from FILE",
		huge.URL + "/openapi.yaml":            "more than 10 MiB",
		server.URL + "/gone.md":               "404 Not Found",
		server.URL + "/guide.md":              "neither an OpenAPI document nor a page",
		"../specs/partoo.overlay.yaml":        "OpenAPI",
		"../specs/README.md":                  "neither an OpenAPI document",
		"https://no-such-host.invalid/a.yaml": "is there a network?",
	} {
		code, report := drift(t, "partoo", "-from", source)
		assert.Equal(t, exitProblems, code, source)
		require.Len(t, report.Problems, 1, source)
		assert.Contains(t, report.Problems[0], want)
		assert.NotContains(t, report.Problems[0], "secret")
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"want one of identifai, partoo, usercom": {"-provider", "other"},
		"-from needs -provider":                  {"-from", "x.yaml"},
		"want one of json, markdown, text":       {"-format", "xml"},
		"sources come with -from":                {"-provider", "partoo", "x.yaml"},
		"must not be negative":                   {"-every", "-1s"},
	} {
		var out, errOut bytes.Buffer
		assert.Equal(t, exitProblems, command(t.Context(), args, &out, &errOut))
		assert.Contains(t, errOut.String(), want)
		assert.Empty(t, out.String())
	}
}

func TestEveryDocumentHasAProvenance(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		fields := ourDocument(t, provider)["info"].(map[string]any)["x-provenance"].(map[string]any)
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
