package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// The whole command without its process, with servers from the environment. One user for
// identifAI, the whole file for the others: identifAI's quota is one write per second of
// real time.
func TestOverLoopback(t *testing.T) {
	identifai, partoo, usercom := identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()
	for _, server := range []*resttest.Server{identifai.Server, partoo.Server, usercom.Server} {
		server.Start()
		defer server.Close()
	}
	env := map[string]string{
		"IDENTIFAI_API_KEY": identifaitest.Key, "IDENTIFAI_BASE_URL": identifai.URL,
		"PARTOO_API_KEY": partootest.Key, "PARTOO_BASE_URL": partoo.URL + "/v2",
		"USERCOM_API_KEY": usercomtest.Key, "USERCOM_BASE_URL": usercom.URL + "/api/public/",
	}
	data, err := os.ReadFile(usersFile)
	require.NoError(t, err)
	file := strings.SplitAfter(string(data), "\n")
	zoe := file[0] + file[3]

	got := usersyncIn(t.Context(), env, zoe, "upsert", "--provider", three, "-").ordered()
	assert.Equal(t, output{exitOK, lines(
		"identifai  line 2  created    1  zoe.muller@example.org",
		"partoo     line 2  created    5309c3a237bbc54400000001  zoe.muller@example.org",
		"usercom    line 2  created    1  zoe.muller@example.org",
		"",
		"identifai  1 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0",
		"partoo     1 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0",
		"usercom    1 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; 429 responses: 0",
	), ""}, got)

	got = usersyncIn(t.Context(), env, "", "upsert", "--provider", "partoo", usersFile)
	assert.Equal(t, exitOK, got.status, got.out)
	assert.Contains(t, got.out, "11 created, 0 updated, 1 unchanged,")
	got = usersyncIn(t.Context(), env, "", "upsert", "--provider", "usercom", usersFile)
	assert.Equal(t, exitOK, got.status, got.out)
	assert.Contains(t, got.out, "11 created, 1 updated, 0 unchanged,")

	person, ok := identifai.User("zoe.muller@example.org")
	require.True(t, ok)
	assert.Equal(t, "Müller, Zoë", person.Name)
	manager, ok := partoo.User("zoe.muller@example.org")
	require.True(t, ok)
	assert.Equal(t, []string{"5a1b3c", "5a1b3d"}, manager.BusinessIDs)
	contact, ok := usercom.User("cust-1003")
	require.True(t, ok)
	assert.Equal(t, "Nordrhein-Westfalen, Deutschland", contact.Region)
	assert.Equal(t, map[string]any{"plan": "basic"}, contact.Attributes)
}

// A rejected API key is rejected for all users.
func TestRejectedKeyStopsItsProvider(t *testing.T) {
	partoo := partootest.NewServer()
	partoo.Start()
	defer partoo.Close()
	env := map[string]string{"PARTOO_API_KEY": "wrong", "PARTOO_BASE_URL": partoo.URL + "/v2"}
	got := usersyncIn(t.Context(), env, four, "upsert", "--provider", "partoo", "-")
	assert.Equal(t, output{exitFailed, lines(
		"",
		"partoo     0 created, 0 updated, 0 unchanged, 0 failed, 4 not sent; 429 responses: 0",
		"",
		"partoo     4 users not sent: API key rejected: partoo: Bulk: GET /v2/user/search: 401 Unauthorized: User not authenticated",
	), ""}, got)
	assert.Len(t, partoo.Requests(), 1)
}
