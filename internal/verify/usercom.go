package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom"
)

// usercomState is the state of a run at user.com.
type usercomState struct {
	*session
	api     *gen.ClientWithResponses // of the version that is probed
	apiV1   *gen.ClientWithResponses // for operations that are not documented for version 2
	version int
	email   string
	key     string
	ids     []int64 // of the users created

	create, second, read    Exchange
	oneCall, afterOneCall   Exchange
	twoCalls, afterTwoCalls Exchange
	sameEmail               Exchange
	search, upper           Exchange
	invalid, missing        Exchange
	deleted, gone           Exchange
}

const (
	otherVersion = "use usercom.WithVersion with the other version (command: USERCOM_API_VERSION)"
	attribute    = "usersync_verify"
)

func usercomProbes() []probe[*usercomState] {
	type S = *usercomState
	return []probe[S]{
		{Fact{"usercom.key", "a second upsert with the same key returns created=false and the same id", "otherwise every run creates every user again", "upsert twice", otherVersion}, S.checkKey},
		{Fact{"usercom.version", "the server stores the key that was sent: user_id in version 1, custom_id in version 2", "the vendor's pages describe two versions", "upsert and get", otherVersion}, S.checkVersion},
		{Fact{"usercom.absent-fields", "an upsert keeps fields that it omits", "UpsertUser omits fields that are not set", "upsert without city, and get", "set every field in every input"}, S.checkAbsent},
		{Fact{"usercom.attributes-one-call", "version 2 stores custom attributes of an upsert, version 1 ignores them", "UpsertUser with version 1 needs a second request", "upsert with a custom attribute, and get", "version 1: usercom.WithVersion(2) may save the second request; version 2: use version 1"}, S.checkOneCall},
		{Fact{"usercom.attributes-two-calls", "set_multiple_attributes stores custom attributes", "SetAttributes and UpsertUser with version 1 use it", "set an attribute by id, and get", "usercom.WithVersion(2), or create the attribute in the application first"}, S.checkTwoCalls},
		{Fact{"usercom.unknown-attribute", "an attribute that does not exist in the application is created", "SetAttributes does not create attributes first", "set a new attribute", "create attributes in the application before they are set"}, S.checkUnknownAttribute},
		{Fact{"usercom.email-not-unique", "two users may have the same email", "UpsertUser never looks users up by email", "upsert another key with the same email", "nothing to do: the upsert fails with an error that names email"}, S.checkSameEmail},
		{Fact{"usercom.search", "the search by email with many=true returns a list of all users with this email", "FindUserByEmail", "search after two creates", "report it: FindUserByEmail may miss a user"}, S.checkSearch},
		{Fact{"usercom.search-letter-case", "the search by email ignores letter case", "FindUserByEmail", "search by the email in upper case", "pass emails in the letter case in which user.com stores them"}, S.checkLetterCase},
		{Fact{"usercom.invalid-input", "invalid input is a 400 that names the field", "errors name the invalid field", "upsert with an invalid email", "nothing to do: the error contains the response"}, S.checkInvalid},
		{Fact{"usercom.unknown-user", "an unknown user is a 404 in JSON", "an HTML page means a wrong base URL", "get of an unknown id", "report it: rest.ErrNotFound does not match"}, S.checkMissing},
		{Fact{"usercom.deletion", "a deletion returns 2xx, and the user is not found afterwards", "DeleteUser treats the 404 of a retry as success", "delete and get", "report it: DeleteUser may report success for users that still exist"}, S.checkDeletion},
	}
}

func runUsercom(ctx context.Context, s *session, c Config) ([]Finding, error) {
	version := max(c.Version, 1)
	client, err := usercom.New(c.Subdomain, c.APIKey, slices.Concat(s.options, []rest.Option{usercom.WithVersion(version)})...)
	if err != nil {
		return nil, err
	}
	clientV1, err := usercom.New(c.Subdomain, c.APIKey, s.options...)
	if err != nil {
		return nil, err
	}
	u := &usercomState{session: s, api: client.API(), apiV1: clientV1.API(), version: version, email: newEmail()}
	u.key, _, _ = strings.Cut(u.email, "@")
	u.missing = u.get(ctx, 1<<40)
	if err := startError(u.missing); err != nil {
		return nil, err
	}
	if c.Confirm != nil {
		if err := c.Confirm("user.com: creates two users under example.com and the custom attribute " + attribute + ", and deletes the users."); err != nil {
			return nil, err
		}
	}
	defer s.cleanUp(ctx, u.deleteAll)
	u.write(ctx)
	return findingsOf(u, usercomProbes()), nil
}

func (s *usercomState) write(ctx context.Context) {
	s.create = s.upsert(ctx, "upsert", s.key, map[string]any{"email": s.email, "first_name": "usersync", "city": "London"})
	if len(s.ids) == 0 {
		return
	}
	id := s.ids[0]
	s.second = s.upsert(ctx, "second upsert", s.key, map[string]any{"first_name": "changed"})
	s.read = s.get(ctx, id)
	s.oneCall = s.upsert(ctx, "upsert with a custom attribute", s.key, map[string]any{attribute + "_1": "one"})
	s.afterOneCall = s.get(ctx, id)
	s.twoCalls = s.call(ctx, "set attributes", func(ctx context.Context) (*http.Response, error) {
		return s.apiV1.SetMultipleAttributes(ctx, id, map[string]any{attribute: "two"})
	})
	s.afterTwoCalls = s.get(ctx, id)
	s.sameEmail = s.upsert(ctx, "upsert with a taken email", s.key+"-2", map[string]any{"email": s.email})
	s.search = s.find(ctx, s.email)
	s.upper = s.find(ctx, strings.ToUpper(s.email))
	s.invalid = s.upsert(ctx, "upsert with an invalid email", s.key, map[string]any{"email": "invalid"})
	s.deleted = s.delete(ctx, id)
	if s.gone = s.get(ctx, id); s.gone.ok() && !slices.Contains(s.ids, id) {
		s.ids = append(s.ids, id) // still to be deleted
	}
}

func (s *usercomState) keyName() string {
	if s.version == 2 {
		return "custom_id"
	}
	return "user_id"
}

func (s *usercomState) upsert(ctx context.Context, operation, key string, fields map[string]any) Exchange {
	fields[s.keyName()] = key
	body, _ := json.Marshal(fields) // texts only
	x := s.call(ctx, operation, func(ctx context.Context) (*http.Response, error) {
		return s.api.UpdateOrCreateUserWithBody(ctx, "application/json", bytes.NewReader(body))
	})
	if id := integer(x.field("id")); x.ok() && id > 0 && !slices.Contains(s.ids, id) {
		s.ids = append(s.ids, id)
	}
	return x
}

func (s *usercomState) get(ctx context.Context, id int64) Exchange {
	return s.call(ctx, "get", func(ctx context.Context) (*http.Response, error) { return s.api.GetUser(ctx, id) })
}

func (s *usercomState) find(ctx context.Context, wanted string) Exchange {
	return s.call(ctx, "search", func(ctx context.Context) (*http.Response, error) {
		return s.api.SearchUsers(ctx, &gen.SearchUsersParams{Email: &wanted, Many: new(true)})
	})
}

func (s *usercomState) delete(ctx context.Context, id int64) Exchange {
	x := s.call(ctx, "delete", func(ctx context.Context) (*http.Response, error) { return s.apiV1.DeleteUser(ctx, id) })
	if x.ok() || x.Status == http.StatusNotFound {
		s.ids = slices.DeleteFunc(s.ids, func(other int64) bool { return other == id })
	}
	return x
}

// deleteAll deletes the users that are left, also those whose upsert had no response.
func (s *usercomState) deleteAll(ctx context.Context) {
	if (s.create.err != nil || s.sameEmail.err != nil) && len(s.exchanges) > 1 {
		for _, user := range s.find(ctx, s.email).users() {
			if id := integer(fieldOf(user, "id")); id > 0 && !slices.Contains(s.ids, id) {
				s.ids = append(s.ids, id)
			}
		}
	}
	for _, id := range slices.Clone(s.ids) {
		if x := s.delete(ctx, id); slices.Contains(s.ids, id) {
			s.leftBehind = append(s.leftBehind, "user "+strconv.FormatInt(id, 10)+" was created and not deleted: "+x.outcome())
		}
	}
}

func (s *usercomState) notCreated() (Verdict, string) {
	return unknown("no user was created: %s", s.create.outcome())
}

func (s *usercomState) checkKey() (Verdict, string) {
	created, known := s.second.field("created").(bool)
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.second.ok() || !known:
		return unknown("%s", s.second.outcome())
	case created || integer(s.second.field("id")) != integer(s.create.field("id")):
		return differs("the second upsert created another user")
	}
	return holds("created=false and the same id")
}

func (s *usercomState) checkVersion() (Verdict, string) {
	if !s.read.ok() {
		return unknown("%s", s.read.outcome())
	}
	user, _ := s.read.body.(map[string]any)
	value, ok := user[s.keyName()]
	switch {
	case value == s.key:
		return holds("%s is the key that was sent", s.keyName())
	case ok:
		return differs("%s is not the key that was sent", s.keyName())
	}
	return unknown("the response does not show %s", s.keyName())
}

func (s *usercomState) checkAbsent() (Verdict, string) {
	switch {
	case !s.read.ok() || !s.second.ok():
		return unknown("%s, %s", s.second.outcome(), s.read.outcome())
	case s.read.field("city") != "London" || s.read.field("email") != s.email:
		return differs("city or email were changed")
	}
	return holds("city and email were kept")
}

// attributeOf returns the value of a custom attribute, nil if it is not set.
func attributeOf(x Exchange, name string) any {
	list, _ := x.field("attributes").([]any)
	for _, a := range list {
		if fieldOf(a, "name_std") == name || fieldOf(a, "name") == name {
			return fieldOf(a, "value")
		}
	}
	return x.field(name)
}

func (s *usercomState) checkOneCall() (Verdict, string) {
	if !s.oneCall.ok() || !s.afterOneCall.ok() {
		return unknown("%s, %s", s.oneCall.outcome(), s.afterOneCall.outcome())
	}
	stored := attributeOf(s.afterOneCall, attribute+"_1") == "one"
	detail := fmt.Sprintf("version %d: stored=%v", s.version, stored)
	if stored != (s.version == 2) {
		return differs("%s", detail)
	}
	return holds("%s", detail)
}

func (s *usercomState) checkTwoCalls() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.twoCalls.ok() || !s.afterTwoCalls.ok():
		return unknown("%s, %s", s.twoCalls.outcome(), s.afterTwoCalls.outcome())
	case attributeOf(s.afterTwoCalls, attribute) != "two":
		return differs("the attribute was not stored")
	}
	return holds("the attribute was stored")
}

func (s *usercomState) checkUnknownAttribute() (Verdict, string) {
	switch {
	case isRejection(s.twoCalls):
		return differs("%s", s.twoCalls.outcome())
	case !s.twoCalls.ok():
		return unknown("%s", s.twoCalls.outcome())
	case attributeOf(s.afterTwoCalls, attribute) != "two":
		return differs("the attribute was ignored without an error")
	}
	return holds("the attribute was stored; it is new unless an earlier run created it")
}

func (s *usercomState) checkSameEmail() (Verdict, string) {
	created, _ := s.sameEmail.field("created").(bool)
	switch {
	case !s.create.ok():
		return s.notCreated()
	case isRejection(s.sameEmail):
		return differs("%s", s.sameEmail.outcome())
	case !s.sameEmail.ok():
		return unknown("%s", s.sameEmail.outcome())
	case !created:
		return differs("the upsert updated the user with the same email")
	}
	return holds("a second user was created")
}

func (s *usercomState) checkSearch() (Verdict, string) {
	list, isList := s.search.body.([]any)
	ids := make(map[int64]bool)
	for _, user := range list {
		ids[integer(fieldOf(user, "id"))] = true
	}
	switch {
	case !s.create.ok():
		return s.notCreated()
	case !s.search.ok():
		return unknown("%s", s.search.outcome())
	case !isList:
		return differs("the response is not a list")
	case !ids[integer(s.create.field("id"))]:
		return differs("the list does not contain the user")
	case s.sameEmail.ok() && !ids[integer(s.sameEmail.field("id"))]:
		return differs("the list does not contain the second user")
	}
	return holds("the list has %d users", len(list))
}

func (s *usercomState) checkLetterCase() (Verdict, string) {
	switch {
	case !s.create.ok():
		return s.notCreated()
	case s.upper.Status == http.StatusNotFound, s.upper.ok() && len(s.upper.users()) == 0:
		return differs("the email in upper case finds no user")
	case !s.upper.ok():
		return unknown("%s", s.upper.outcome())
	}
	return holds("the email in upper case finds the user")
}

func (s *usercomState) checkInvalid() (Verdict, string) {
	switch {
	case s.invalid.ok():
		return differs("an invalid email was accepted")
	case !isRejection(s.invalid):
		return unknown("%s", s.invalid.outcome())
	case s.invalid.Status != http.StatusBadRequest || !s.invalid.names("email"):
		return differs("%s, naming email: %v", s.invalid.outcome(), s.invalid.names("email"))
	}
	return holds("%s and named email", s.invalid.outcome())
}

func (s *usercomState) checkMissing() (Verdict, string) {
	switch {
	case s.missing.ok():
		return differs("%s", s.missing.outcome())
	case s.missing.Status != http.StatusNotFound:
		return unknown("%s", s.missing.outcome())
	case s.missing.body == nil:
		return differs("the 404 is not JSON")
	}
	return holds("%s", s.missing.outcome())
}

func (s *usercomState) checkDeletion() (Verdict, string) {
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
