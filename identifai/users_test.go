package identifai_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

func TestSendCreationEmail(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		id := *server.AddUser(ada()).ID
		user, err := client.SendCreationEmail(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, "ada@example.com", user.Email)

		_, err = client.SendCreationEmail(t.Context(), 99)
		require.ErrorIs(t, err, rest.ErrNotFound)
		_, err = client.SendCreationEmail(t.Context(), 0)
		require.ErrorIs(t, err, rest.ErrInvalid)
		assert.Equal(t, []int64{id}, server.EmailsSent())
	})
}

func TestSendCreationEmailIsNotRetried(t *testing.T) {
	for name, fault := range map[string]resttest.Fault{"lost response": resttest.LostResponse(), "503": {Status: 503, Execute: true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				id := *server.AddUser(ada()).ID
				server.Fail(fault)
				_, err := client.SendCreationEmail(t.Context(), id)
				assert.Equal(t, rest.ExecutedMaybe, failure(t, err).Executed)
				assert.Len(t, server.EmailsSent(), 1)
			}, 503)
		})
	}
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		id := *server.AddUser(ada()).ID
		server.Fail(resttest.Throttle("5"))
		_, err := client.SendCreationEmail(t.Context(), id)
		require.NoError(t, err, "a 429 was not executed")
		assert.Len(t, server.EmailsSent(), 1)
	}, 429)
}

func TestPricingsAndCredits(t *testing.T) {
	for _, options := range [][]identifaitest.Option{nil, {identifaitest.WithUnwrappedResponses()}} {
		synctest.Test(t, func(t *testing.T) {
			client := connect(t, identifaitest.NewServer(options...), nil)
			pricings, err := client.Pricings(t.Context())
			require.NoError(t, err)
			require.Len(t, pricings, 3)
			assert.Equal(t, identifai.Pricing{ID: 2, Name: new("Pro"), SKU: new("pro")}, pricings[1])
			credits, err := client.Credits(t.Context())
			require.NoError(t, err)
			assert.Equal(t, identifai.Credits{AvailableCredits: 159, TotalSpent: 41}, credits)
		})
	}
}

func TestPricingsLists(t *testing.T) {
	tests := []struct {
		name, body, problem string
		want                []identifai.Pricing
	}{
		{"null entries", `{"data":[null,{"id":2,"name":null,"sku":null}]}`, "", []identifai.Pricing{{ID: 2}}},
		{"null entries, bare", `[null,{"id":2}]`, "", []identifai.Pricing{{ID: 2}}},
		{"no plans", `{"data":[]}`, "", []identifai.Pricing{}},
		{"no plans, bare", ` [] `, "", []identifai.Pricing{}},
		{"no id", `[{"id":2},{"name":"Pro"}]`, `no "id"`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pricings, err := clientWithResponse(t, 200, tt.body).Pricings(t.Context())
			assert.Equal(t, tt.want, pricings)
			if tt.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.problem)
		})
	}
}

// calls are all operations with valid input.
var calls = map[string]func(context.Context, *identifai.Client) error{
	"UpsertUser": func(ctx context.Context, c *identifai.Client) error {
		u := ada()
		u.ID = new(int64(1))
		_, err := c.UpsertUser(ctx, u)
		return err
	},
	"SendCreationEmail": func(ctx context.Context, c *identifai.Client) error {
		_, err := c.SendCreationEmail(ctx, 1)
		return err
	},
	"FindUserByEmail": func(ctx context.Context, c *identifai.Client) error {
		_, err := c.FindUserByEmail(ctx, "ada@example.com")
		return err
	},
	"ListUsers": func(ctx context.Context, c *identifai.Client) error {
		for _, err := range c.ListUsers(ctx, identifai.ListUsersParams{}) {
			return err
		}
		return nil
	},
	"Pricings": func(ctx context.Context, c *identifai.Client) error {
		_, err := c.Pricings(ctx)
		return err
	},
	"Credits": func(ctx context.Context, c *identifai.Client) error {
		_, err := c.Credits(ctx)
		return err
	},
}

func TestUnusableResponsesAreErrors(t *testing.T) {
	for operation, call := range calls {
		for name, body := range map[string]string{
			"empty": "", "null": "null", "no fields": "{}", "null in data": `{"data":null}`, "HTML": "<html>", "cut": `{"data":`, "text": `"x"`, "number": "7",
		} {
			t.Run(operation+" "+name, func(t *testing.T) {
				err := call(t.Context(), clientWithResponse(t, 200, body))
				e := failure(t, err)
				assert.Equal(t, operation, e.Operation)
				assert.Equal(t, 200, e.StatusCode)
				assert.Equal(t, rest.ExecutedYes, e.Executed)
				assert.Equal(t, body, string(e.Body))
			})
		}
	}
}

func TestCancelledContextsSendNothing(t *testing.T) {
	for operation, call := range calls {
		t.Run(operation, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				err := call(ctx, client)
				require.ErrorIs(t, err, context.Canceled)
				assert.Equal(t, operation, failure(t, err).Operation)
				assert.Empty(t, server.Requests())
			})
		})
	}
}

func TestAPIUsesTheSameStack(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(resttest.Throttle("1"))
		resp, err := client.API().GetCreditsWithResponse(t.Context())
		require.NoError(t, err)
		assert.InDelta(t, 159, resp.JSON200.AvailableCredits, 0)
		assert.NotContains(t, resp.HTTPResponse.Request.Header, "X-Api-Key")

		server.Fail(resttest.Status(403))
		_, err = client.API().GetCreditsWithResponse(t.Context())
		require.ErrorIs(t, err, rest.ErrForbidden)
	}, 403, 429)
}
