package usercom_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/fields/fieldstest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// A declared field must be in the spec's request of both versions. Then the request and
// the fake handle it without other code.
func TestEveryDeclaredFieldIsHandledEverywhere(t *testing.T) {
	for _, version := range []int{1, 2} {
		for _, f := range fields.List[usercom.UserInput]() {
			if f.Name == "tags" && version == 1 {
				continue
			}
			t.Run(f.Name, func(t *testing.T) {
				server := usercomtest.NewServer()
				client := newClient(t, server, usercom.WithVersion(version))
				u := usercom.UserInput{UserID: "4711"}
				for i := range 2 {
					f.Set(&u, fieldstest.Example(f, i))
					result, err := client.UpsertUser(t.Context(), u)
					require.NoError(t, err)
					user, ok := server.User(u.UserID)
					require.True(t, ok)
					assert.Equal(t, result.ID, user.ID)
					want := f.Of(&u).Interface()
					if f.Name == "tags" && i == 1 {
						want = []string{"Examp1e!", "Examp2e!"}
					}
					assert.Equal(t, want, f.Of(&user.UserInput).Interface(), "sent and stored by the fake")
				}
			})
		}
	}
}
