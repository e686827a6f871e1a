package wrappertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/usercom"
)

func TestZeroClientReturnsErrors(t *testing.T) {
	ctx := t.Context()
	_, err := new(identifai.Client).UpsertUser(ctx, identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 2})
	require.ErrorContains(t, err, "create it with New")
	_, err = new(identifai.Client).Bulk(ctx, 2)
	require.ErrorContains(t, err, "create it with New")
	_, err = new(partoo.Client).UpsertUser(ctx, partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "L", Role: partoo.RoleOrgAdmin})
	require.ErrorContains(t, err, "create it with New")
	_, err = new(partoo.Client).API().GetMyUser(ctx, nil)
	require.ErrorContains(t, err, "create it with New")
	_, err = new(usercom.Client).UpsertUser(ctx, usercom.UserInput{UserID: "4711"})
	require.ErrorContains(t, err, "create it with New")
}
