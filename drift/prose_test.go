package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const prosePage = `Write a user
Made-up words about writing a user.
Allowed attributes: assigned_to, city, company_id, country, email, facebook_url, first_name, gender, google_url, gravatar_url, last_name, linkedin_url, notifications, phone_number, region, score, status, timezone, twitter_url, unsubscribed, user_id.
POST
/users/update_or_create/
Data
Type
Description
user_id
string
Words
company_id
string
More words
curl -X POST -d '{
"user_id": "x"
}' "https://example.com/"
Response
{
"created": true,
"id": 1
}
var settings = {
`

func TestProse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, old, replacement string
		code                   int
		want                   string
	}{
		{"nothing", "", "", exitSame, ""},
		{"attribute added", "assigned_to, ", "assigned_to, birthday, ", exitChanged, "additive: field birthday added"},
		{"attribute gone", "gender, ", "", exitChanged, "breaking: field gender removed"},
		{"type", "company_id\nstring", "company_id\ninteger", exitChanged, "breaking: type changed from string to integer"},
		{"row that is new", "company_id\nstring", "birthday\nstring", exitChanged, "additive: field birthday added"},
		{"path", "/users/update_or_create/", "/users/upsert/", exitChanged, "breaking: is now POST /users/upsert/"},
		{"method", "POST\n/users", "PUT\n/users", exitChanged, "breaking: is now PUT /users/update_or_create/"},
		{"answer", `"id": 1`, `"id": "one"`, exitChanged, "breaking: id is not of type integer"},
		{"answer with more", `"id": 1`, `"id": 1, "key": "k"`, exitChanged, "additive: field key added"},
		{"no list", "Allowed attributes:", "Attributes:", exitProblems, "no list of allowed attributes"},
		{"no table", "Data\nType", "Name\nType", exitProblems, "no table of attributes"},
		{"unknown type", "company_id\nstring", "company_id\nuuid", exitProblems, `company_id has the type "uuid"`},
		{"no answer", "Response", "Answer", exitProblems, "no example of an answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, prosePage, c.old)
			code, report := drift(t, "usercom", "-from", write(t, t.TempDir(), "page.md", strings.Replace(prosePage, c.old, c.replacement, 1)))
			assert.Equal(t, c.code, code, "%+v", report)
			found := append([]string{}, report.Problems...)
			for _, change := range report.Changes {
				found = append(found, string(change.Group)+": "+change.What)
			}
			if c.want == "" {
				assert.Empty(t, found)
			} else {
				require.Len(t, found, 1)
				assert.Contains(t, found[0], c.want)
			}
			assert.Contains(t, report.Notes, unseen)
		})
	}
}

func TestProseInHTMLAndMarkdown(t *testing.T) {
	t.Parallel()
	list := strings.Split(prosePage, "\n")[2]
	answer := "Response\n{\"created\": true, \"id\": 1}\n"
	pages := map[string]string{
		"html": "<!doctype html><html><head><style>p {}</style><script>var x = '</p>';</script></head><body><p>" +
			strings.Replace(list, "Allowed attributes:", "<b>Allowed attributes:</b>", 1) +
			"</p><div>POST</div><div>/users/update_or_create/</div><table><tr><th>Data</th><th>Type</th><th>Description</th></tr><tr><td><code>user_id</code></td><td>string</td><td>a &amp; b</td></tr></table><h3>Response</h3><pre>{\"created\": true, \"id\": 1}</pre></body></html>",
		"markdown": "# Page\n\n" + list + "\n\n`POST /users/update_or_create/`\n\n| Data | Type | Description |\n| --- | --- | --- |\n| `user_id` | string | words |\n\n" + answer,
	}
	for kind, page := range pages {
		code, report := drift(t, "usercom", "-from", write(t, t.TempDir(), "page", page))
		assert.Equal(t, exitSame, code, "%s: %+v", kind, report)
	}
}
