package identifai

import (
	"context"
	"errors"
	"slices"
	"strconv"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

const opPreview = "Preview"

// Bulk upserts many users with fewer requests than [Client.UpsertUser]. Create it with
// [Client.Bulk]. It is safe for concurrent use.
type Bulk struct {
	client *Client
	list   *wrapper.UserList[User] // by id and by email; nil: look up every user
	ids    *runIDs
}

// Bulk prepares a run that upserts about this number of users. ids are all ids that the
// users of the run contain, including the users that an earlier, interrupted run
// completed; [Bulk.UpsertUser] explains why.
//
// Bulk reads the list of the partner's users, in pages of 100. If the list has more pages
// than users, Bulk drops the first one, and [Bulk.UpsertUser] works like
// [Client.UpsertUser]; if users is 1, without any request. With the list, a user that
// already matches needs no request, and an existing user without ID one write instead of a
// rejected create, a search and an update. If 10,000 users are listed and 100 of them
// changed, a run takes 5 minutes instead of 5 h 33 min; docs/bulk.md has more figures.
//
// A listed user serves one upsert; a second one works like [Client.UpsertUser]. A Bulk uses
// about 400 bytes per listed user until then, and 100 bytes for each of ids and each user.
//
// Start the run immediately: the list becomes outdated. The error is that of the list;
// [Client.UpsertUser] may work nevertheless. It matches rest.ErrInvalid if users or one of
// ids is less than 1.
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
	// In this order, users that are created meanwhile come last and move no others.
	params := ListUsersParams{Order: new("id"), Direction: new(gen.SortDirectionAsc)}
	list, err := wrapper.ReadUserList(c.userPages(ctx, operation, params), users, listKeys, newCompactor())
	if err != nil {
		return nil, err
	}
	return &Bulk{client: c, list: list, ids: newRunIDs(ids)}, nil
}

// listKeys returns the keys of a listed user.
func listKeys(user User) []string { return []string{idKey(user.ID), email.Key(user.Email)} }

func idKey(id int64) string { return strconv.FormatInt(id, 10) }

// listKey returns the key by which a user of the input is found in the list.
func listKey(u UserInput) string {
	if u.ID != nil {
		return idKey(*u.ID)
	}
	return email.Key(u.Email)
}

// newCompactor returns a function that stores what many users share once.
func newCompactor() func(User) User {
	partners, pricings := make(map[int64]*User), make(map[int64]*Pricing)
	return func(user User) User {
		if user.Partner != nil {
			user.Partner = wrapper.Intern(partners, user.Partner.ID, user.Partner)
		}
		if user.Pricing != nil {
			user.Pricing = wrapper.Intern(pricings, user.Pricing.ID, user.Pricing)
		}
		return user
	}
}

// UpsertUser does the same as [Client.UpsertUser], with one more outcome and one more
// error:
//
//	for item := range upsert.All(ctx, slices.Values(users), bulk.UpsertUser) {
//
// A listed user that matches the input is not written: the outcome is upsert.Unchanged,
// and User is the listed user, whose Partner and Pricing may be shared. White space around
// Name and Heuristic, the letter case of Email, and the Unicode normalisation form of all
// three do not count (inference). A field that the list does not show is unknown, and the
// user is written: a field that is null, and Password, Newsletter and SaveFiles if they are
// set. Omit these three unless they must be set again.
//
// Without an ID, a user whose email one listed user has, in any letter case, is updated by
// that user's id. If the response shows that the list is outdated (a 404, or id or email
// rejected), and for all other users, UpsertUser works like [Client.UpsertUser].
//
// An email may move from user A to user B in one run, if A contains its ID: a user without
// ID is never written to an id of the run, unless the emails are equal. While A still has
// the email, B fails with rest.ErrConflict; retry B after A. This requires A's ID in the
// ids of [Client.Bulk], or that A's upsert started before B's. Otherwise B overwrites A,
// and A fails with rest.ErrConflict.
//
// Changes by other clients after the list was read are not noticed: a user that they
// changed may count as Unchanged, and an email that they changed may be overwritten.
func (b *Bulk) UpsertUser(ctx context.Context, u UserInput) (result UpsertResult, err error) {
	ctx, end := b.client.rest.StartOperation(ctx, rest.Call{Operation: opUpsert, Secrets: []rest.Secret{u.Password}})
	defer func() { end(result.Outcome, err) }()
	if err := u.Validate(); err != nil {
		return UpsertResult{}, err
	}
	if u.ID != nil {
		if err := b.ids.add(opUpsert, u); err != nil {
			return UpsertResult{}, err
		}
	}
	current, _ := b.list.Take(listKey(u), email.Key(u.Email))
	switch {
	case current == nil, u.ID == nil && b.ids.match(opUpsert, current.ID, u) != nil: // the email may be free by now
		return b.upsert(ctx, u)
	case changedFields(*current, u) == UserInput{}:
		return newResult(*current, upsert.Unchanged), nil
	}
	withID := u
	withID.ID = &current.ID
	result, err = b.upsert(ctx, withID)
	if err != nil && u.ID == nil && ctx.Err() == nil && isStale(err) {
		return b.upsert(ctx, u)
	}
	return result, err
}

// isStale reports whether an update may have been rejected because the list is
// outdated. How identifAI rejects an id is not documented.
func isStale(err error) bool {
	fields, _ := rejectedFields(err)
	return errors.Is(err, rest.ErrNotFound) || len(fields["id"]) > 0 || len(fields["email"]) > 0
}

// Preview returns what UpsertUser would do with u, and writes nothing. If the list does
// not show it, the email is looked up as by [Client.FindUserByEmail]; several users are an
// error that matches rest.ErrConflict. Each user is previewed separately: a new user that
// occurs twice is Created both times, without an ID. Changes contains the fields that the
// list shows with other values or not at all, such as Password.
//
// An email of a user whose ID the run contains is a conflict too, unless Preview was
// called before with that ID and another email: so preview users with ID first.
//
// An ID that is not listed, although the list is complete, is an error that matches
// rest.ErrNotFound: identifAI updates only the partner's own users (vendor page "Create or
// update user") and would presumably reject it (inference). Any other ID is taken to
// exist, because identifAI has no operation to get a user by id. Of the other errors of
// UpsertUser only invalid input is predicted.
func (b *Bulk) Preview(ctx context.Context, u UserInput) (preview upsert.Preview[int64], err error) {
	if err := u.Validate(); err != nil {
		return preview, err
	}
	current, known := b.list.Get(listKey(u))
	if u.ID != nil {
		return b.previewUpdate(u, current, known)
	}
	listed := current != nil
	if !known {
		users, err := b.client.findByEmail(ctx, opPreview, u.Email)
		if err != nil {
			return preview, err
		}
		if len(users) > 0 {
			user, err := wrapper.OnlyUser(provider, opPreview, users, userID)
			if err != nil {
				return preview, err
			}
			current = &user
		}
	}
	if current == nil || b.ids.isMoving(current.ID, u) {
		preview.Outcome = upsert.Created
		return preview, nil
	}
	if err := b.ids.match(opPreview, current.ID, u); err != nil {
		return preview, err
	}
	preview = previewOf(*current, u)
	if !listed {
		preview.Outcome = upsert.Updated // UpsertUser sends a create first, and then an update
	}
	return preview, nil
}

func (b *Bulk) previewUpdate(u UserInput, current *User, known bool) (preview upsert.Preview[int64], err error) {
	if err := b.ids.add(opPreview, u); err != nil {
		return preview, err
	}
	switch {
	case current != nil:
		return previewOf(*current, u), nil
	case known:
		return preview, wrapper.NewError(provider, opPreview, "no user has this id", rest.ErrNotFound)
	}
	preview.ID, preview.Outcome = *u.ID, upsert.Updated
	return preview, nil
}

func previewOf(current User, u UserInput) upsert.Preview[int64] {
	have, changed := inputOf(current), changedFields(current, u)
	return wrapper.NewPreview(current.ID, compared.Changes(&have, &changed))
}
