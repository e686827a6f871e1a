package identifai_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/upsert"
)

// writeOnly are the fields that responses never contain, so they are sent every time.
var writeOnly = map[string]bool{"password": true, "newsletter": true, "save_files": true}

// A declared field must be in the spec's request and user. Then the request, the
// comparison, Preview and the fake handle it without other code.
func TestEveryDeclaredFieldIsHandledEverywhere(t *testing.T) {
	for _, f := range fields.List[identifai.UserInput]() {
		if f.Name == "id" {
			continue // identifies the user
		}
		t.Run(f.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := identifaitest.NewServer()
				client := connect(t, server, nil)
				bulk := func() *identifai.Bulk {
					bulk, err := client.Bulk(t.Context(), 2)
					require.NoError(t, err)
					return bulk
				}
				stored := func() identifai.UserInput { return server.Users()[0] }
				u := ada()
				f.Set(&u, fieldstest.Example(f, 0))
				result, err := client.UpsertUser(t.Context(), u)
				require.NoError(t, err)
				require.Equal(t, upsert.Created, result.Outcome)
				user := stored()
				assert.Equal(t, f.Of(&u).Interface(), f.Of(&user).Interface(), "sent and stored by the fake")
				u.ID = &result.ID
				result, err = bulk().UpsertUser(t.Context(), u)
				require.NoError(t, err)
				assert.Equal(t, writeOnly[f.Name], result.Outcome == upsert.Updated, "add the property to the schema User")

				changed := u
				f.Set(&changed, fieldstest.Example(f, 1))
				preview, err := bulk().Preview(t.Context(), changed)
				require.NoError(t, err)
				result, err = bulk().UpsertUser(t.Context(), changed)
				require.NoError(t, err)
				assert.Equal(t, upsert.Updated, result.Outcome)
				assert.Equal(t, preview.Result, result.Result)
				require.Len(t, preview.Changes, 1)
				assert.Equal(t, f.Name, preview.Changes[0].Field)
				user = stored()
				assert.Equal(t, f.Of(&changed).Interface(), f.Of(&user).Interface(), "updated by the fake")
			})
		})
	}
}
