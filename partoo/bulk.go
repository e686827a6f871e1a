package partoo

import (
	"context"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/upsert"
)

// Bulk upserts many users with fewer requests than [Client.UpsertUser] one by
// one. Its zero value is of no use, see [Client.Bulk]. It is safe for concurrent
// use.
type Bulk struct {
	client *Client
	list   *userList // nil: nothing is known
}

// Bulk prepares for upserting so many users, roughly. It fetches the first of
// the pages, of 100 users each, that list all users the key may see. When the
// pages left to read are fewer than users, which is what searching one by one
// would take, it reads them, and [Bulk.UpsertUser] needs no searches. Otherwise it
// lets go of the first page, and [Bulk.UpsertUser] is [Client.UpsertUser].
//
// In requests, for M users of whom W are to be written, and N that exist:
//
//	one by one        M + W
//	N up to 100 M     N/100, rounded up, + W
//	N over 100 M      1 + M + W
//	M = 1             1 + W, without a list
//
// For 10,000 users of whom 100 changed, at 300 requests a minute, that is 40 seconds
// in place of 34 minutes, when as many exist.
//
// What is known of a user serves one upsert; a second one of the same address
// searches. A Bulk holds about 700 bytes for each user that exists, more for long
// lists of businesses, until that one is upserted.
//
// Bulk is for a run that begins at once, since the list grows old: see
// [Bulk.UpsertUser]. An error is that of the list, with rest.ErrTooLarge when a
// page is longer than rest.WithResponseLimit allows, or of users less than 1, which
// matches rest.ErrInvalid. [Client.UpsertUser] may serve all the same then.
func (c *Client) Bulk(ctx context.Context, users int) (*Bulk, error) {
	const operation = "Bulk"
	var p check.Problems
	p.Positive("users", int64(users))
	if err := p.Err(provider, operation); err != nil {
		return nil, err
	}
	if users == 1 {
		return &Bulk{client: c}, nil // one search is all there is to save, and a page costs as much
	}
	// Addresses differ, so that this order leaves no two users to change places.
	params := SearchUsersParams{DisplayBusinessIDs: new(true), PerPage: new(int64(maxPerPage)), OrderBy: new(UserOrderEmail)}
	known := newIndex()
	loaded, err := c.userPages(ctx, operation, params).Load(int64(users), known.add)
	switch {
	case err != nil:
		return nil, err
	case !loaded.Loaded:
		return &Bulk{client: c}, nil
	}
	known.complete = loaded.Complete
	return &Bulk{client: c, list: known}, nil
}

// UpsertUser does what [Client.UpsertUser] does, and what that promises holds
// here too:
//
//	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
//
// A listed user is compared with the list, and sent what differs or nothing at
// all, which is Unchanged without any request. A user that is not listed is
// created at once, provided that as many users were listed as Partoo counts, and
// the same number on every page. Everybody else is searched for: on the second
// upsert of an address, when several listed users have it, and when a create was
// refused or is in doubt or the listed user is gone, so that users created or
// deleted since do no harm.
//
// Two things go unnoticed for as long as the list is old. A user whom somebody
// else changed since may count as Unchanged, or keep a change in a field that was
// not sent; one whose address was changed is still written as the one it had. And
// a user whom somebody else created since is not doubled only because Partoo
// refuses a taken address (inference).
func (b *Bulk) UpsertUser(ctx context.Context, u UserInput) (upsert.Result[string], error) {
	if err := u.Validate(); err != nil {
		return upsert.Result[string]{}, err
	}
	return b.client.upsert(ctx, u, b.lookupFor(b.list.take(u.Email)))
}

// Preview tells what UpsertUser would do with u, from the list or by a search, and
// writes nothing. Each user is looked at by itself: one that comes twice and is
// new is Created both times, and stays known for UpsertUser. The result of
// Created has no ID. That Partoo would refuse the user is not foreseen, input that
// fails [UserInput.Validate] excepted.
func (b *Bulk) Preview(ctx context.Context, u UserInput) (upsert.Result[string], error) {
	if err := u.Validate(); err != nil {
		return upsert.Result[string]{}, err
	}
	have, err := b.lookupFor(b.list.peek(u.Email))(ctx, "Preview", u.Email)
	switch {
	case err != nil:
		return upsert.Result[string]{}, err
	case have == nil:
		return upsert.Result[string]{Outcome: upsert.Created}, nil
	case changedFields(u.updateRequest(), *have) == UpdateUserRequest{}:
		return upsert.Result[string]{ID: have.ID, Outcome: upsert.Unchanged}, nil
	}
	return upsert.Result[string]{ID: have.ID, Outcome: upsert.Updated}, nil
}

// lookupFor answers with have when it is known to be right, and else searches.
func (b *Bulk) lookupFor(have *User, known bool) lookupFunc {
	if !known {
		return b.client.find
	}
	return func(context.Context, string, string) (*User, error) { return have, nil }
}
