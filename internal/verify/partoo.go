package verify

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/partoo"
)

// newEmail returns an email that no user has.
func newEmail() string {
	return "usersync-verify-" + strings.ToLower(rand.Text()[:12]) + "@example.com"
}

func joinSorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// partooState is the state of a run at Partoo.
type partooState struct {
	*session
	api   *gen.ClientWithResponses
	email string
	ids   []string // of the users created

	create, exact, upper, part, again Exchange
	update, updated                   Exchange
	empty, emptied                    Exchange
	deleted, gone                     Exchange
}

func partooProbes() []probe[*partooState] {
	type S = *partooState
	return []probe[S]{
		{Fact{"partoo.search-exact", "the search by email finds the user immediately, and only whole emails", "UpsertUser looks users up by it", "search by the email and by a part of it", "report it: emails are compared again, but a search that lags may cause a second create"}, S.checkSearch},
		{Fact{"partoo.search-letter-case", "the search ignores letter case", "an email in another letter case is the same user", "search by the email in upper case", "pass emails in the letter case in which Partoo stores them"}, S.checkLetterCase},
		{Fact{"partoo.search-fields", "the search shows first_name, last_name, role, lang and business_ids", "fields that are not shown are sent with every upsert", "search by the email", "nothing to do: users with unknown fields are updated in every run"}, S.checkFields},
		{Fact{"partoo.email-taken", "a create with a taken email is rejected with 400, 409 or 422", "UpsertUser then updates the existing user", "create with the same email", "do not upsert the same email at the same time: it may be created twice"}, S.checkTaken},
		{Fact{"partoo.absent-fields", "an update keeps fields that it omits", "UpsertUser sends only changed fields", "update of first_name", "report it: updates may reset other fields"}, S.checkAbsent},
		{Fact{"partoo.empty-list", "an empty list is accepted and empties the field", "nil and empty lists differ in UserInput", "update with business_ids []", "do not use empty lists"}, S.checkEmptyList},
		{Fact{"partoo.deletion", "a deleted user is not found afterwards", "DeleteUser treats the 404 of a retry as success", "delete and get", "report it: DeleteUser may report success for users that still exist"}, S.checkDeletion},
	}
}

func runPartoo(ctx context.Context, s *session, c Config) ([]Finding, error) {
	client, err := partoo.New(c.APIKey, s.options...)
	if err != nil {
		return nil, err
	}
	p := &partooState{session: s, api: client.API(), email: newEmail()}
	if x := p.search(ctx, p.email); startError(x) != nil {
		return nil, startError(x)
	}
	if c.Confirm != nil {
		if err := c.Confirm("Partoo: creates a user under example.com, without invitation, changes it and deletes it."); err != nil {
			return nil, err
		}
	}
	defer s.cleanUp(ctx, p.deleteAll)
	p.write(ctx)
	return findingsOf(p, partooProbes()), nil
}

func (s *partooState) write(ctx context.Context) {
	s.create = s.createUser(ctx, "create")
	if len(s.ids) == 0 {
		return
	}
	id := s.ids[0]
	s.exact = s.search(ctx, s.email)
	s.upper = s.search(ctx, strings.ToUpper(s.email))
	s.part = s.search(ctx, s.email[1:])
	s.again = s.createUser(ctx, "create with a taken email")
	s.update = s.change(ctx, gen.UpdateUserRequest{FirstName: new("changed")})
	s.updated = s.get(ctx, id)
	s.empty = s.change(ctx, gen.UpdateUserRequest{BusinessIDs: &[]string{}})
	s.emptied = s.get(ctx, id)
	s.deleted = s.delete(ctx, id)
	if s.gone = s.get(ctx, id); s.gone.ok() && !slices.Contains(s.ids, id) {
		s.ids = append(s.ids, id) // still to be deleted
	}
}

func (s *partooState) createUser(ctx context.Context, operation string) Exchange {
	x := s.call(ctx, operation, func(ctx context.Context) (*http.Response, error) {
		return s.api.CreateUser(ctx, gen.CreateUserRequest{
			Email: s.email, FirstName: "usersync", LastName: "verify", Role: new(gen.RolePublisher), Lang: new(gen.LangEn), SendInvitation: new(false),
		})
	})
	if id, ok := x.field("id").(string); ok && x.ok() {
		s.ids = append(s.ids, id)
	}
	return x
}

func (s *partooState) search(ctx context.Context, wanted string) Exchange {
	return s.call(ctx, "search", func(ctx context.Context) (*http.Response, error) {
		return s.api.SearchUsers(ctx, &gen.SearchUsersParams{Email: &wanted, DisplayBusinessIDs: new(true)})
	})
}

func (s *partooState) change(ctx context.Context, request gen.UpdateUserRequest) Exchange {
	return s.call(ctx, "update", func(ctx context.Context) (*http.Response, error) { return s.api.UpdateUser(ctx, s.ids[0], request) })
}

func (s *partooState) get(ctx context.Context, id string) Exchange {
	return s.call(ctx, "get", func(ctx context.Context) (*http.Response, error) { return s.api.GetUser(ctx, id, nil) })
}

func (s *partooState) delete(ctx context.Context, id string) Exchange {
	x := s.call(ctx, "delete", func(ctx context.Context) (*http.Response, error) { return s.api.DeleteUser(ctx, id) })
	if x.ok() || x.Status == http.StatusNotFound {
		s.ids = slices.DeleteFunc(s.ids, func(other string) bool { return other == id })
	}
	return x
}

// deleteAll deletes the users that the run created.
func (s *partooState) deleteAll(ctx context.Context) {
	if s.create.Status == 0 && s.create.err != nil && len(s.exchanges) > 1 { // the response to the create was lost, so the user may exist
		if users, _ := s.search(ctx, s.email).field("users").([]any); len(users) > 0 {
			if id, ok := fieldOf(users[0], "id").(string); ok {
				s.ids = append(s.ids, id)
			}
		}
	}
	for _, id := range slices.Clone(s.ids) {
		if x := s.delete(ctx, id); slices.Contains(s.ids, id) {
			s.leftBehind = append(s.leftBehind, "user "+id+" was created and not deleted: "+x.outcome())
		}
	}
}

// found returns the created user in a search, or nil.
func (s *partooState) found(x Exchange) any {
	users, _ := x.field("users").([]any)
	for _, user := range users {
		if address, _ := fieldOf(user, "email").(string); strings.EqualFold(address, s.email) {
			return user
		}
	}
	return nil
}

// notCreated returns the verdict if there is no user to probe.
func (s *partooState) notCreated() (Verdict, string) {
	return unknown("no user was created: %s", s.create.outcome())
}

func (s *partooState) checkSearch() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.exact.ok() || !s.part.ok():
		return unknown("%s, %s", s.exact.outcome(), s.part.outcome())
	case s.found(s.exact) == nil:
		return differs("the new user was not found")
	case s.found(s.part) != nil:
		return differs("a part of the email finds the user")
	}
	return holds("the whole email finds the user, a part does not")
}

func (s *partooState) checkLetterCase() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.upper.ok():
		return unknown("%s", s.upper.outcome())
	case s.found(s.upper) == nil:
		return differs("the email in upper case finds no user")
	}
	return holds("the email in upper case finds the user")
}

func (s *partooState) checkFields() (Verdict, string) {
	user := s.found(s.exact)
	if user == nil {
		return unknown("the user was not found")
	}
	var missing []string
	for _, name := range []string{"first_name", "last_name", "role", "lang", "business_ids"} {
		if fieldOf(user, name) == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return differs("the search does not show %s", joinSorted(missing))
	}
	return holds("the search shows all of them")
}

func (s *partooState) checkTaken() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case s.again.ok():
		return differs("a second user with the same email was created")
	case !isRejection(s.again):
		return unknown("%s", s.again.outcome())
	}
	return holds("%s", s.again.outcome())
}

func (s *partooState) checkAbsent() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.update.ok() || !s.updated.ok():
		return unknown("%s, %s", s.update.outcome(), s.updated.outcome())
	case s.updated.field("first_name") != "changed":
		return differs("first_name was not changed")
	case s.updated.field("last_name") != "verify" || s.updated.field("role") != string(gen.RolePublisher):
		return differs("other fields were changed")
	}
	return holds("first_name was changed, last_name and role were kept")
}

func (s *partooState) checkEmptyList() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case isRejection(s.empty):
		return differs("%s", s.empty.outcome())
	case !s.empty.ok() || !s.emptied.ok():
		return unknown("%s, %s", s.empty.outcome(), s.emptied.outcome())
	}
	list, ok := s.emptied.field("business_ids").([]any)
	if ok && len(list) > 0 {
		return differs("the list was not emptied")
	}
	return holds("the empty list was accepted")
}

func (s *partooState) checkDeletion() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.deleted.ok():
		return unknown("%s", s.deleted.outcome())
	case s.gone.ok():
		return differs("the user still exists after %d", s.deleted.Status)
	case s.gone.Status != http.StatusNotFound:
		return unknown("%s", s.gone.outcome())
	}
	return holds("delete returned %d, get afterwards 404", s.deleted.Status)
}
