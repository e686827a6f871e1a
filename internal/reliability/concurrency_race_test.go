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

// meeting holds back the first creates until all have come: everybody has
// searched and found nobody by then.
type meeting struct {
	next http.RoundTripper
	all  *sync.WaitGroup
	once sync.Once
}

func (m *meeting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/user") {
		m.once.Do(func() {
			m.all.Done()
			m.all.Wait()
		})
	}
	return m.next.RoundTrip(r)
}

// Two clients that know nothing of each other upsert one address. Whoever creates
// it, the other one finds it.
func TestTwoClientsRaceForOneAddress(t *testing.T) {
	outcomes := map[upsert.Outcome]int{}
	synctest.Test(t, func(t *testing.T) {
		for n := range races {
			server := partootest.NewServer()
			same := n%2 == 0 // both ask for the same
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
	figure(t, fmt.Sprintf("two clients race for one Partoo address, %d times", races), "%d created, %d updated, %d unchanged",
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
		transport := &meeting{next: bodycheck.Transport(t, server), all: &both}
		client, err := partoo.New(partootest.Key, append(server.Options(), rest.WithHTTPClient(&http.Client{Transport: transport}))...)
		require.NoError(t, err)
		runners.Go(func() { results[i], errs[i] = client.UpsertUser(t.Context(), u) })
	}
	runners.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	return results
}
