package wrappertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// outcomes is an observer that records the results of operations, and the names that
// the specs do not contain.
type outcomes struct {
	mu       sync.Mutex
	ended    []string
	requests int
	paused   time.Duration
	unknown  []rest.Event
}

func (o *outcomes) Observe(_ context.Context, e rest.Event) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e.Kind {
	case rest.OperationEnded:
		o.ended = append(o.ended, e.Operation+" "+e.Outcome)
	case rest.WaitEnded:
		if e.Reason == rest.WaitOutage {
			o.paused += e.Duration
		}
	case rest.AttemptStarted:
		o.requests++
	case rest.UnknownField, rest.UnknownValue:
		o.unknown = append(o.unknown, e)
	}
	return nil
}

// A pause of upsert.All is a wait with the reason outage.
func TestObserverGetsPausesOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, server := new(outcomes), partootest.NewServer()
		client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithObserver(o))...)
		require.NoError(t, err)
		var users []partoo.UserInput
		for i := range 20 {
			users = append(users, partoo.UserInput{Email: fmt.Sprintf("user%d@example.com", i), FirstName: "A", LastName: "B", Role: partoo.RoleOrgAdmin})
		}
		server.Fail(resttest.Status(500).Repeat(-1))
		time.AfterFunc(time.Minute, server.ClearFaults)
		start := time.Now()
		for item := range upsert.All(t.Context(), slices.Values(users), client.UpsertUser, upsert.WithWorkers(1)) {
			require.NoError(t, item.Err)
		}
		assert.Less(t, time.Since(start), 2*time.Minute)
		assert.Greater(t, o.paused, 30*time.Second)
		assert.Less(t, o.paused, 2*time.Minute)
	})
}

// An upsert is one operation, however many requests it needs, and the responses that
// the specs describe contain nothing unknown.
func TestObserverGetsOneOperationForEachUpsert(t *testing.T) {
	ctx := t.Context()
	t.Run("identifai", func(t *testing.T) {
		o, server := new(outcomes), identifaitest.NewServer()
		client, err := identifai.New(identifaitest.Key, append(server.Options(), rest.WithObserver(o))...)
		require.NoError(t, err)
		u := identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 2}
		for range 2 {
			_, err = client.UpsertUser(ctx, u)
			require.NoError(t, err)
		}
		bulk, err := client.Bulk(ctx, 2)
		require.NoError(t, err)
		_, err = bulk.UpsertUser(ctx, u)
		require.NoError(t, err)
		_, err = client.Pricings(ctx)
		require.NoError(t, err)
		_, err = client.Credits(ctx)
		require.NoError(t, err)
		_, err = client.UpsertUser(ctx, identifai.UserInput{})
		require.Error(t, err)
		assert.Equal(t, []string{
			"UpsertUser created", "UpsertUser updated", "Bulk success", "UpsertUser unchanged", "Pricings success", "Credits success", "UpsertUser failed",
		}, o.ended)
		assert.Equal(t, 1+3+1+0+1+1, o.requests)
		for _, e := range o.unknown {
			assert.Equal(t, "path", e.Name, "the fake sends it as Laravel does; the spec does not contain it")
		}
	})
	t.Run("partoo", func(t *testing.T) {
		o, server := new(outcomes), partootest.NewServer()
		client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithObserver(o))...)
		require.NoError(t, err)
		u := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RoleOrgAdmin}
		result, err := client.UpsertUser(ctx, u)
		require.NoError(t, err)
		u.LastName = "King"
		for range 2 {
			_, err = client.UpsertUser(ctx, u)
			require.NoError(t, err)
		}
		_, err = client.GetUser(ctx, result.ID)
		require.NoError(t, err)
		require.NoError(t, client.DeleteUser(ctx, result.ID))
		assert.Equal(t, []string{"UpsertUser created", "UpsertUser updated", "UpsertUser unchanged", "GetUser success", "DeleteUser success"}, o.ended)
		assert.Equal(t, 2+2+1+1+1, o.requests)
		assert.Empty(t, o.unknown)
	})
	t.Run("usercom", func(t *testing.T) {
		o, server := new(outcomes), usercomtest.NewServer()
		client, err := usercom.New("", usercomtest.Key, append(server.Options(), rest.WithObserver(o))...)
		require.NoError(t, err)
		u := usercom.UserInput{UserID: "4711", Email: "ada@example.com", Attributes: map[string]any{"plan": "pro"}}
		for range 2 {
			_, err = client.UpsertUser(ctx, u)
			require.NoError(t, err)
		}
		_, err = client.FindUserByEmail(ctx, "ada@example.com")
		require.NoError(t, err)
		assert.Equal(t, []string{"UpsertUser created", "UpsertUser updated", "FindUserByEmail success"}, o.ended)
		assert.Equal(t, 2+2+1, o.requests)
		assert.Empty(t, o.unknown)
	})
}
