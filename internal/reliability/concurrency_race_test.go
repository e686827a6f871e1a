package reliability

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const races = 200

// barrier delays the first create of each client until all have searched without a result.
type barrier struct {
	next http.RoundTripper
	all  *sync.WaitGroup
	once sync.Once
}

func (b *barrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/user") {
		b.once.Do(func() {
			b.all.Done()
			b.all.Wait()
		})
	}
	return b.next.RoundTrip(r)
}

// One of two independent clients creates the user, the other one finds it.
func TestTwoClientsUpsertTheSameNewEmail(t *testing.T) {
	outcomes := map[upsert.Outcome]int{}
	synctest.Test(t, func(t *testing.T) {
		for n := range races {
			server := partootest.NewServer()
			same := n%2 == 0 // the inputs are equal
			results := race(t, server, same)
			a, b := results[0], results[1]
			require.Equal(t, a.ID, b.ID)
			users := server.Users()
			require.Len(t, users, 1)
			require.Equal(t, users[0].ID, a.ID)
			if a.Outcome != upsert.Created {
				a, b = b, a
			}
			assert.Equal(t, upsert.Created, a.Outcome)
			want := upsert.Updated
			if same {
				want = upsert.Unchanged
			}
			assert.Equal(t, want, b.Outcome)
			outcomes[a.Outcome]++
			outcomes[b.Outcome]++
		}
	})
	figure(t, fmt.Sprintf("two clients upsert the same new Partoo email concurrently, %d times", races), "%d created, %d updated, %d unchanged",
		outcomes[upsert.Created], outcomes[upsert.Updated], outcomes[upsert.Unchanged])
}

func race(t *testing.T, server *partootest.Server, same bool) [2]upsert.Result[string] {
	t.Helper()
	var results [2]upsert.Result[string]
	var errs [2]error
	var both, runners sync.WaitGroup
	both.Add(2)
	for i := range results {
		u := partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: partoo.RolePublisher}
		if !same {
			u.FirstName = nth(i)
		}
		transport := &barrier{next: bodycheck.Transport(t, server), all: &both}
		client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: transport}))...)
		require.NoError(t, err)
		runners.Go(func() { results[i], errs[i] = client.UpsertUser(t.Context(), u) })
	}
	runners.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	return results
}
