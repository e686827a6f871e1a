package wrappertest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/everycall"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
)

// rejectAll is a transport that fails the test.
type rejectAll struct{ t *testing.T }

func (r rejectAll) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("%s %s was sent", req.Method, req.URL.Path)
	return nil, errors.New("sent")
}

func TestNilContextIsAnErrorOfEveryMethod(t *testing.T) {
	for provider, operations := range map[string]everycall.Operations{
		"identifai": everycall.Identifai, "partoo": everycall.Partoo, "usercom": everycall.UserCom,
	} {
		all, err := operations(rest.WithHTTPClient(&http.Client{Transport: rejectAll{t}}), rest.WithBaseURL("https://acme.test"))
		require.NoError(t, err)
		for _, operation := range all {
			if strings.HasPrefix(operation.Name, "API.") || strings.HasPrefix(operation.Name, "Bulk.") {
				continue // net/http panics itself; a Bulk cannot be made
			}
			t.Run(provider+" "+operation.Name, func(t *testing.T) {
				var none context.Context
				_, err := operation.Call(none)
				if err != nil {
					assert.ErrorContains(t, err, "the context is nil")
				}
			})
		}
	}
}

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
