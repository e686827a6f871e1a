package identifai

import (
	"context"
	"errors"
	"slices"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opPreview = "Preview"

// Bulk upserts many users with fewer requests than [Client.UpsertUser] one by
// one. Its zero value is of no use, see [Client.Bulk]. It is safe for concurrent
// use.
type Bulk struct {
	client *Client
	list   *userList // nil: nothing is known
	owners *idOwners
}

// Bulk prepares for upserting so many users, roughly, and ids are those that any of
// them come with, which keep their addresses from misleading, see
// [Bulk.UpsertUser]. It fetches the first of
// the pages, of 100 users each, that list all users of the partner. When the
// pages left to read are fewer than users, it reads them, and [Bulk.UpsertUser]
// makes use of the list. Otherwise it lets go of the first page, and
// [Bulk.UpsertUser] is [Client.UpsertUser]; likewise when users is 1, without any
// page.
//
// The list saves writes, which the quotas allow half as often as reads: for each
// user who looks as asked, all of them; for each who exists and comes without an
// ID, the create that would be refused, and a search. At worst, when all users are
// new, that makes a run half as long again; half a per cent longer where as many
// users are listed as upserted.
//
// A nightly run of 10,000 users, of whom 100 changed, as many listed: one by one
// it takes 10,000 writes, 5 h 33 min at 30 a minute, and twice that without IDs.
// With the list it takes 100 reads and 100 writes: 5 minutes.
//
// What is known of a user serves one upsert; a second one goes the way of
// [Client.UpsertUser]. Until then a Bulk holds about 400 bytes for each user listed,
// and throughout about 40 for each of ids and each user found by its address.
//
// Bulk is for a run that begins at once, since the list grows old: see
// [Bulk.UpsertUser]. An error is that of the list, or of users or ids less than 1,
// which matches rest.ErrInvalid. [Client.UpsertUser] may serve all the same then.
func (c *Client) Bulk(ctx context.Context, users int, ids ...int64) (*Bulk, error) {
	const operation = "Bulk"
	var p check.Problems
	p.Positive("users", int64(users))
	if len(ids) > 0 {
		p.Positive("ids", slices.Min(ids))
	}
	if err := p.Err(provider, operation); err != nil {
		return nil, err
	}
	bulk := &Bulk{client: c, owners: newIDOwners(ids)}
	if users == 1 {
		return bulk, nil
	}
	known := newIndex()
	// Users created meanwhile come last in this order, and move nobody.
	params := ListUsersParams{Order: new("id"), Direction: new(SortDirectionAsc)}
	loaded, err := c.userPages(ctx, operation, params).Load(int64(users), known.add)
	if err != nil {
		return nil, err
	}
	if loaded.Loaded {
		known.complete = loaded.Complete
		bulk.list = known
	}
	return bulk, nil
}

// UpsertUser does what [Client.UpsertUser] does, and what that promises holds
// here too, with one outcome and one error more:
//
//	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
//
// A listed user who looks as asked is not written: the outcome is
// upsert.Unchanged, and User is the user as listed, whose Partner and Pricing
// others may share. Name, Email to the letter, Heuristic and PricingID must be
// the same, and Readonly when it is set. What the list does not show is unknown,
// and the user written: a field that is null there, and Password, Newsletter and
// SaveFiles when they are set, so leave these out where they need not be set again.
//
// Without an ID, a user whose address one listed user has, in any case, is updated
// by that user's id at once. When that user is gone or the address is another's by
// now, going by a 404 or a refusal of id or email, and for all others, it is
// [Client.UpsertUser].
//
// In one run an address may pass from one person to another: a user comes with an ID
// and a new address, and another, without an ID, with the address that is given up.
// The second is never taken for the first. As long as the address is not free, it
// is refused with an error that matches rest.ErrConflict, and can be upserted
// again after the first. For that, the Bulk must have been given the first one's ID
// or have seen it; where it was not and has not, the first one's upsert is the
// one refused, its user having been overwritten by then.
//
// Two things go unnoticed for as long as the list is old: that somebody else
// changed a user since, who then counts as Unchanged, and that somebody else gave
// a user another address, which is then overwritten.
func (b *Bulk) UpsertUser(ctx context.Context, u UserInput) (UpsertResult, error) {
	if err := u.Validate(); err != nil {
		return UpsertResult{}, err
	}
	if u.ID != nil {
		return b.update(ctx, u)
	}
	return b.createOrUpdate(ctx, u)
}

// update upserts a user with an id.
func (b *Bulk) update(ctx context.Context, u UserInput) (UpsertResult, error) {
	if err := b.owners.claimByID(u); err != nil {
		return UpsertResult{}, err
	}
	if have := b.list.take(u); have != nil && matchesInput(*have, u) {
		return unchangedResult(*have), nil
	}
	return b.client.UpsertUser(ctx, u)
}

// createOrUpdate upserts a user without an id.
func (b *Bulk) createOrUpdate(ctx context.Context, u UserInput) (UpsertResult, error) {
	have := b.list.take(u)
	switch {
	case have == nil, b.owners.claimByEmail(have.ID, u) != nil: // the address may have become free
		return b.client.upsert(ctx, u, b.owners)
	case matchesInput(*have, u):
		return unchangedResult(*have), nil
	}
	known := u
	known.ID = &have.ID
	result, err := b.client.UpsertUser(ctx, known)
	if err != nil && ctx.Err() == nil && isStale(err) {
		return b.client.upsert(ctx, u, b.owners)
	}
	return result, err
}

func unchangedResult(have User) UpsertResult {
	return UpsertResult{Result: upsert.Result[int64]{ID: have.ID, Outcome: upsert.Unchanged}, User: have}
}

// isStale reports whether an update may have been refused because the user is
// not as listed any more. How identifAI refuses an id is not documented.
func isStale(err error) bool {
	return errors.Is(err, rest.ErrNotFound) || isFieldRejected(err, "id") || isFieldRejected(err, "email")
}

// matchesInput reports whether writing u would change nothing that matters: all that
// would be sent is known and the same.
func matchesInput(have User, u UserInput) bool {
	return u.Password == "" && u.Newsletter == nil && u.SaveFiles == nil &&
		have.Name == u.Name &&
		have.Email == u.Email &&
		have.Heuristic != nil && *have.Heuristic == u.Heuristic &&
		have.Pricing != nil && have.Pricing.ID == u.PricingID &&
		(u.Readonly == nil || have.Readonly != nil && *have.Readonly == *u.Readonly)
}

// Preview tells what UpsertUser would do with u, and writes nothing. Where the
// list does not tell, an address is looked up as by [Client.FindUserByEmail],
// several users with it being an error that matches rest.ErrConflict, as
// UpsertUser would have the create refused; likewise an address of a user that comes
// with its ID, who may be about to give it up. An ID is taken for that of a user,
// because identifAI shows no user by id.
//
// An ID that is not listed, although as many users are as identifAI counts, is an
// error that matches rest.ErrNotFound: identifAI updates the partner's own users
// alone (vendor page "Create or update user") and would presumably refuse it
// (inference).
//
// Each user is looked at by itself: one that comes twice and is new is Created
// both times, and stays known for UpsertUser. The result of Created has no ID.
// Other refusals are not foreseen, input that fails [UserInput.Validate] excepted.
func (b *Bulk) Preview(ctx context.Context, u UserInput) (upsert.Result[int64], error) {
	if err := u.Validate(); err != nil {
		return upsert.Result[int64]{}, err
	}
	have, whole := b.list.peek(u)
	switch {
	case have != nil && u.ID == nil && b.owners.ownedByOther(have.ID, u):
		return upsert.Result[int64]{}, errEmailOwned(opPreview, have.ID)
	case have != nil && matchesInput(*have, u):
		return upsert.Result[int64]{ID: have.ID, Outcome: upsert.Unchanged}, nil
	case have != nil:
		return upsert.Result[int64]{ID: have.ID, Outcome: upsert.Updated}, nil
	case u.ID != nil && whole:
		return upsert.Result[int64]{}, lookupError(opPreview, "no user has this id", rest.ErrNotFound)
	case u.ID != nil:
		return upsert.Result[int64]{ID: *u.ID, Outcome: upsert.Updated}, nil
	case whole:
		return upsert.Result[int64]{Outcome: upsert.Created}, nil
	}
	return b.previewLookup(ctx, u)
}

// previewLookup tells what becomes of a user without an id whom no list knows.
func (b *Bulk) previewLookup(ctx context.Context, u UserInput) (upsert.Result[int64], error) {
	found, err := b.client.findByEmail(ctx, opPreview, u.Email)
	switch {
	case err != nil:
		return upsert.Result[int64]{}, err
	case len(found) == 0:
		return upsert.Result[int64]{Outcome: upsert.Created}, nil
	case len(found) > 1:
		return upsert.Result[int64]{}, lookupError(opPreview, "several users have this address", rest.ErrConflict)
	case b.owners.ownedByOther(found[0].ID, u):
		return upsert.Result[int64]{}, errEmailOwned(opPreview, found[0].ID)
	}
	return upsert.Result[int64]{ID: found[0].ID, Outcome: upsert.Updated}, nil
}
