package partoo_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
)

// organisation is a transport that lists this number of users, in the format of
// vendor page "User information".
type organisation int

func (users organisation) RoundTrip(r *http.Request) (*http.Response, error) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		return nil, err
	}
	list := make([]map[string]any, 0, 100)
	for i := (page - 1) * 100; i < min(page*100, int(users)); i++ {
		list = append(list, map[string]any{
			"id": fmt.Sprintf("5309c3a237bbc544%08x", i), "email": fmt.Sprintf("user%06d@example.com", i),
			"first_name": fmt.Sprint("First", i), "last_name": fmt.Sprint("Last", i), "org_id": 42, "role": "BUSINESS_MANAGER",
			"custom_role": "business_manager", "status": "active", "lang": "en", "disabled": false, "sso_only": false,
			"created_at": 1762000000 + i, "provider": "partoo", "accesses": []any{},
			"business_ids":       []string{fmt.Sprintf("5a1b2c3d4e5f6071%08x", i), fmt.Sprintf("5a1b2c3d4e5f6072%08x", i)},
			"sidebar_pages":      []string{"bulk_modification", "diffusion", "feedback_management", "messages", "posts", "presence_analytics", "review_analytics", "review_invite", "review_management"},
			"available_features": []string{"diffusion", "feedback_management", "messages", "posts", "review_invite", "review_management"},
		})
	}
	body, err := json.Marshal(map[string]any{"page": page, "max_page": (int(users) + 99) / 100, "count": users, "users": list})
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// The doc comment of Bulk states the memory per user.
func TestBulkMemoryPerUser(t *testing.T) {
	const users = 10_000
	client, err := partoo.New(partootest.Key, rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: organisation(users)}))
	require.NoError(t, err)
	before := heap()
	bulk, err := client.Bulk(t.Context(), users)
	require.NoError(t, err)
	each := (heap() - before) / users
	t.Logf("%d bytes a user", each)
	assert.Less(t, each, int64(800))
	runtime.KeepAlive(bulk)
}
