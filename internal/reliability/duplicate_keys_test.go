package reliability

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest/resttest"
)

// Of two values of a JSON key the last one counts; JSON leaves that to the reader. So a
// client cannot recognise a response with two ids as one of another user, unless it asked
// for the user by id: then the call fails. Otherwise it returns the other id or email, in
// the places listed here. In any case no other user is written, and the user exists at
// most once.
func TestDuplicateJSONKeys(t *testing.T) {
	t.Parallel()
	const returned, failed = "success, with the last value", "error"
	expected := map[string]string{
		"identifai UpsertUser of a new user, create": returned, "identifai UpsertUser by id, update": failed,
		"identifai UpsertUser of an existing email, search": failed, "identifai UpsertUser of an existing email, update": failed,
		"identifai UpsertUser after a lost response, search": failed, "identifai UpsertUser after a lost response, update": failed,
		"identifai FindUserByEmail, search": failed, "identifai SendCreationEmail, send": returned,
		"identifai Users, first page": returned, "identifai Users, second page": returned, "identifai Pricings, list": returned,
		"identifai Bulk.UpsertUser of a new user, create": returned, "identifai Bulk.UpsertUser of a listed user, update": failed,
		"identifai Bulk.Preview, search":                 returned, // no user is found: it would be created
		"partoo UpsertUser of a new user, create":        returned,
		"partoo UpsertUser after a reset, second create": returned,
		"partoo Bulk.UpsertUser of a new user, create":   returned,
		"partoo CreateUser, create":                      returned,
		"partoo GetUser, get":                            failed, "partoo Me, get": returned, "partoo SearchUsers, first page": returned, "partoo SearchUsers, second page": returned,
		"partoo Bulk.Preview, search":              returned,
		"usercom UpsertUser of a new user, upsert": returned, "usercom UpsertUser of an existing user, upsert": returned,
		"usercom UpsertUser in version 2, upsert": returned, "usercom Guard of an existing user, upsert": returned, "usercom CheckUpsert, upsert": failed,
		"usercom UpsertUser with attributes, upsert": failed, // the user whose attributes are set does not exist
		"usercom FindUserByEmail, search":            failed, "usercom GetUser, get": failed, "usercom UpdateUser, update": failed,
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
					problem, got := s.check(r, err), ""
					switch {
					case err != nil:
						got = failed
					case problem != "":
						got = returned
					}
					assert.Equal(t, expected[name], got, "%v %s", err, problem)
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
