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
	list   *wrapper.UserList[User] // by email; nil: search for every user
}

// Bulk prepares a run that upserts about this number of users. It reads the list of all
// users that the key may see, in pages of 100, so that [Bulk.UpsertUser] needs no searches.
// If the list has more pages than users, Bulk drops the first one, and [Bulk.UpsertUser]
// works like [Client.UpsertUser]; if users is 1, without any request. If 10,000 users exist
// and 100 of them changed, a run takes 40 seconds instead of 34 minutes.
//
// A listed user serves one upsert; a second one searches. A Bulk uses about 700 bytes per
// listed user until then, more for long lists of businesses, and 100 bytes for each user.
//
// Start the run immediately: the list becomes outdated. The error is that of the list;
// [Client.UpsertUser] may work nevertheless. It matches rest.ErrInvalid if users is less
// than 1, and rest.ErrTooLarge if a page exceeds rest.WithResponseLimit.
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
// A listed user is compared with the list: the fields that differ are sent, or nothing
// (Unchanged, without any request). A user that is not listed is created without a search,
// if the number of listed users equals the number that Partoo reported on every page. In
// all other cases UpsertUser searches: for the second upsert of an email, if several
// listed users have it, if the listed user no longer exists, and if a create was rejected
// or its outcome is unknown.
//
// Changes by other clients after the list was read are not noticed: a user that they
// changed may count as Unchanged or keep some of the changes; a user whose email they
// changed is still updated. If they created the user, only Partoo's rejection of a used
// email prevents a second one (inference).
func (b *Bulk) UpsertUser(ctx context.Context, u UserInput) (result upsert.Result[string], err error) {
	ctx, end := b.client.rest.StartOperation(ctx, rest.Call{Operation: opUpsert, Secrets: []rest.Secret{u.OnCreate.Password}})
	defer func() { end(result.Outcome, err) }()
	if err := u.Validate(); err != nil {
		return upsert.Result[string]{}, err
	}
	have, known := withValidID(b.list.Take(u.Key()))
	return b.client.upsert(ctx, u, have, known)
}

// Preview returns what UpsertUser would do with u, from the list or by a search, and
// writes nothing. Each user is previewed separately: a new user that occurs twice is
// Created both times, without an ID. Changes contains the fields that would be sent. Of
// the errors of UpsertUser only invalid input and those of the search are predicted.
func (b *Bulk) Preview(ctx context.Context, u UserInput) (preview upsert.Preview[string], err error) {
	if err := u.Validate(); err != nil {
		return preview, err
	}
	have, known := withValidID(b.list.Get(u.Key()))
	if !known {
		have, err = b.client.findByEmail(ctx, "Preview", u.Email)
	}
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

// withValidID returns a result of the list. A user with an invalid id counts as not known:
// the search reports the problem if it remains.
func withValidID(have *User, known bool) (*User, bool) {
	return have, known && (have == nil || isValidID(have.ID))
}
