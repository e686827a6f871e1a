package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const prosePage = `Skip to content
Write a user
Made-up words about writing a user.
Allowed attributes: assigned_to, city, company_id, country, email, facebook_url, first_name, gender, google_url, gravatar_url, last_name, linkedin_url, notifications, phone_number, region, score, status, timezone, twitter_url, unsubscribed, user_id.
POST
/users/update_or_create/
Data
Type
Description
user_id
string
Words about it
company_id
string
More words
curl -X POST -H "Authorization: Token <key>" -H "Content-Type: application/json" -d '{
"user_id": "x",
"first_name": "y"
}' "https://<app>.user.com/api/public/users/update_or_create/"
Response
{
"created": true,
"id": 1
}
var settings = {
`

// proseSpecs is a copy of the specs that contains the hash of a page.
func proseSpecs(t *testing.T, page string) string {
	t.Helper()
	dir := copiedSpecs(t)
	file := filepath.Join(dir, "usercom.yaml")
	spec, err := os.ReadFile(file)
	require.NoError(t, err)
	before, after, found := strings.Cut(string(spec), "user.com/pl/api/user/update-create-user/: ")
	require.True(t, found, "no hash in specs/usercom.yaml")
	hash := readArticle(page, "Update or Create user").hash()
	text := before + "user.com/pl/api/user/update-create-user/: " + hash + after[len(hash):]
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return dir
}

// driftProse compares a page with the specs, which contain the hash of known.
func driftProse(t *testing.T, known, page string) (int, Report) {
	t.Helper()
	return drift(t, "usercom", "--specs", proseSpecs(t, known), "--from", write(t, t.TempDir(), "page", page))
}

func TestProse(t *testing.T) {
	t.Parallel()
	const jsonHeader, data = `-H "Content-Type: application/json"`, "-d '{\n\"user_id\": \"x\",\n\"first_name\": \"y\"\n}'"
	for _, c := range []struct {
		name, old, replacement string
		code                   int
		want                   string
	}{
		{"nothing", "", "", 0, ""},
		{"white space", "Words about it", "Words  about\nit", 0, ""},
		{"date", "More words", "More words\nLast updated: March 3, 2026", 0, ""},
		{"attribute added", "assigned_to, ", "assigned_to, birthday, ", 1, "additive: field birthday added"},
		{"attribute removed", "gender, ", "", 1, "breaking: field gender removed"},
		{"type", "company_id\nstring", "company_id\ninteger", 1, "breaking: type changed from string to integer"},
		{"row added", "company_id\nstring", "birthday\nstring", 1, "additive: field birthday added"},
		{"row without a description", "company_id\nstring\nMore words\n", "birthday\ndate\n", 1, "additive: field birthday added"},
		{"unknown type is text", "company_id\nstring", "company_id\nuuid", 1, "check by hand: the text changed"},
		{"other headings", "Data\nType\nDescription", "Attribute\nType\nRequired\nDescription", 1, "check by hand: the text changed"},
		{"required", "Data\nType\nDescription\nuser_id\nstring", "Field\nType\nRequired\nDescription\nemail\nstring\nyes", 1, "breaking: email became required"},
		{"required key", "Data\nType\nDescription\nuser_id\nstring", "Field\nType\nRequired\nDescription\nuser_id\nstring\nyes", 1, "check by hand: the text changed"},
		{"byte order mark", "Skip to", "\uFEFFSkip to", 0, ""},
		{"path in the text", "\n/users/update_or_create/\n", "\n/users/upsert/\n", 1, "breaking: is now POST /users/upsert/"},
		{"path in the example", "/api/public/users/update_or_create/", "/api/public/users/upsert/", 1, "breaking: is now POST /users/upsert/"},
		{"method in the text", "POST\n/users", "PUT\n/users", 1, "breaking: is now PUT /users/update_or_create/"},
		{"method in the example", "curl -X POST", "curl -X PATCH", 1, "breaking: is now PATCH /users/update_or_create/"},
		{"method implied by the body", "curl -X POST", "curl", 1, "check by hand: the text changed"},
		{"host", "<app>.user.com", "<app>.user.io", 1, "breaking: server changed"},
		{"version in the URL", "/api/public/users", "/api/v2/public/users", 1, "breaking: server changed"},
		{"version in a header", jsonHeader, jsonHeader + ` -H "Accept: */*; version=2"`, 1, `breaking: the header Accept requests version "2", want none`},
		{"further header", jsonHeader, jsonHeader + ` -H "X-App: <app>"`, 1, "breaking: header X-App added"},
		{"authorization scheme", "Token <key>", "Bearer <key>", 1, "breaking: authorization scheme changed from Token to Bearer"},
		{"key in another header", "Authorization: Token <key>", "X-Api-Key: <key>", 1, "breaking: authorization scheme changed from Authorization: Token to the header X-Api-Key"},
		{"body key added", `"first_name": "y"`, `"first_name": "y", "birthday": "1815"`, 1, "additive: field birthday added"},
		{"body keys in an envelope", "-d '{\n\"user_id\": \"x\",\n\"first_name\": \"y\"\n}'", `-d '{"user": {"user_id": "x"}}'`, 1, "breaking: body keys are now user"},
		{"form encoding", data, "-d 'user_id=x&first_name=y'", 1, "breaking: encoding of the body changed"},
		{"form content type", "application/json", "application/x-www-form-urlencoded", 1, "breaking: encoding of the body changed"},
		{"multipart", data, "-F user_id=x", 1, "breaking: encoding of the body changed"},
		{"deprecated", "More words", "More words\nThis method is deprecated and will be removed.", 1, "documentation: deprecation notice"},
		{"example of another type", `"id": 1`, `"id": "one"`, 1, "check by hand: id is not of type integer"},
		{"example with more", `"id": 1`, `"id": 1, "key": "k"`, 1, "additive: field key added"},
		{"example with less", "\"created\": true,\n", "", 1, "check by hand: field created is missing"},
		{"example in an envelope", "{\n\"created\": true,\n\"id\": 1\n}", `{"data": {"created": true, "id": 1}}`, 1, "check by hand: the example is now in the envelope data"},
		{"other value", `"id": 1`, `"id": 2`, 1, "check by hand: the text changed"},
		{"sentence", "Made-up words", "Other words", 1, "check by hand: the text changed"},
		{"no list and no table", "Allowed attributes: ", "Attributes: ", 1, "check by hand: the text changed"},
		{"no response", "Response", "Result", 2, "no example of a response"},
		{"no request", "curl -X POST", "wget", 1, "check by hand: the text changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, prosePage, c.old)
			code, report := driftProse(t, prosePage, strings.Replace(prosePage, c.old, c.replacement, 1))
			found := append([]string{}, report.Problems...)
			for _, change := range report.Changes {
				found = append(found, string(change.Group)+": "+change.What)
			}
			if c.want == "" {
				assert.Empty(t, found)
			} else if assert.Len(t, found, 1) {
				assert.Contains(t, found[0], c.want)
			}
			assert.Equal(t, c.code, code, "%+v", report)
			assert.Contains(t, report.Notes, proseLimits)
		})
	}
}

// asHTML is the page as a site would show it, with navigation, scripts and dates.
func asHTML(page string) string {
	lines := strings.Split(strings.TrimPrefix(page, "Skip to content\n"), "\n")
	body := ""
	for i := 0; i < len(lines); i++ {
		switch line := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(lines[i]); {
		case line == "Data":
			body += "<table><tr><th>Data</th><th>Type</th><th>Description</th></tr>"
			for i += 3; i+2 < len(lines) && identifier.MatchString(lines[i]); i += 3 {
				body += fmt.Sprintf("<tr><td><code>%s</code></td><td>%s</td><td>%s</td></tr>", lines[i], lines[i+1], strings.Replace(lines[i+2], " ", "<br>\n", 1))
			}
			i--
			body += "</table>"
		case strings.HasPrefix(line, "curl") || strings.HasPrefix(line, "{"):
			body += "<pre><code>" + line
			for i++; i < len(lines) && lines[i] != "Response" && lines[i] != ""; i++ {
				body += "\n" + strings.NewReplacer("&", "&amp;", "<", "&lt;", "user_id", "<span>user_</span><span>id</span>").Replace(lines[i])
			}
			i--
			body += "</code></pre>"
		default:
			body += "<p>" + strings.Replace(line, "attributes:", "<b>attributes</b>:", 1) + "</p>"
		}
	}
	return "<!doctype html><html><head><title>x</title><style>p {}</style></head><body><nav><a href='/'>Home</a> deprecated</nav>" +
		"<article><script>var x = '</p>';</script><time>2026-01-01</time>" + body + "<p>Updated on 2 May 2026</p></article><footer>© 2026</footer></body></html>"
}

func asMarkdown(page string) string {
	text := strings.TrimPrefix(page, "Skip to content\n")
	text = strings.Replace(text, "POST\n/users/update_or_create/", "`POST /users/update_or_create/`", 1)
	text = strings.Replace(text, "Data\nType\nDescription\nuser_id\nstring\nWords about it\ncompany_id\nstring\nMore words\n",
		"\n| Data | Type | Description |\n| --- | --- | --- |\n| `user_id` | string | Words |\n|  |  | about it |\n| `company_id` | string | More words |\n\n", 1)
	return "# " + text
}

func TestProseInHTMLAndMarkdown(t *testing.T) {
	t.Parallel()
	plain := strings.TrimPrefix(prosePage, "Skip to content\n")
	for name, page := range map[string]string{"html": asHTML(prosePage), "markdown": asMarkdown(prosePage)} {
		code, report := driftProse(t, plain, page)
		assert.Equal(t, exitNoChange, code, "%s: %+v", name, report)

		changed := strings.Replace(page, "<td>string</td>", "<td>integer</td>", 1)
		changed = strings.Replace(changed, "| string |", "| integer |", 1)
		_, report = driftProse(t, plain, changed)
		require.Len(t, report.Changes, 1, name)
		assert.Equal(t, "type changed from string to integer", report.Changes[0].What)
	}
}
