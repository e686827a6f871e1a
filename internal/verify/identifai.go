package verify

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
)

// verifyName is the name that the test user gets.
const verifyName = "usersync verify"

// identifaiState is the state of a run at identifAI.
type identifaiState struct {
	*session
	api   *gen.ClientWithResponses
	email string

	search, page  Exchange
	user          any // as listed before the run, nil if it did not exist
	id, pricing   int64
	heuristic     string
	create, again Exchange
	off, on, omit Exchange // updates of readonly: 0, 1, omitted
	text          bool     // booleans were accepted as text only
	list, unknown Exchange
}

func identifaiProbes() []probe[*identifaiState] {
	type S = *identifaiState
	return []probe[S]{
		{Fact{"identifai.search", "the list has a parameter search, which filters by email", "lookups by email need it", "list with search=EMAIL", "report it: lookups read all users and compare emails, which still works but takes longer"}, S.checkSearch},
		{Fact{"identifai.pages", "the list has the parameters page and per_page", "Users and Bulk read page by page", "list with per_page=1 and page=2", "report it: Users and Bulk fail with an error on such a list"}, S.checkPages},
		{Fact{"identifai.empty-id", "an empty id creates a user", "UpsertUser without ID sends it", "create with an empty id", "report it: users cannot be created"}, S.checkEmptyID},
		{Fact{"identifai.create-status", "a create returns 200 or 201", "any 2xx is accepted", "create", "nothing to do: any 2xx is accepted"}, S.checkCreateStatus},
		{Fact{"identifai.email-taken", "a create with a taken email is rejected with 400, 409 or 422, which names email or no field", "UpsertUser then updates the existing user", "create with an email that exists", "always pass IDs, and report it: a second user may be created"}, S.checkTaken},
		{Fact{"identifai.update-by-id", "an update by id changes that user and returns it", "UpsertUser with ID", "update name and readonly by id", "report it: users cannot be updated"}, S.checkUpdate},
		{Fact{"identifai.booleans", "booleans are 1 and 0", "true and false may be rejected, or false may be read as true", "update with readonly 0 and 1, and with false and true if rejected", "use identifai.WithTextBooleans (command: --text-booleans)"}, S.checkBooleans},
		{Fact{"identifai.omitted-fields", "an update keeps optional fields that it omits", "UpsertUser omits fields that are not set", "update without readonly", "set Readonly, Newsletter and SaveFiles in every input"}, S.checkOmitted},
		{Fact{"identifai.trimmed", "white space around a name is removed", "Bulk compares names without it", "update with a name with white space around it", "nothing to do: Bulk does not update users whose names differ only in outer white space"}, S.checkTrimmed},
		{Fact{"identifai.list-fields", "the list shows heuristic, readonly and the pricing id", "Bulk skips users that already match", "list after the update", "nothing to do: users with unknown fields are updated in every run"}, S.checkListFields},
		{Fact{"identifai.unknown-id", "an update with an unknown id is rejected: 404, or an error that names id", "Bulk then looks the user up by email", "update by the largest id", "report it: an outdated id may create a user or is reported as failed"}, S.checkUnknownID},
		{Fact{"identifai.rate-limit-headers", "responses contain rate limit headers", "they show quotas that differ from the documented ones", "all responses", "nothing to do: the documented quotas are used; see rest.WithQuotas"}, S.checkRateHeaders},
	}
}

func runIdentifai(ctx context.Context, s *session, c Config) ([]Finding, error) {
	var p check.Problems
	p.Email("email", c.Email)
	if err := p.Err("identifai", "verify"); err != nil {
		return nil, err
	}
	client, err := identifai.New(c.APIKey, s.options...)
	if err != nil {
		return nil, err
	}
	i := &identifaiState{session: s, api: client.API(), email: email.Normalize(c.Email)}
	i.search = i.listUsers(ctx, gen.ListUsersParams{Search: &i.email, PerPage: new(int64(100))})
	if err := startError(i.search); err != nil {
		return nil, err
	}
	i.page = i.listUsers(ctx, gen.ListUsersParams{PerPage: new(int64(1)), Page: new(int64(2))})
	i.findUser(ctx)
	if c.Confirm != nil {
		if err := c.Confirm(i.plan()); err != nil {
			return nil, err
		}
	}
	defer s.cleanUp(ctx, i.restore)
	i.write(ctx)
	return findingsOf(i, identifaiProbes()), nil
}

// plan says what the run changes.
func (s *identifaiState) plan() string {
	if s.user == nil {
		return fmt.Sprintf("identifAI: creates the user %s, which usersync cannot delete, and updates it several times. No email is sent.", s.email)
	}
	return fmt.Sprintf("identifAI: changes name and readonly of the existing user %s (id %d) several times and restores them. No email is sent.", s.email, s.id)
}

// findUser finds the test user in the list, or else a pricing plan for a new user.
func (s *identifaiState) findUser(ctx context.Context) {
	s.heuristic = "Average"
	for _, user := range s.search.users() {
		if address, _ := fieldOf(user, "email").(string); email.Equal(address, s.email) {
			s.user, s.id, s.pricing = user, integer(fieldOf(user, "id")), integer(fieldOf(user, "pricing", "id"))
			if heuristic, ok := fieldOf(user, "heuristic").(string); ok {
				s.heuristic = heuristic
			}
		}
	}
	if s.pricing > 0 {
		return
	}
	plans := s.call(ctx, "Pricings", func(ctx context.Context) (*http.Response, error) { return s.api.ListPricings(ctx) })
	list, ok := plans.body.([]any)
	if !ok {
		list, _ = plans.field("data").([]any)
	}
	if len(list) > 0 {
		s.pricing = integer(fieldOf(list[0], "id"))
	}
}

// write makes the writes whose responses the probes read.
func (s *identifaiState) write(ctx context.Context) {
	s.create = s.send(ctx, "create", "", verifyName)
	if s.user == nil && s.create.ok() {
		s.id = integer(s.create.userField("id"))
		s.again = s.send(ctx, "create with a taken email", "", verifyName)
	} else {
		s.again = s.create
	}
	if s.id == 0 {
		return
	}
	id := strconv.FormatInt(s.id, 10)
	s.off = s.send(ctx, "update", id, verifyName, "readonly", "0")
	s.on = s.send(ctx, "update", id, "  "+verifyName+" ", "readonly", "1")
	if s.off.names("readonly") {
		s.text = true
		s.off = s.send(ctx, "update with text booleans", id, verifyName, "readonly", "false")
		s.on = s.send(ctx, "update with text booleans", id, "  "+verifyName+" ", "readonly", "true")
	}
	s.omit = s.send(ctx, "update without readonly", id, verifyName)
	s.list = s.listUsers(ctx, gen.ListUsersParams{Search: &s.email, PerPage: new(int64(100))})
	s.unknown = s.send(ctx, "update of an unknown id", strconv.Itoa(math.MaxInt32), verifyName)
}

// restore writes the old values of the test user.
func (s *identifaiState) restore(ctx context.Context) {
	if s.user == nil {
		if s.id != 0 {
			s.leftBehind = append(s.leftBehind, fmt.Sprintf("user %d was created and cannot be deleted by usersync", s.id))
		}
		return
	}
	name, _ := fieldOf(s.user, "name").(string)
	readonly, _ := fieldOf(s.user, "readonly").(bool)
	value := map[bool]string{true: "1", false: "0"}[readonly]
	if s.text {
		value = strconv.FormatBool(readonly)
	}
	if x := s.send(ctx, "restore", strconv.FormatInt(s.id, 10), name, "readonly", value); !x.ok() {
		s.leftBehind = append(s.leftBehind, fmt.Sprintf("user %d may have a changed name or readonly: %s", s.id, x.outcome()))
	} else if fieldOf(s.user, "readonly") == nil {
		s.leftBehind = append(s.leftBehind, fmt.Sprintf("readonly of user %d was not set before and is false now", s.id))
	}
}

// send creates or updates a user.
func (s *identifaiState) send(ctx context.Context, operation, id, name string, more ...string) Exchange {
	return s.call(ctx, operation, func(ctx context.Context) (*http.Response, error) {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		parts := append([]string{"id", id, "name", name, "email", s.email, "heuristic", s.heuristic, "pricing_id", strconv.FormatInt(s.pricing, 10)}, more...)
		for i := 0; i < len(parts); i += 2 {
			_ = form.WriteField(parts[i], parts[i+1]) // a bytes.Buffer returns no error
		}
		_ = form.Close()
		return s.api.CreateOrUpdateUserWithBody(ctx, form.FormDataContentType(), &body)
	})
}

func (s *identifaiState) listUsers(ctx context.Context, params gen.ListUsersParams) Exchange {
	return s.call(ctx, "list", func(ctx context.Context) (*http.Response, error) { return s.api.ListUsers(ctx, &params) })
}

// users returns the users of a list.
func (x Exchange) users() []any {
	if list, ok := x.body.([]any); ok {
		return list
	}
	list, _ := x.field("data").([]any)
	return list
}

// userField returns a field of the user of a response, in data or bare.
func (x Exchange) userField(path ...string) any {
	if data, ok := x.field("data").(map[string]any); ok {
		return fieldOf(data, path...)
	}
	return x.field(path...)
}

// integer returns the integer in a JSON value, or 0.
func integer(value any) int64 {
	n, _ := value.(float64)
	return int64(n)
}

func (s *identifaiState) checkSearch() (Verdict, string) {
	if !s.search.ok() {
		return unknown("%s", s.search.outcome())
	}
	for _, user := range s.search.users() {
		address, _ := fieldOf(user, "email").(string)
		name, _ := fieldOf(user, "name").(string)
		if !strings.Contains(strings.ToLower(address+" "+name), strings.ToLower(s.email)) {
			return differs("the list contained users whose emails do not match")
		}
	}
	if total := integer(s.page.field("total")); total <= int64(len(s.search.users())) {
		return unknown("the list contains no other user")
	}
	return holds("only matching users were listed")
}

func (s *identifaiState) checkPages() (Verdict, string) {
	number := integer(s.page.field("current_page"))
	switch {
	case !s.page.ok():
		return unknown("%s", s.page.outcome())
	case number != 0 && number != 2:
		return differs("page 2 was requested, page %d returned", number)
	case len(s.page.users()) > 1:
		return differs("per_page=1 returned %d users", len(s.page.users()))
	case number == 0 || s.page.field("last_page") == nil:
		return differs("the response has no current_page or last_page")
	}
	return holds("page 2 had %d users", len(s.page.users()))
}

func (s *identifaiState) checkEmptyID() (Verdict, string) {
	switch {
	case s.create.ok() && s.create.userField("id") != nil && s.user == nil:
		return holds("a user was created")
	case s.create.names("id"):
		return differs("%s and named id", s.create.outcome())
	case s.user != nil && isRejection(s.create):
		return holds("the id was accepted, the email was taken")
	}
	return unknown("%s", s.create.outcome())
}

func (s *identifaiState) checkCreateStatus() (Verdict, string) {
	switch {
	case s.user != nil:
		return unknown("the user existed before")
	case !s.create.ok():
		return unknown("%s", s.create.outcome())
	case s.create.Status > http.StatusCreated:
		return differs("%s", s.create.outcome())
	}
	return holds("%s", s.create.outcome())
}

// isRejection reports whether input was rejected.
func isRejection(x Exchange) bool {
	return x.Status == http.StatusBadRequest || x.Status == http.StatusConflict || x.Status == http.StatusUnprocessableEntity
}

func (s *identifaiState) checkTaken() (Verdict, string) {
	x := s.again
	fields, _ := x.field("errors").(map[string]any)
	switch {
	case x.ok() && integer(x.userField("id")) == s.id:
		return differs("the create returned the existing user")
	case x.ok():
		s.leftBehind = append(s.leftBehind, fmt.Sprintf("a second user with the same email was created: id %d", integer(x.userField("id"))))
		return differs("a second user with the same email was created")
	case !isRejection(x):
		return unknown("%s", x.outcome())
	case x.names("email") || len(fields) == 0:
		return holds("%s", x.outcome())
	}
	return differs("%s and named other fields than email", x.outcome())
}

func (s *identifaiState) checkUpdate() (Verdict, string) {
	switch {
	case s.id == 0:
		return unknown("there is no user to update")
	case !s.off.ok():
		return unknown("%s", s.off.outcome())
	case integer(s.off.userField("id")) != s.id:
		return differs("the response contains another user")
	case s.off.userField("name") != verifyName:
		return differs("the name was not changed")
	}
	return holds("%s", s.off.outcome())
}

func (s *identifaiState) checkBooleans() (Verdict, string) {
	off, isBool := s.off.userField("readonly").(bool)
	on, _ := s.on.userField("readonly").(bool)
	switch {
	case s.id == 0:
		return unknown("there is no user to update")
	case !s.off.ok() || !s.on.ok():
		return unknown("%s, %s", s.off.outcome(), s.on.outcome())
	case s.text && !off && on:
		return differs("1 and 0 are rejected, true and false are accepted")
	case s.text:
		return differs("1 and 0 are rejected, and false is read as %v, true as %v", off, on)
	case !isBool:
		return unknown("the response does not show readonly")
	case off || !on:
		return differs("0 is read as %v, 1 as %v", off, on)
	}
	return holds("1 and 0 are read as true and false")
}

func (s *identifaiState) checkOmitted() (Verdict, string) {
	before, _ := s.on.userField("readonly").(bool)
	after, known := s.omit.userField("readonly").(bool)
	switch {
	case !s.omit.ok():
		return unknown("%s", s.omit.outcome())
	case !before:
		return unknown("readonly was not set before")
	case !known || !after:
		return differs("readonly was reset")
	}
	return holds("readonly was kept")
}

func (s *identifaiState) checkTrimmed() (Verdict, string) {
	name, _ := s.on.userField("name").(string)
	switch {
	case !s.on.ok() || name == "":
		return unknown("%s", s.on.outcome())
	case name == verifyName:
		return holds("white space around the name was removed")
	}
	return differs("the name was stored with white space around it")
}

func (s *identifaiState) checkListFields() (Verdict, string) {
	for _, user := range s.list.users() {
		if integer(fieldOf(user, "id")) != s.id {
			continue
		}
		var missing []string
		for name, path := range map[string][]string{"heuristic": {"heuristic"}, "readonly": {"readonly"}, "pricing.id": {"pricing", "id"}} {
			if fieldOf(user, path...) == nil {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			return differs("the list does not show %s", joinSorted(missing))
		}
		return holds("the list shows all of them")
	}
	if !s.list.ok() {
		return unknown("%s", s.list.outcome())
	}
	return unknown("the list does not contain the user")
}

func (s *identifaiState) checkUnknownID() (Verdict, string) {
	x := s.unknown
	switch {
	case x.ok():
		s.leftBehind = append(s.leftBehind, fmt.Sprintf("the update of an unknown id returned user %d", integer(x.userField("id"))))
		return differs("the server accepted an unknown id")
	case x.Status == http.StatusNotFound, isRejection(x) && x.names("id"):
		return holds("%s", x.outcome())
	case isRejection(x):
		return differs("%s, but did not name id", x.outcome())
	}
	return unknown("%s", x.outcome())
}

func (s *identifaiState) checkRateHeaders() (Verdict, string) {
	successes := 0
	for _, x := range s.exchanges {
		for _, name := range x.Headers {
			if strings.Contains(strings.ToLower(name), "ratelimit") {
				return holds("%s", name)
			}
		}
		if x.ok() {
			successes++
		}
	}
	if successes == 0 {
		return unknown("no request succeeded")
	}
	return differs("no response contained one")
}
