package reliability

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// identifaiUser is a user in the model.
type identifaiUser struct {
	name, email, heuristic string
	plan                   int64
	readonly               string
}

func identifaiUserOf(u identifai.UserInput) identifaiUser {
	readonly := ""
	if u.Readonly != nil {
		readonly = strconv.FormatBool(*u.Readonly)
	}
	return identifaiUser{u.Name, u.Email, u.Heuristic, u.PricingID, readonly}
}

type identifaiModel struct {
	model
	client *identifai.Client
}

// modelEmails differ in letter case, or one contains another: the vendor's search also finds
// parts of emails.
func modelEmails() []string {
	return []string{"ada@example.com", "Ada@Example.com", "a.ada@example.com", "bob@example.com"}
}

func (m *identifaiModel) byEmail(email string) (string, bool) {
	for id, user := range m.users {
		if u, ok := user.(identifaiUser); ok && strings.EqualFold(u.email, email) {
			return id, true
		}
	}
	return "", false
}

func drawIdentifaiUser(t *rapid.T) identifai.UserInput {
	return identifai.UserInput{
		// The search also finds names.
		Name:      rapid.SampledFrom([]string{"Ada", "Bob", "ada@example.com"}).Draw(t, "name"),
		Email:     rapid.SampledFrom(modelEmails()).Draw(t, "email"),
		Heuristic: rapid.SampledFrom([]string{"Average", "Strict"}).Draw(t, "heuristic"),
		PricingID: rapid.Int64Range(1, 2).Draw(t, "plan"),
		Readonly:  rapid.Ptr(rapid.Bool(), true).Draw(t, "readonly"),
	}
}

// written is the world after u was written to the user with the id.
func (m *identifaiModel) written(id string, u identifai.UserInput) world {
	user := identifaiUserOf(u)
	if current, ok := m.users[id].(identifaiUser); ok && user.readonly == "" {
		user.readonly = current.readonly
	}
	return m.users.with(id, user)
}

// upsertByEmail has no id: the user with the email is updated if it exists.
func (m *identifaiModel) upsertByEmail(t *rapid.T) {
	u := drawIdentifaiUser(t)
	id, exists := m.byEmail(u.Email)
	if !exists {
		id = newUser
	}
	e := expected{after: m.written(id, u), createConflicts: exists}
	e.survives = func(faults []modelFault) bool {
		faults = without429s(faults)
		// The first fault is that of the create. If the user exists then, it is found.
		return len(faults) == 0 || (exists || faults[0].executed) && retries(3)(faults[1:])
	}
	m.upsert(t, u, e, id, exists)
}

func (m *identifaiModel) upsertByID(t *rapid.T) {
	u := drawIdentifaiUser(t)
	id, exists := m.pick(t, "999")
	n, _ := strconv.ParseInt(id, 10, 64)
	u.ID = &n
	e := expected{survives: retries(3)}
	if other, taken := m.byEmail(u.Email); !exists || taken && other != id {
		e.want = rest.ErrInvalid
	} else {
		e.after = m.written(id, u)
	}
	m.upsert(t, u, e, id, exists)
}

func (m *identifaiModel) upsert(t *rapid.T, u identifai.UserInput, e expected, id string, exists bool) {
	var result identifai.UpsertResult
	faults, err := m.step(t, e, func() (err error) {
		result, err = m.client.UpsertUser(t.Context(), u)
		return err
	})
	if err != nil {
		return
	}
	if id == newUser {
		id, _ = m.byEmail(u.Email)
	}
	if got := strconv.FormatInt(result.ID, 10); got != id {
		t.Fatalf("id %s, want %s", got, id)
	}
	if created := result.Outcome == upsert.Created; created && exists || !created && !exists && only429s(faults) {
		t.Fatalf("outcome %v, user existed: %v", result.Outcome, exists)
	}
	if got := result.User; got.Name != u.Name || got.Email != u.Email {
		t.Fatalf("returned %+v for %+v", got, u)
	}
}

func (m *identifaiModel) find(t *rapid.T) {
	email := rapid.SampledFrom(modelEmails()).Draw(t, "email")
	id, exists := m.byEmail(email)
	e := expected{survives: retries(3)}
	if !exists {
		e.want = rest.ErrNotFound
	}
	var user identifai.User
	_, err := m.step(t, e, func() (err error) {
		user, err = m.client.FindUserByEmail(t.Context(), email)
		return err
	})
	if err == nil && strconv.FormatInt(user.ID, 10) != id {
		t.Fatalf("found %d, want %s", user.ID, id)
	}
}

func (m *identifaiModel) list(t *rapid.T) {
	size := rapid.Int64Range(1, 3).Draw(t, "per page")
	want := len(m.users) - 1 // without the number of emails
	var got []int64
	_, err := m.step(t, expected{survives: retries(3)}, func() error {
		for user, err := range m.client.ListUsers(t.Context(), identifai.ListUsersParams{PerPage: &size}) {
			if err != nil {
				return err
			}
			got = append(got, user.ID)
		}
		return nil
	})
	slices.Sort(got)
	if err == nil && len(slices.Compact(got)) != want {
		t.Fatalf("listed %v, want %d users", got, want)
	}
}

func (m *identifaiModel) sendEmail(t *rapid.T) {
	id, exists := m.pick(t, "999")
	n, _ := strconv.ParseInt(id, 10, 64)
	e := expected{want: rest.ErrNotFound}
	if exists {
		e = expected{after: m.users.with(emails, m.users[emails].(int)+1)}
	}
	m.step(t, e, func() error {
		user, err := m.client.SendCreationEmail(t.Context(), n)
		if err == nil && user.ID != n {
			t.Fatalf("returned user %d, want %d", user.ID, n)
		}
		return err
	})
}

func TestModelOfIdentifai(t *testing.T) {
	checkModel(t, "identifAI", func(t *rapid.T) map[string]func(*rapid.T) {
		server := identifaitest.NewServer()
		client, err := identifai.New(identifaitest.Key, unpacedOptions(server.URL, &http.Client{Transport: bodycheck.Transport(t, server.Client().Transport)})...)
		if err != nil {
			t.Fatal(err)
		}
		m := &identifaiModel{client: client, model: model{server: server.Server, users: world{emails: 0}}}
		m.observe = func() world {
			w := world{emails: len(server.EmailsSent())}
			for _, u := range server.Users() {
				w[strconv.FormatInt(*u.ID, 10)] = identifaiUserOf(u)
			}
			return w
		}
		return map[string]func(*rapid.T){
			"upsert": m.upsertByEmail, "upsert by id": m.upsertByID, "find": m.find, "list": m.list, "send email": m.sendEmail,
		}
	})
}
