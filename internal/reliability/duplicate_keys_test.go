package reliability

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest/resttest"
)

// Of two values of a JSON key the last one counts; JSON leaves that to the reader. So a
// client cannot recognise a response with two ids as one of another user, unless it asked
// for the user by id: then the call fails. Otherwise it returns the other id or email; these
// calls are listed here. In any case no other user is written, and the user exists at
// most once.
func TestDuplicateJSONKeys(t *testing.T) {
	t.Parallel()
	returnsLastValue := []string{
		"identifai UpsertUser of a new user, create", "identifai SendCreationEmail, send",
		"identifai ListUsers, first page", "identifai ListUsers, second page", "identifai Pricings, list",
		"identifai Bulk.UpsertUser of a new user, create",
		"identifai Bulk.Preview, search", // no user is found: it would be created
		"partoo UpsertUser of a new user, create", "partoo UpsertUser after a reset, second create",
		"partoo Bulk.UpsertUser of a new user, create", "partoo CreateUser, create", "partoo Me, get",
		"partoo SearchUsers, first page", "partoo SearchUsers, second page", "partoo Bulk.Preview, search",
		"usercom UpsertUser of a new user, upsert", "usercom UpsertUser of an existing user, upsert",
		"usercom UpsertUser in version 2, upsert", "usercom Guard of an existing user, upsert",
	}
	for _, op := range operations() {
		for i, request := range op.requests {
			if request.covered {
				continue
			}
			name := op.provider + " " + op.name + ", " + request.name
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := op.start(connection{t: t, transport: func(server *resttest.Server) http.RoundTripper {
						return &alteration{next: server, n: int64(i + 1), alter: rewritten(func(v any) any { return wrongIDs{v, false} })}
					}})
					r, err := s.call(t.Context())
					problem := s.check(r, err)
					assert.Equal(t, slices.Contains(returnsLastValue, name), err == nil && problem != "",
						"%v %s: add %q to returnsLastValue if the client did not ask for the user by id", err, problem, name)
					if op.isUpsert() {
						states := []string{unchanged}
						for _, request := range op.requests {
							states = append(states, request.before, request.after)
						}
						assert.Contains(t, states, s.state())
						assert.True(t, err != nil || s.state() == op.requests[len(op.requests)-1].after, s.state())
					}
				})
			})
		}
	}
}
