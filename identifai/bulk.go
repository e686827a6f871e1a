package identifai

import (
	"context"
	"errors"
	"slices"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opPreview = "Preview"

// Bulk upserts many users with fewer requests than [Client.UpsertUser]. Get one
// from [Client.Bulk]; the zero value is not usable. It is safe for concurrent use.
type Bulk struct {
	client *Client
	list   *userList // nil if the list was not read
	ids    *runIDs
}

// Bulk prepares a run that upserts about this number of users. ids are all ids
// that the users of the run contain, including the users that an earlier, interrupted
// run completed. [Bulk.UpsertUser] explains why.
//
// Bulk fetches the first page, of 100 users, of the list of the partner's users.
// If the number of remaining pages is smaller than users, it reads them too, and
// [Bulk.UpsertUser] uses the list. Otherwise, and without any request if users is
// 1, [Bulk.UpsertUser] works like [Client.UpsertUser].
//
// The list saves writes, for which the quotas are half of those for reads: a user
// that already matches needs no request; an existing user without ID needs one
// write instead of a rejected create, a search and an update. In the worst case,
// when all users are new, a run takes 1.5 times as long. If no more users are
// listed than upserted, it takes 0.5 % longer.
//
// Example: a nightly run of 10,000 users, of which 100 changed, with as many
// users listed. Without the list it takes 10,000 writes, 5 h 33 min at 30 a
// minute, and twice that without IDs. With the list it takes 100 reads and 100
// writes: 5 minutes.
//
// A listed user serves one upsert; a second one works like [Client.UpsertUser].
// Until then a Bulk uses about 400 bytes per listed user, and for the whole run
// about 60 bytes for each of ids and for each user found by email.
//
// Start the run immediately, since the list becomes outdated: see
// [Bulk.UpsertUser]. The error is that of the list. If users or one of ids is less
// than 1, it matches rest.ErrInvalid. [Client.UpsertUser] may still work if the
// list fails.
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
	bulk := &Bulk{client: c, ids: newRunIDs(ids)}
	if users == 1 {
		return bulk, nil
	}
	list := newUserList()
	// In this order, users that are created meanwhile come last and move no others.
	params := ListUsersParams{Order: new("id"), Direction: new(gen.SortDirectionAsc)}
	loaded, err := c.userPages(ctx, operation, params).Load(int64(users), list.add)
	if err != nil {
		return nil, err
	}
	if loaded.Loaded {
		list.complete = loaded.Complete
		bulk.list = list
	}
	return bulk, nil
}

// UpsertUser does the same as [Client.UpsertUser], with one more outcome and one
// more error:
//
//	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
//
// A listed user that matches the input is not written: the outcome is
// upsert.Unchanged, and User is the listed user, whose Partner and Pricing may be
// shared. Name, Email, Heuristic and PricingID must be equal, and Readonly if it is
// set. Differences that identifAI removes do not count (inference): white space
// around Name and Heuristic, the letter case of Email, and the Unicode
// normalisation form of all three. A field that the list does not show is
// unknown, and the user is written: a field that is null, and Password, Newsletter
// and SaveFiles if they are set. Omit these three unless they must be set again.
//
// Without an ID, a user whose email one listed user has, in any letter case, is
// updated by that user's id. If the response shows that the list is outdated (a
// 404, or id or email rejected), and for all other users, UpsertUser works like
// [Client.UpsertUser].
//
// An email may move from user A to user B in one run, if A contains its ID. A user
// without ID is never written to an id of the run, unless the user of the run
// with that id has the same email. While A still has the email, B fails with
// rest.ErrConflict; retry B after A. This requires A's ID in the ids of
// [Client.Bulk], or that A's upsert started before B's. Otherwise B overwrites A,
// and A fails with rest.ErrConflict.
//
// Changes by other clients after the list was read are not noticed: a user that
// they changed may count as Unchanged, and a new email that they gave a user may
// be overwritten.
func (b *Bulk) UpsertUser(ctx context.Context, u UserInput) (result UpsertResult, err error) {
	ctx, end := b.client.rest.StartOperation(ctx, rest.Call{Operation: opUpsert, Secrets: []rest.Secret{u.Password}})
	defer func() { end(result.Outcome, err) }()
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
	if err := b.ids.add(opUpsert, u); err != nil {
		return UpsertResult{}, err
	}
	if current := b.list.take(u); current != nil && matchesInput(*current, u) {
		return unchangedResult(*current), nil
	}
	return b.client.UpsertUser(ctx, u)
}

// createOrUpdate upserts a user without an id.
func (b *Bulk) createOrUpdate(ctx context.Context, u UserInput) (UpsertResult, error) {
	current := b.list.take(u)
	switch {
	case current == nil, b.ids.match(opUpsert, current.ID, u) != nil: // the email may be free by now
		return b.client.upsert(ctx, u, b.ids)
	case matchesInput(*current, u):
		return unchangedResult(*current), nil
	}
	withID := u
	withID.ID = &current.ID
	result, err := b.client.UpsertUser(ctx, withID)
	if err != nil && ctx.Err() == nil && isStale(err) {
		return b.client.upsert(ctx, u, b.ids)
	}
	return result, err
}

func unchangedResult(user User) UpsertResult {
	return UpsertResult{Result: upsert.Result[int64]{ID: user.ID, Outcome: upsert.Unchanged}, User: user}
}

// isStale reports whether an update may have been rejected because the list is
// outdated. How identifAI rejects an id is not documented.
func isStale(err error) bool {
	return errors.Is(err, rest.ErrNotFound) || isFieldRejected(err, "id") || isFieldRejected(err, "email")
}

// matchesInput reports whether no field must be sent.
func matchesInput(current User, u UserInput) bool { return changedFields(current, u) == (UserInput{}) }

// Preview returns what UpsertUser would do with u, and writes nothing. If the list
// does not show it, the email is looked up as by [Client.FindUserByEmail]. An
// email that several users have is an error that matches rest.ErrConflict.
//
// An email that belongs to a user whose ID the run contains is such a conflict
// too, unless Preview was called before with that ID and another email: the email
// is then taken to be free. So preview users with ID first.
//
// An ID that is not listed, although the list is complete, is an error that
// matches rest.ErrNotFound: identifAI updates only the partner's own users (vendor
// page "Create or update user") and would presumably reject it (inference). Any
// other ID that is not listed is taken to exist, because identifAI has no
// operation to get a user by id.
//
// If the outcome is Updated and the list shows the user, the result contains the
// changed fields. Fields that the list does not show, such as Password, count as
// changed. Each user is previewed separately: a new user that occurs twice is
// Created both times, and stays listed for UpsertUser. The result of Created has no
// ID. Other errors of UpsertUser are not predicted, except invalid input.
func (b *Bulk) Preview(ctx context.Context, u UserInput) (upsert.Preview[int64], error) {
	var created upsert.Preview[int64]
	created.Outcome = upsert.Created
	if err := u.Validate(); err != nil {
		return upsert.Preview[int64]{}, err
	}
	current, complete := b.list.peek(u)
	if u.ID != nil {
		return b.previewUpdate(u, current, complete)
	}
	listed := current != nil
	if !listed && !complete {
		var err error
		if current, err = b.client.findByEmail(ctx, opPreview, u.Email); err != nil {
			return upsert.Preview[int64]{}, err
		}
	}
	if current == nil || b.ids.isMoving(current.ID, u) {
		return created, nil
	}
	if err := b.ids.match(opPreview, current.ID, u); err != nil {
		return upsert.Preview[int64]{}, err
	}
	preview := previewOf(*current, u)
	if !listed {
		preview.Outcome = upsert.Updated // UpsertUser sends a create first, and then an update
	}
	return preview, nil
}

func (b *Bulk) previewUpdate(u UserInput, current *User, complete bool) (preview upsert.Preview[int64], err error) {
	if err := b.ids.add(opPreview, u); err != nil {
		return preview, err
	}
	switch {
	case current != nil:
		return previewOf(*current, u), nil
	case complete:
		return preview, lookupError(opPreview, "no user has this id", rest.ErrNotFound)
	}
	preview.ID, preview.Outcome = *u.ID, upsert.Updated
	return preview, nil
}

func previewOf(current User, u UserInput) (preview upsert.Preview[int64]) {
	have, changed := inputOf(current), changedFields(current, u)
	preview.ID, preview.Outcome, preview.Changes = current.ID, upsert.Unchanged, compared.Changes(&have, &changed)
	if len(preview.Changes) > 0 {
		preview.Outcome = upsert.Updated
	}
	return preview
}
