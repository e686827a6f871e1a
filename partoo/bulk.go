package partoo

import (
	"context"
	"fmt"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// Bulk upserts many users with fewer requests than [Client.UpsertUser]. Create it with
// [Client.Bulk]. It is safe for concurrent use.
type Bulk struct {
	client *Client
	list   *wrapper.UserList[User] // by email; nil if it was not read
}

// Bulk prepares the upsert of about this many users. It fetches the first page of
// the list of all users that the key may see, with 100 users per page. If the
// remaining pages are fewer than users, it reads them, and [Bulk.UpsertUser] needs
// no searches. Otherwise it drops the first page, and [Bulk.UpsertUser] works like
// [Client.UpsertUser].
//
// The number of requests, for M users of which W must be written, if N users exist:
//
//	Client.UpsertUser  M + W
//	N up to 100 M      N/100, rounded up, + W
//	N over 100 M       1 + M + W
//	M = 1              1 + W, without a list
//
// If 10,000 users exist and 100 of them have changed, that takes 40 seconds instead
// of 34 minutes, at 300 requests per minute.
//
// The list is used once per user; a second upsert of an email searches. A Bulk takes
// about 700 bytes for each existing user until that user is upserted, more for long
// lists of businesses.
//
// Start the run immediately after Bulk, because the list gets out of date: see
// [Bulk.UpsertUser]. The error is that of the list request: rest.ErrTooLarge if a
// page exceeds rest.WithResponseLimit, rest.ErrInvalid if users is less than 1.
// [Client.UpsertUser] may work nevertheless.
func (c *Client) Bulk(ctx context.Context, users int) (*Bulk, error) {
	const operation = "Bulk"
	var p check.Problems
	p.Positive("users", int64(users))
	if err := p.Err(provider, operation); err != nil {
		return nil, err
	}
	// Emails are unique, so in this order no two users change places.
	params := SearchUsersParams{DisplayBusinessIDs: new(true), PerPage: new(int64(maxPerPage)), OrderBy: new(gen.UserOrderEmail)}
	list, err := wrapper.ReadUserList(c.userPages(ctx, operation, params), users, listKeys, newCompactor())
	if err != nil {
		return nil, err
	}
	return &Bulk{client: c, list: list}, nil
}

// listKeys returns the keys of a listed user.
func listKeys(user User) []string { return []string{email.Key(user.Email)} }

// newCompactor returns a function that keeps the fields that are compared, and stores
// once what many users share: the other fields may take as much memory again.
func newCompactor() func(User) User {
	sidebars := make(map[string][]SidebarPage)
	return func(user User) User {
		user.SidebarPages = wrapper.Intern(sidebars, fmt.Sprint(user.SidebarPages), user.SidebarPages)
		compact := User{ID: user.ID, Email: user.Email}
		listed.Copy(&user, &compact)
		return compact
	}
}

// UpsertUser does the same as [Client.UpsertUser], with the same guarantees:
//
//	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
//
// A listed user is compared with the list: the fields that differ are sent, or
// nothing (Unchanged, without any request). A user that is not listed is created
// without a search, if the number of listed users equals the number that Partoo
// reported on every page. In all other cases UpsertUser searches: for the second
// upsert of an email, if several listed users have the email, if the listed user no
// longer exists, and if a create was rejected or its outcome is unknown. So users
// that were created or deleted meanwhile do no harm.
//
// Two kinds of changes by other clients since the list are not noticed. If they
// changed a user, the outcome may be Unchanged, or fields that were not sent keep
// that change; a user whose email was changed is still updated. And if they created
// a user, only Partoo's rejection of a used email prevents a second user
// (inference).
func (b *Bulk) UpsertUser(ctx context.Context, u UserInput) (result upsert.Result[string], err error) {
	ctx, end := b.client.rest.StartOperation(ctx, rest.Call{Operation: opUpsert, Secrets: []rest.Secret{u.OnCreate.Password}})
	defer func() { end(result.Outcome, err) }()
	if err := u.Validate(); err != nil {
		return upsert.Result[string]{}, err
	}
	return b.client.upsert(ctx, u, b.lookup(b.list.Take(u.Key())))
}

// Preview returns what UpsertUser would do with u, from the list or by a search,
// without writing. If the outcome is Updated, it contains the fields that would be
// sent. A new user has no ID, and is Created each time: users are previewed
// independently of each other. Preview does not predict errors of Partoo, only those
// of [UserInput.Validate].
func (b *Bulk) Preview(ctx context.Context, u UserInput) (upsert.Preview[string], error) {
	var preview upsert.Preview[string]
	if err := u.Validate(); err != nil {
		return preview, err
	}
	have, err := b.lookup(b.list.Get(u.Key()))(ctx, "Preview", u.Email)
	switch {
	case err != nil:
		return preview, err
	case have == nil:
		preview.Outcome = upsert.Created
		return preview, nil
	}
	request := changedFields(u.updateRequest(), *have)
	return wrapper.NewPreview(have.ID, compared.Changes(have, &request)), nil
}

// lookup returns the lookupFunc for a user of the list. It searches if the list does not
// show whether the user exists, or shows an invalid id: the search reports the problem if
// it remains.
func (b *Bulk) lookup(have *User, known bool) lookupFunc {
	if !known || have != nil && !isValidID(have.ID) {
		return b.client.findByEmail
	}
	return func(context.Context, string, string) (*User, error) { return have, nil }
}
