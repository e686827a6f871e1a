package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	gen "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/email"
)

// identifaiRun is a run at identifAI.
type identifaiRun struct {
	*session
	api *gen.ClientWithResponses

	list, page   Exchange // before the run
	user         any      // the test user before the run, nil if it did not exist
	id           string   // of the test user
	pricing      string
	heuristic    string
	textBooleans bool // booleans were accepted as text only
}

func startIdentifai(ctx context.Context, s *session, c Config) (target, error) {
	if err := email.Check(c.Email); err != nil {
		return nil, fmt.Errorf("identifai: verify: email: %w", err)
	}
	client, err := identifai.New(c.APIKey, s.options...)
	if err != nil {
		return nil, err
	}
	s.email = email.Normalize(c.Email)
	r := &identifaiRun{session: s, api: client.API()}
	if r.list = r.listUser(ctx); r.list.startError() != nil {
		return nil, r.list.startError()
	}
	r.page = r.call("list")(r.api.ListUsers(ctx, &gen.ListUsersParams{PerPage: new(int64(1)), Page: new(int64(2))}))
	if user := r.list.user(r.email); textOf(user, "id") != "" {
		r.user, r.id = user, textOf(user, "id")
	}
	r.heuristic = cmp.Or(textOf(r.user, "heuristic"), "Average")
	if r.pricing = textOf(r.user, "pricing.id"); r.pricing == "" {
		for _, plan := range r.call("Pricings")(r.api.ListPricings(ctx)).list() {
			r.pricing = cmp.Or(r.pricing, textOf(plan, "id"))
		}
	}
	return r, nil
}

func (r *identifaiRun) plan() string {
	if r.user == nil {
		return fmt.Sprintf("identifAI: creates the user %s, which usersync cannot delete, and updates it several times. No email is sent.", r.email)
	}
	return fmt.Sprintf("identifAI: changes name and readonly of the existing user %s (id %s) several times and restores them. No email is sent.", r.email, r.id)
}

// verifyName is the name that the test user gets.
const verifyName = "usersync verify"

func (r *identifaiRun) probe(ctx context.Context) []Finding {
	create := r.send(ctx, "create", "", verifyName)
	taken := create
	if r.user == nil {
		r.id = r.firstUser(create)
		taken = r.send(ctx, "create with a taken email", "", verifyName)
	}
	off, on := r.setReadonly(ctx, "update", "0", "1")
	if off.names("readonly") {
		r.textBooleans = true
		off, on = r.setReadonly(ctx, "update with text booleans", "false", "true")
	}
	omit := r.send(ctx, "update without readonly", r.id, verifyName)
	list := r.listUser(ctx)
	unknown := r.send(ctx, "update of an unknown id", strconv.Itoa(math.MaxInt32), verifyName)

	before := r.list.list()
	isOther := func(user any) bool {
		return !strings.Contains(strings.ToLower(textOf(user, "email")+" "+textOf(user, "name")), strings.ToLower(r.email))
	}
	total, _ := r.page.field("total").(float64)
	pageNumber, pageUsers := textOf(r.page.body, "current_page"), len(r.page.list())
	takenFields, _ := taken.field("errors").(map[string]any)
	offValue, offKnown := off.field("readonly").(bool)
	onValue := on.field("readonly") == true
	if taken.ok() && taken.id() != r.id {
		r.leave("a second user with the same email was created: id %s", taken.id())
	}
	if unknown.ok() {
		r.leave("the update of an unknown id returned user %s", unknown.id())
	}
	rateHeader := r.rateLimitHeader()
	return []Finding{
		judge(Fact{"identifai.search", "the list has a parameter search, which filters by email", "lookups by email need it", "list with search=EMAIL", "report it: lookups read all users and compare emails, which still works but takes longer"},
			needs(r.list),
			differsIf(slices.ContainsFunc(before, isOther), "the list contained users whose emails do not match"),
			unknownIf(int(total) <= len(before), "the list contains no other user"),
			holds("only matching users were listed")),
		judge(Fact{"identifai.pages", "the list has the parameters page and per_page", "Users and Bulk read page by page", "list with per_page=1 and page=2", "report it: Users and Bulk fail with an error on such a list"},
			needs(r.page),
			differsIf(pageNumber != "" && pageNumber != "2", fmt.Sprintf("page 2 was requested, page %s returned", pageNumber)),
			differsIf(pageUsers > 1, fmt.Sprintf("per_page=1 returned %d users", pageUsers)),
			differsIf(pageNumber == "" || r.page.field("last_page") == nil, "the response has no current_page or last_page"),
			holds(fmt.Sprintf("page 2 had %d users", pageUsers))),
		judge(Fact{"identifai.empty-id", "an empty id creates a user", "UpsertUser without ID sends it", "create with an empty id", "report it: users cannot be created"},
			findingIf(r.user == nil && r.id != "", Holds, "a user was created"),
			differsIf(create.names("id"), create.outcome()+" and named id"),
			unknownIf(r.user == nil || !create.isRejection(), create.outcome()),
			holds("the id was accepted, the email was taken")),
		judge(Fact{"identifai.create-status", "a create returns 200 or 201", "any 2xx is accepted", "create", "nothing to do: any 2xx is accepted"},
			unknownIf(r.user != nil, "the user existed before"),
			needs(create),
			differsIf(create.Status > http.StatusCreated, create.outcome()),
			holds(create.outcome())),
		judge(Fact{"identifai.email-taken", "a create with a taken email is rejected with 400, 409 or 422, which names email or no field", "UpsertUser then updates the existing user", "create with an email that exists", "always pass IDs, and report it: a second user may be created"},
			differsIf(taken.ok() && taken.id() == r.id, "the create returned the existing user"),
			differsIf(taken.ok(), "a second user with the same email was created"),
			unknownIf(!taken.isRejection(), taken.outcome()),
			differsIf(!taken.names("email") && len(takenFields) > 0, taken.outcome()+" and named other fields than email"),
			holds(taken.outcome())),
		judge(Fact{"identifai.update-by-id", "an update by id changes that user and returns it", "UpsertUser with ID", "update name and readonly by id", "report it: users cannot be updated"},
			needs(off),
			differsIf(off.id() != r.id, "the response contains another user"),
			differsIf(off.field("name") != verifyName, "the name was not changed"),
			holds(off.outcome())),
		judge(Fact{"identifai.booleans", "booleans are 1 and 0", "true and false may be rejected, or false may be read as true", "update with readonly 0 and 1, and with false and true if rejected", "use identifai.WithTextBooleans (command: --text-booleans)"},
			needs(off, on),
			differsIf(r.textBooleans && !offValue && onValue, "1 and 0 are rejected, true and false are accepted"),
			differsIf(r.textBooleans, fmt.Sprintf("1 and 0 are rejected, and false is read as %v, true as %v", offValue, onValue)),
			unknownIf(!offKnown, "the response does not show readonly"),
			differsIf(offValue || !onValue, fmt.Sprintf("0 is read as %v, 1 as %v", offValue, onValue)),
			holds("1 and 0 are read as true and false")),
		judge(Fact{"identifai.omitted-fields", "an update keeps optional fields that it omits", "UpsertUser omits fields that are not set", "update without readonly", "set Readonly, Newsletter and SaveFiles in every input"},
			needs(omit),
			unknownIf(!onValue, "readonly was not set before"),
			differsIf(omit.field("readonly") != true, "readonly was reset"),
			holds("readonly was kept")),
		judge(Fact{"identifai.trimmed", "white space around a name is removed", "Bulk compares names without it", "update with a name with white space around it", "nothing to do: Bulk does not update users whose names differ only in outer white space"},
			unknownIf(!on.ok() || on.field("name") == nil, on.outcome()),
			differsIf(on.field("name") != verifyName, "the name was stored with white space around it"),
			holds("white space around the name was removed")),
		judge(Fact{"identifai.list-fields", "the list shows heuristic, readonly and the pricing id", "Bulk skips users that already match", "list after the update", "nothing to do: users with unknown fields are updated in every run"},
			shows("list", list, r.email, "heuristic", "pricing.id", "readonly")),
		judge(Fact{"identifai.unknown-id", "an update with an unknown id is rejected: 404, or an error that names id", "Bulk then looks the user up by email", "update by the largest id", "report it: an outdated id may create a user or is reported as failed"},
			differsIf(unknown.ok(), "the server accepted an unknown id"),
			unknownIf(unknown.Status != http.StatusNotFound && !unknown.isRejection(), unknown.outcome()),
			differsIf(unknown.isRejection() && !unknown.names("id"), unknown.outcome()+", but did not name id"),
			holds(unknown.outcome())),
		judge(Fact{"identifai.rate-limit-headers", "responses contain rate limit headers", "they show quotas that differ from the documented ones", "all responses", "nothing to do: the documented quotas are used; see rest.WithQuotas"},
			unknownIf(!slices.ContainsFunc(r.exchanges, Exchange.ok), "no request succeeded"),
			differsIf(rateHeader == "", "no response contained one"),
			holds(rateHeader)),
	}
}

// undo writes the old values of the test user.
func (r *identifaiRun) undo(ctx context.Context) {
	if r.user == nil {
		if r.id != "" {
			r.leave("user %s was created and cannot be deleted by usersync", r.id)
		}
		return
	}
	readonly, known := fieldOf(r.user, "readonly").(bool)
	value := strconv.FormatBool(readonly)
	if !r.textBooleans {
		value = map[bool]string{true: "1", false: "0"}[readonly]
	}
	if x := r.send(ctx, "restore", r.id, textOf(r.user, "name"), "readonly", value); !x.ok() {
		r.leave("user %s may have a changed name or readonly: %s", r.id, x.outcome())
	} else if !known {
		r.leave("readonly of user %s was not set before and is false now", r.id)
	}
}

func (r *identifaiRun) setReadonly(ctx context.Context, operation, falseText, trueText string) (off, on Exchange) {
	off = r.send(ctx, operation, r.id, verifyName, "readonly", falseText)
	return off, r.send(ctx, operation, r.id, "  "+verifyName+" ", "readonly", trueText)
}

// send creates or updates a user. more are the names and values of further fields.
func (r *identifaiRun) send(ctx context.Context, operation, id, name string, more ...string) Exchange {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	fields := append([]string{"id", id, "name", name, "email", r.email, "heuristic", r.heuristic, "pricing_id", r.pricing}, more...)
	for field := range slices.Chunk(fields, 2) {
		_ = form.WriteField(field[0], field[1]) // a bytes.Buffer returns no error
	}
	_ = form.Close()
	return r.call(operation)(r.api.CreateOrUpdateUserWithBody(ctx, form.FormDataContentType(), &body))
}

func (r *identifaiRun) listUser(ctx context.Context) Exchange {
	return r.call("list")(r.api.ListUsers(ctx, &gen.ListUsersParams{Search: &r.email, PerPage: new(int64(100))}))
}

// rateLimitHeader returns the name of a header of any response that shows a rate limit.
func (r *identifaiRun) rateLimitHeader() string {
	for _, x := range r.exchanges {
		for _, name := range x.Headers {
			if strings.Contains(strings.ToLower(name), "ratelimit") {
				return name
			}
		}
	}
	return ""
}
