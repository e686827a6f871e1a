package identifai

import gen "github.com/usersync/usersync/gen/identifai"

// The types of parameters and results of a Client.
type (
	// User is a user in identifAI's responses. A field that is absent or null is
	// nil; a name or email that is absent is empty.
	User = gen.User
	// Pricing is a pricing plan.
	Pricing = gen.Pricing
	// Credits are the credits of the key's own user.
	Credits = gen.Credits
	// ListUsersParams are the filters of [Client.Users].
	ListUsersParams = gen.ListUsersParams
	// SortDirection is the direction of a list, "asc" or "desc".
	SortDirection = gen.SortDirection
)
