package identifai_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
)

// collect returns the emails that a list yields, and its error.
func collect(t *testing.T, client *identifai.Client, params identifai.ListUsersParams) (emails []string, err error) {
	t.Helper()
	for user, failed := range client.ListUsers(t.Context(), params) {
		require.NoError(t, err, "an error ends the list")
		if failed != nil {
			assert.Zero(t, user)
			err = failed
			continue
		}
		emails = append(emails, user.Email)
	}
	return emails, err
}

func TestListUsersReadsAllPages(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addSimilar(server, 25)
		emails, err := collect(t, client, identifai.ListUsersParams{PerPage: new(int64(10))})
		require.NoError(t, err)
		assert.Len(t, emails, 25)
		require.Len(t, server.Requests(), 3)
		assert.Equal(t, "page=3&per_page=10", server.Requests()[2].Query.Encode())

		emails, err = collect(t, client, identifai.ListUsersParams{})
		require.NoError(t, err)
		assert.Len(t, emails, 25)
		assert.Len(t, server.Requests(), 4, "the default page size is 100")

		emails, err = collect(t, client, identifai.ListUsersParams{PerPage: new(int64(10)), Page: new(int64(3))})
		require.NoError(t, err)
		assert.Len(t, emails, 5)
	})
}

func TestListUsersFiltersAndSorts(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addSimilar(server, 3)
		server.AddUser(identifai.UserInput{Name: "Zoë", Email: "zoe@example.org", Heuristic: "Average", PricingID: 1})
		emails, err := collect(t, client, identifai.ListUsersParams{Search: new("ada+&=%"), PricingID: new(int64(2))})
		require.NoError(t, err)
		assert.Empty(t, emails)
		assert.Equal(t, "ada+&=%", server.Requests()[0].Query.Get("search"))

		emails, err = collect(t, client, identifai.ListUsersParams{
			Order: new("email"), Direction: new(identifai.SortDirection("desc")), PricingID: new(int64(2))})
		require.NoError(t, err)
		assert.Equal(t, []string{"x2.ada@example.com", "x1.ada@example.com", "x0.ada@example.com"}, emails)
	})
}

func TestListUsersStopsFetchingAfterBreak(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addSimilar(server, 25)
		for _, err := range client.ListUsers(t.Context(), identifai.ListUsersParams{PerPage: new(int64(10))}) {
			require.NoError(t, err)
			break
		}
		assert.Len(t, server.Requests(), 1)
	})
}

func TestListUsersReturnsEmptyList(t *testing.T) {
	bubble(t, func(t *testing.T, _ *identifaitest.Server, client *identifai.Client) {
		emails, err := collect(t, client, identifai.ListUsersParams{})
		require.NoError(t, err)
		assert.Empty(t, emails)
	})
}

func TestListUsersReportsEveryInvalidParameter(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		_, err := collect(t, client, identifai.ListUsersParams{
			Search: new("\xff"), Order: new(""), Direction: new(identifai.SortDirection("up")),
			PricingID: new(int64(0)), PerPage: new(int64(-1)), Page: new(int64(0)),
		})
		require.ErrorIs(t, err, rest.ErrInvalid)
		for _, field := range []string{"search", "order", "direction", "pricing_id", "per_page", "page"} {
			assert.Len(t, failure(t, err).Fields[field], 1, field)
		}
		assert.Empty(t, server.Requests())
	})
}

// A list that would never end, or end too early, is an error.
func TestListUsersFailsOnRepeatedPage(t *testing.T) {
	page := func(current, last int, ids ...int) string {
		body := fmt.Sprintf(`{"current_page":%d,"last_page":%d,"per_page":"2","data":[`, current, last)
		for i, id := range ids {
			if i > 0 {
				body += ","
			}
			body += fmt.Sprintf(`{"id":%d,"email":"u%d@example.com"}`, id, id)
		}
		return body + `]}`
	}
	tests := []struct {
		name    string
		pages   []string
		users   int
		problem string
	}{
		{"page is ignored", []string{page(1, 3, 1, 2), page(1, 3, 1, 2)}, 2, "requested page 2, got page 1"},
		{"pages repeat", []string{page(1, 3, 1, 2), page(2, 3, 1, 2)}, 2, "page 2 of 3 contains no new users"},
		{"overlap", []string{page(1, 2, 1, 2), page(2, 2, 2, 3)}, 3, ""},
		{"null entries", []string{`{"current_page":1,"last_page":1,"data":[null,{"id":1}]}`}, 1, ""},
		{"no list", []string{`{"current_page":1,"last_page":1}`}, 0, `no "data"`},
		{"no last_page", []string{`{"data":[{"id":1}]}`}, 0, `no "last_page"`},
		{"no id", []string{`{"current_page":1,"last_page":1,"data":[{"email":"a@b"}]}`}, 0, `no "id"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
				for _, body := range tt.pages {
					server.Fail(respond(200, body))
				}
				emails, err := collect(t, client, identifai.ListUsersParams{})
				assert.Len(t, emails, tt.users)
				if tt.problem == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, tt.problem)
				failure(t, err)
			}, 200)
		})
	}
}

func TestFindUserByEmail(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		addSimilar(server, 120)
		_, err := client.FindUserByEmail(t.Context(), "ada@example.com")
		require.ErrorIs(t, err, rest.ErrNotFound)
		assert.Len(t, server.Requests(), 2, "a partial match does not count")

		id := *server.AddUser(ada()).ID
		user, err := client.FindUserByEmail(t.Context(), "ADA@example.com")
		require.NoError(t, err)
		assert.Equal(t, id, user.ID)

		server.AddUser(ada())
		_, err = client.FindUserByEmail(t.Context(), "ada@example.com")
		require.ErrorIs(t, err, rest.ErrConflict)

		_, err = client.FindUserByEmail(t.Context(), "ada")
		require.ErrorIs(t, err, rest.ErrInvalid)
	})
}

// The directions that the check allows are those of the spec.
func TestSortDirections(t *testing.T) {
	var names []string
	for _, parameter := range spectest.Load(t, "identifai").Paths.Find("/api/partner/users").Get.Parameters {
		if parameter.Value.Name == "direction" {
			for _, value := range parameter.Value.Schema.Value.Enum {
				names = append(names, value.(string))
			}
		}
	}
	slices.Sort(names)
	client, err := identifai.New("key")
	require.NoError(t, err)
	_, err = collect(t, client, identifai.ListUsersParams{Direction: new(identifai.SortDirection("x"))})
	assert.ErrorContains(t, err, "direction: must be one of "+strings.Join(names, ", "))
}
