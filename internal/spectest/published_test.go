package spectest

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type errorRecorder struct {
	testing.TB
	problems []string
}

func (n *errorRecorder) Helper() {}

func (n *errorRecorder) Errorf(format string, args ...any) {
	n.problems = append(n.problems, fmt.Sprintf(format, args...))
}

type fixed string

func (f fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(f))), Request: r}, nil
}

// All requests match the published specs, so the test removes parts of one.
func TestRequestsAreComparedWithThePublishedSpec(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path, body, want string
	}{
		"field":     {"/v2/user/42", `{"first_name":"Ada"}`, `spectest: partoo updateUser: request, as published: body: /: property "first_name" is unsupported`},
		"operation": {"/v2/user/42/invite", "", `spectest: partoo inviteUser: request, as published: not in the spec: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(Dir(t), "partoo.yaml"))
			require.NoError(t, err)
			delete(doc.Paths.Find("/user/{user_id}").Post.RequestBody.Value.Content.Get("application/json").Schema.Value.Properties, "first_name")
			doc.Paths.Delete("/user/{user_id}/invite")
			n := &errorRecorder{TB: t}
			tr := &transport{t: n, provider: "partoo", next: fixed(`{"id":"42","status":"success"}`), specs: specs{specsOf(t, "partoo").corrected, newRouter(t, doc)}}
			req, err := http.NewRequest(http.MethodPost, "https://api.partoo.co"+test.path, strings.NewReader(test.body))
			require.NoError(t, err)
			if test.body == "" {
				req.Body = nil
			}
			req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "X-Apikey": {"k"}}

			_, err = tr.RoundTrip(req)

			require.NoError(t, err)
			require.Len(t, n.problems, 1)
			assert.Contains(t, n.problems[0], test.want)
		})
	}
}

func TestObserveReportsPublishedSpecProblems(t *testing.T) {
	t.Parallel()
	var got []string
	observe := Observe(func(id string, status int, published []string) {
		got = append(got, fmt.Sprint(id, " ", status, " ", published))
	})
	tr := Transport(t, "identifai", fixed(`{"current_page":1,"last_page":1,"per_page":"15","data":[{"id":7,"name":"Ada","email":"a@b.co","balance":null}]}`), observe)
	req, err := http.NewRequest(http.MethodGet, "https://h/api/partner/users", nil)
	require.NoError(t, err)
	req.Header = http.Header{"Accept": {"application/json"}, "X-Api-Key": {"k"}}

	_, err = tr.RoundTrip(req)

	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "listUsers 200 [")
	assert.Contains(t, got[0], "body: /data/*/balance: Value is not nullable")
	assert.Contains(t, got[0], "body: /per_page: value must be an integer")
}
