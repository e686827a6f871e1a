package verify

import (
	"context"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/partoo"
)

// partooRun is a run at Partoo.
type partooRun struct {
	*session
	api *gen.ClientWithResponses
}

func startPartoo(ctx context.Context, s *session, c Config) (target, error) {
	client, err := partoo.New(c.APIKey, s.options...)
	if err != nil {
		return nil, err
	}
	s.email = newEmail()
	r := &partooRun{s, client.API()}
	return r, r.search(ctx, s.email).startError()
}

func (r *partooRun) plan() string {
	return "Partoo: creates a user under example.com, without invitation, changes it and deletes it."
}

func (r *partooRun) probe(ctx context.Context) []Finding {
	create := r.create(ctx, "create")
	id := r.firstUser(create)
	search := r.search(ctx, r.email)
	upper := r.search(ctx, strings.ToUpper(r.email))
	part := r.search(ctx, r.email[1:])
	taken := r.create(ctx, "create with a taken email")
	update := r.call("update")(r.api.UpdateUser(ctx, id, gen.UpdateUserRequest{FirstName: new("changed")}))
	updated := r.get(ctx, id)
	empty := r.call("update")(r.api.UpdateUser(ctx, id, gen.UpdateUserRequest{BusinessIDs: &[]string{}}))
	emptied := r.get(ctx, id)
	deletion := r.probeDeletion(ctx, r, id)

	list, _ := emptied.field("business_ids").([]any)
	return []Finding{
		judge(Fact{"partoo.search-exact", "the search by email finds the user immediately, and only whole emails", "UpsertUser looks users up by it", "search by the email and by a part of it", "report it: emails are compared again, but a search that lags may cause a second create"},
			needs(search, part),
			differsIf(search.user(r.email) == nil, "the new user was not found"),
			differsIf(part.user(r.email) != nil, "a part of the email finds the user"),
			holds("the whole email finds the user, a part does not")),
		judge(Fact{"partoo.search-letter-case", "the search ignores letter case", "an email in another letter case is the same user", "search by the email in upper case", "pass emails in the letter case in which Partoo stores them"},
			ignoresLetterCase(upper, r.email)),
		judge(Fact{"partoo.search-fields", "the search shows first_name, last_name, role, lang and business_ids", "fields that are not shown are sent with every upsert", "search by the email", "nothing to do: users with unknown fields are updated in every run"},
			shows("search", search, r.email, "first_name", "last_name", "role", "lang", "business_ids")),
		judge(Fact{"partoo.email-taken", "a create with a taken email is rejected with 400, 409 or 422", "UpsertUser then updates the existing user", "create with the same email", "do not upsert the same email at the same time: it may be created twice"},
			differsIf(taken.ok(), "a second user with the same email was created"),
			unknownIf(!taken.isRejection(), taken.outcome()),
			holds(taken.outcome())),
		judge(Fact{"partoo.absent-fields", "an update keeps fields that it omits", "UpsertUser sends only changed fields", "update of first_name", "report it: updates may reset other fields"},
			needs(update, updated),
			differsIf(updated.field("first_name") != "changed", "first_name was not changed"),
			differsIf(updated.field("last_name") != "verify" || updated.field("role") != string(gen.RolePublisher), "other fields were changed"),
			holds("first_name was changed, last_name and role were kept")),
		judge(Fact{"partoo.empty-list", "an empty list is accepted and empties the field", "nil and empty lists differ in UserInput", "update with business_ids []", "do not use empty lists"},
			differsIf(empty.isRejection(), empty.outcome()),
			needs(empty, emptied),
			differsIf(len(list) > 0, "the list was not emptied"),
			holds("the empty list was accepted")),
		judge(Fact{"partoo.deletion", "a deleted user is not found afterwards", "DeleteUser treats the 404 of a retry as success", "delete and get", "report it: DeleteUser may report success for users that still exist"},
			deletion),
	}
}

func (r *partooRun) undo(ctx context.Context) { r.deleteAll(ctx, r) }

func (r *partooRun) create(ctx context.Context, operation string) Exchange {
	return r.remember(r.call(operation)(r.api.CreateUser(ctx, gen.CreateUserRequest{
		Email: r.email, FirstName: "usersync", LastName: "verify", Role: new(gen.RolePublisher), Lang: new(gen.LangEn), SendInvitation: new(false),
	})))
}

func (r *partooRun) search(ctx context.Context, address string) Exchange {
	return r.call("search")(r.api.SearchUsers(ctx, &gen.SearchUsersParams{Email: &address, DisplayBusinessIDs: new(true)}))
}

func (r *partooRun) get(ctx context.Context, id string) Exchange {
	return r.call("get")(r.api.GetUser(ctx, id, nil))
}

func (r *partooRun) delete(ctx context.Context, id string) Exchange {
	return r.call("delete")(r.api.DeleteUser(ctx, id))
}
