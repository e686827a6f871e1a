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
	"github.com/usersync/usersync/usercom"
)

// usercomRun is a run at user.com.
type usercomRun struct {
	*session
	api      *gen.ClientWithResponses
	version  int
	keyField string // of the version
	missing  Exchange
}

const (
	otherVersion = "use usercom.WithVersion with the other version (command: USERCOM_API_VERSION)"
	attribute    = "usersync_verify"
)

func startUsercom(ctx context.Context, s *session, c Config) (target, error) {
	version := max(c.Version, 1)
	client, err := usercom.New(c.Subdomain, c.APIKey, append(s.options, usercom.WithVersion(version))...)
	if err != nil {
		return nil, err
	}
	s.email = newEmail()
	r := &usercomRun{session: s, api: client.API(), version: version, keyField: "user_id"}
	if version == 2 {
		r.keyField = "custom_id"
	}
	r.missing = r.get(ctx, "1099511627776")
	return r, r.missing.startError()
}

func (r *usercomRun) plan() string {
	return "user.com: creates two users under example.com and the custom attribute " + attribute + ", and deletes the users."
}

func (r *usercomRun) probe(ctx context.Context) []Finding {
	key, _, _ := strings.Cut(r.email, "@")
	create := r.upsert(ctx, "upsert", key, map[string]any{"email": r.email, "first_name": "usersync", "city": "London"})
	id := r.firstUser(create)
	second := r.upsert(ctx, "second upsert", key, map[string]any{"first_name": "changed"})
	read := r.get(ctx, id)
	oneCall := r.upsert(ctx, "upsert with a custom attribute", key, map[string]any{attribute + "_1": "one"})
	afterOneCall := r.get(ctx, id)
	twoCalls := r.call("set attributes")(r.api.SetMultipleAttributes(ctx, number(id), map[string]any{attribute: "two"}, withoutVersion))
	afterTwoCalls := r.get(ctx, id)
	sameEmail := r.upsert(ctx, "upsert with a taken email", key+"-2", map[string]any{"email": r.email})
	search := r.search(ctx, r.email)
	upper := r.search(ctx, strings.ToUpper(r.email))
	invalid := r.upsert(ctx, "upsert with an invalid email", key, map[string]any{"email": "invalid"})
	deletion := r.probeDeletion(ctx, r, id)

	created, createdKnown := second.field("created").(bool)
	user, _ := read.body.(map[string]any)
	storedKey, keyKnown := user[r.keyField]
	oneCallStored := hasAttribute(afterOneCall, attribute+"_1", "one")
	oneCallDetail := fmt.Sprintf("version %d: stored=%v", r.version, oneCallStored)
	twoCallsStored := hasAttribute(afterTwoCalls, attribute, "two")
	users, isList := search.body.([]any)
	isListed := func(id string) bool {
		return slices.ContainsFunc(users, func(user any) bool { return textOf(user, "id") == id })
	}
	return []Finding{
		judge(Fact{"usercom.key", "a second upsert with the same key returns created=false and the same id", "otherwise every run creates every user again", "upsert twice", otherVersion},
			unknownIf(!second.ok() || !createdKnown, second.outcome()),
			differsIf(created || second.id() != id, "the second upsert created another user"),
			holds("created=false and the same id")),
		judge(Fact{"usercom.version", "the server stores the key that was sent: user_id in version 1, custom_id in version 2", "the vendor's pages describe two versions", "upsert and get", otherVersion},
			needs(read),
			unknownIf(!keyKnown, "the response does not show "+r.keyField),
			differsIf(storedKey != key, r.keyField+" is not the key that was sent"),
			holds(r.keyField+" is the key that was sent")),
		judge(Fact{"usercom.absent-fields", "an upsert keeps fields that it omits", "UpsertUser omits fields that are not set", "upsert without city, and get", "set every field in every input"},
			needs(second, read),
			differsIf(read.field("city") != "London" || read.field("email") != r.email, "city or email were changed"),
			holds("city and email were kept")),
		judge(Fact{"usercom.attributes-one-call", "version 2 stores custom attributes of an upsert, version 1 ignores them", "UpsertUser with version 1 needs a second request", "upsert with a custom attribute, and get", "version 1: usercom.WithVersion(2) may save the second request; version 2: use version 1"},
			needs(oneCall, afterOneCall),
			differsIf(oneCallStored != (r.version == 2), oneCallDetail),
			holds(oneCallDetail)),
		judge(Fact{"usercom.attributes-two-calls", "set_multiple_attributes stores custom attributes", "SetAttributes and UpsertUser with version 1 use it", "set an attribute by id, and get", "usercom.WithVersion(2), or create the attribute in the application first"},
			needs(twoCalls, afterTwoCalls),
			differsIf(!twoCallsStored, "the attribute was not stored"),
			holds("the attribute was stored")),
		judge(Fact{"usercom.unknown-attribute", "an attribute that does not exist in the application is created", "SetAttributes does not create attributes first", "set a new attribute", "create attributes in the application before they are set"},
			differsIf(twoCalls.isRejection(), twoCalls.outcome()),
			needs(twoCalls),
			differsIf(!twoCallsStored, "the attribute was ignored without an error"),
			holds("the attribute was stored; it is new unless an earlier run created it")),
		judge(Fact{"usercom.email-not-unique", "two users may have the same email", "UpsertUser never looks users up by email", "upsert another key with the same email", "nothing to do: the upsert fails with an error that names email"},
			differsIf(sameEmail.isRejection(), sameEmail.outcome()),
			needs(sameEmail),
			differsIf(sameEmail.field("created") != true, "the upsert updated the user with the same email"),
			holds("a second user was created")),
		judge(Fact{"usercom.search", "the search by email with many=true returns a list of all users with this email", "FindUserByEmail", "search after two creates", "report it: FindUserByEmail may miss a user"},
			needs(search),
			differsIf(!isList, "the response is not a list"),
			differsIf(!isListed(id), "the list does not contain the user"),
			differsIf(sameEmail.ok() && !isListed(sameEmail.id()), "the list does not contain the second user"),
			holds(fmt.Sprintf("the list has %d users", len(users)))),
		judge(Fact{"usercom.search-letter-case", "the search by email ignores letter case", "FindUserByEmail", "search by the email in upper case", "pass emails in the letter case in which user.com stores them"},
			ignoresLetterCase(upper, r.email)),
		judge(Fact{"usercom.invalid-input", "invalid input is a 400 that names the field", "errors name the invalid field", "upsert with an invalid email", "nothing to do: the error contains the response"},
			differsIf(invalid.ok(), "an invalid email was accepted"),
			unknownIf(!invalid.isRejection(), invalid.outcome()),
			differsIf(invalid.Status != http.StatusBadRequest || !invalid.names("email"), fmt.Sprintf("%s, naming email: %v", invalid.outcome(), invalid.names("email"))),
			holds(invalid.outcome()+" and named email")),
		judge(Fact{"usercom.unknown-user", "an unknown user is a 404 in JSON", "an HTML page means a wrong base URL", "get of an unknown id", "report it: rest.ErrNotFound does not match"},
			differsIf(r.missing.ok(), r.missing.outcome()),
			unknownIf(r.missing.Status != http.StatusNotFound, r.missing.outcome()),
			differsIf(r.missing.body == nil, "the 404 is not JSON"),
			holds(r.missing.outcome())),
		judge(Fact{"usercom.deletion", "a deletion returns 2xx, and the user is not found afterwards", "DeleteUser treats the 404 of a retry as success", "delete and get", "report it: DeleteUser may report success for users that still exist"},
			deletion),
	}
}

// hasAttribute reports whether a user has a custom attribute with this value.
func hasAttribute(user Exchange, name, value string) bool {
	list, _ := user.field("attributes").([]any)
	for _, a := range list {
		if textOf(a, "name_std") == name || textOf(a, "name") == name {
			return textOf(a, "value") == value
		}
	}
	return user.field(name) == value
}

func (r *usercomRun) undo(ctx context.Context) { r.deleteAll(ctx, r) }

func (r *usercomRun) upsert(ctx context.Context, operation, key string, fields map[string]any) Exchange {
	fields[r.keyField] = key
	body, _ := json.Marshal(fields) // texts only
	return r.remember(r.call(operation)(r.api.UpdateOrCreateUserWithBody(ctx, "application/json", bytes.NewReader(body))))
}

func (r *usercomRun) search(ctx context.Context, address string) Exchange {
	return r.call("search")(r.api.SearchUsers(ctx, &gen.SearchUsersParams{Email: &address, Many: new(true)}))
}

func (r *usercomRun) get(ctx context.Context, id string) Exchange {
	return r.call("get")(r.api.GetUser(ctx, number(id)))
}

func (r *usercomRun) delete(ctx context.Context, id string) Exchange {
	return r.call("delete")(r.api.DeleteUser(ctx, number(id), withoutVersion))
}

// withoutVersion is for operations that are not documented for version 2.
func withoutVersion(_ context.Context, r *http.Request) error {
	r.Header.Del("Accept")
	return nil
}

// number returns an id of user.com as a number.
func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}
