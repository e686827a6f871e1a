package reliability

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest/resttest"
)

// decoyed writes the ids and addresses of objects two times, once with the value
// of somebody else: first, or last.
type decoyed struct {
	value     any
	lastRight bool
}

func (d decoyed) MarshalJSON() ([]byte, error) {
	object, ok := d.value.(map[string]any)
	if !ok {
		inner, _ := each(d.value, func(v any) any { return decoyed{v, d.lastRight} })
		return json.Marshal(inner)
	}
	var members [][]byte
	add := func(key string, value any) error {
		k, _ := json.Marshal(key)
		v, err := json.Marshal(decoyed{value, d.lastRight})
		members = append(members, slices.Concat(k, []byte(":"), v))
		return err
	}
	for key, value := range object {
		values := []any{value}
		if decoy := decoyOf(key, value); decoy != nil && d.lastRight {
			values = []any{decoy, value}
		} else if decoy != nil {
			values = []any{value, decoy}
		}
		for _, value := range values {
			if err := add(key, value); err != nil {
				return nil, err
			}
		}
	}
	return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}")), nil
}

// decoyOf is the id or address of somebody else, nil for other members.
func decoyOf(key string, value any) any {
	switch value := value.(type) {
	case float64:
		if key == "id" {
			return value + 1000
		}
	case string:
		if key == "id" || key == "user_id" || key == "email" {
			return "x" + value
		}
	}
	return nil
}

// Of two values of a key the last one counts, which JSON leaves to the reader. No
// client can tell such an answer from one that names another user. Where the user was
// asked for by id, that is an error. Elsewhere, what the vendor says is all there is
// to know: the caller is handed the other id or address, in the places listed here. The rest looks closer. A search
// that finds somebody else has not found the user asked for, nobody else is
// written, and the user exists at most once.
func TestDuplicateJSONKeys(t *testing.T) {
	t.Parallel()
	const named, failed = "success, with the last value", "error"
	expected := map[string]string{
		"identifai UpsertUser of a new user, create": named, "identifai UpsertUser by id, update": failed,
		"identifai UpsertUser of a taken address, search": failed, "identifai UpsertUser of a taken address, update": failed,
		"identifai UpsertUser after a lost answer, search": failed, "identifai UpsertUser after a lost answer, update": failed,
		"identifai FindUserByEmail, search": failed, "identifai SendCreationEmail, send": named,
		"identifai Users, first page": named, "identifai Users, second page": named, "identifai Pricings, list": named,
		"identifai Bulk.UpsertUser of a new user, create": named, "identifai Bulk.UpsertUser of a listed user, update": failed,
		"identifai Bulk.Preview, search":                 named, // of nobody: the user would be created
		"partoo UpsertUser of a new user, create":        named,
		"partoo UpsertUser after a reset, second create": named,
		"partoo Bulk.UpsertUser of a new user, create":   named,
		"partoo GetUser, get":                            failed, "partoo Me, get": named, "partoo SearchUsers, second page": named,
		"partoo Bulk.Preview, search":              named,
		"usercom UpsertUser of a new user, upsert": named, "usercom UpsertUser of a known user, upsert": named,
		"usercom UpsertUser with attributes, upsert": failed, // there is no such user to set them for
		"usercom FindUserByEmail, search":            failed, "usercom GetUser, get": failed, "usercom UpdateUser, update": failed,
	}
	for _, op := range operations() {
		for i, place := range op.places {
			if place.settled {
				continue
			}
			name := op.provider + " " + op.name + ", " + place.request
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := op.start(connection{t: t, transport: func(server *resttest.Server) http.RoundTripper {
						return &alteration{next: server, n: int64(i + 1), alter: rewritten(func(v any) any { return decoyed{v, false} })}
					}})
					problem, err := s.call(t.Context())
					got := ""
					switch {
					case err != nil:
						got = failed
					case problem != "":
						got = named
					}
					assert.Equal(t, expected[name], got, "%v %s", err, problem)
					if (testCase{operation: op}).aboutUpsert() {
						assert.NotContains(t, s.state(), "users")
						assert.NotContains(t, s.state(), "another")
						assert.True(t, err != nil || s.state() == "as asked", s.state())
					}
				})
			})
		}
	}
}
