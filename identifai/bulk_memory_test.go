package identifai_test

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

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
)

// page returns a page of a list with this number of users, in the format of the
// example on vendor page "Retrieve users".
func page(r *http.Request, users int) (*http.Response, error) {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		return nil, err
	}
	const day = "2025-03-12T11:30:25.000000Z"
	partner := map[string]any{
		"id": 221, "name": "Partner", "email": "partner@example.com", "email_verified_at": day, "created_at": day, "updated_at": day,
		"balance": 0, "heuristic": "Average", "readonly": false, "pricing": map[string]any{"id": 2, "name": "Pro", "sku": "pro"},
	}
	list := make([]map[string]any, 0, 100)
	for i := (number - 1) * 100; i < min(number*100, users); i++ {
		list = append(list, map[string]any{
			"id": i + 1, "name": fmt.Sprint("First Last ", i), "email": fmt.Sprintf("user%06d@example.com", i),
			"email_verified_at": day, "created_at": day, "updated_at": day, "balance": 0, "heuristic": "AverageExcludeObsolete",
			"readonly": false, "pricing": map[string]any{"id": 1, "name": "Basic", "sku": "basic"}, "partner": partner,
		})
	}
	body, err := json.Marshal(map[string]any{"current_page": number, "last_page": (users + 99) / 100, "total": users, "data": list})
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// The documentation of Bulk states the memory per listed user.
func TestBulkMemoryPerUser(t *testing.T) {
	const users = 10_000
	transport := transportFunc(func(r *http.Request) (*http.Response, error) { return page(r, users) })
	client, err := identifai.New(identifaitest.Key, rest.WithQuotas(), rest.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	before := heap()
	bulk, err := client.Bulk(t.Context(), users)
	require.NoError(t, err)
	each := (heap() - before) / users
	t.Logf("%d bytes a user", each)
	assert.Less(t, each, int64(500))
	runtime.KeepAlive(bulk)
}
