package partoo_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
)

// A declared field must be in the schemas of the create request, the update request
// and the user in specs/partoo.yaml. Then the upsert, the list of Bulk, Preview and the
// fake handle it without other code.
func TestEveryDeclaredFieldIsHandledEverywhere(t *testing.T) {
	for _, f := range fields.List[partoo.UserInput]() {
		t.Run(f.Name, func(t *testing.T) {
			server := partootest.NewServer(partootest.WithRole(partoo.RoleProvider))
			client := connect(t, server, nil)
			bulk := func() *partoo.Bulk {
				bulk, err := client.Bulk(t.Context(), 2)
				require.NoError(t, err)
				return bulk
			}
			u := ada()
			if f.Name == "accesses" {
				u.Role = partoo.RoleGroupManager
			}
			f.Set(&u, fieldstest.Example(f, 0))
			result, err := client.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			require.Equal(t, upsert.Created, result.Outcome)
			assert.Contains(t, string(lastRequest(server).Body), `"`+f.Name+`":`, "add the property to the create request in the spec")
			stored, ok := server.User(u.Email)
			require.True(t, ok)
			if f.Name != "password" && f.Name != "send_invitation" {
				assert.Equal(t, f.Of(&u).Interface(), f.Of(&stored.UserInput).Interface(), "the fake stores what the create request contains")
			}
			result, err = client.UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Unchanged, result.Outcome, "add the property to the schema User")
			result, err = bulk().UpsertUser(t.Context(), u)
			require.NoError(t, err)
			assert.Equal(t, upsert.Unchanged, result.Outcome, "add the property to the schema User")

			if f.Name == "email" {
				return // another email is another user
			}
			changed := u
			f.Set(&changed, fieldstest.Example(f, 1))
			preview, err := bulk().Preview(t.Context(), changed)
			require.NoError(t, err)
			result, err = bulk().UpsertUser(t.Context(), changed)
			require.NoError(t, err)
			assert.Equal(t, preview.Result, result)
			if !f.Update {
				assert.Equal(t, upsert.Unchanged, result.Outcome, "only for new users")
				return
			}
			assert.Equal(t, upsert.Updated, result.Outcome, "add the property to the schema UpdateUserRequest, or the tag update:\"-\"")
			before := fieldOf(f, u)
			after := fieldOf(f, changed)
			assert.Equal(t, []upsert.Change{{Field: f.Name, Old: before, New: after}}, preview.Changes)
			stored, _ = server.User(u.Email)
			assert.Equal(t, f.Of(&changed).Interface(), f.Of(&stored.UserInput).Interface(), "the fake stores what the update request contains")
		})
	}
}

// fieldOf returns the value of a field without its pointer.
func fieldOf(f fields.Field, u partoo.UserInput) any {
	value := f.Of(&u)
	if f.Pointer {
		value = value.Elem()
	}
	return value.Interface()
}

func lastRequest(server *partootest.Server) resttest.Request {
	requests := server.Requests()
	return requests[len(requests)-1]
}
