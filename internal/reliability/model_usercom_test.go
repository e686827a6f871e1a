package reliability

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// usercomUser is a user in the model. Attributes are JSON.
type usercomUser struct {
	userID, email, first, city, attributes string
}

type usercomModel struct {
	model
	server *usercomtest.Server
	client *usercom.Client
}

func (m *usercomModel) byUserID(userID string) (string, bool) {
	for id, user := range m.users {
		if u, ok := user.(usercomUser); ok && userID != "" && u.userID == userID {
			return id, true
		}
	}
	return "", false
}

// withAttributes returns u with attributes added or replaced.
func (u usercomUser) withAttributes(attributes map[string]any) usercomUser {
	all := map[string]any{}
	if u.attributes != "" {
		_ = json.Unmarshal([]byte(u.attributes), &all)
	}
	for name, value := range attributes {
		all[name] = value
	}
	u.attributes = attributesOf(all)
	return u
}

func attributesOf(attributes map[string]any) string {
	if len(attributes) == 0 {
		return ""
	}
	text, err := json.Marshal(attributes)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func drawAttributes(t *rapid.T) map[string]any {
	values := rapid.SampledFrom([]any{"pro", int64(7), 1.5, true, nil})
	return rapid.MapOfN(rapid.SampledFrom([]string{"plan", "seats", "größe"}), values, 0, 2).Draw(t, "attributes")
}

// upsert sends a second request for attributes. It may fail between the two.
func (m *usercomModel) upsert(t *rapid.T) {
	u := usercom.UserInput{
		UserID:     rapid.SampledFrom([]string{"1", "2", "A", "a"}).Draw(t, "user id"),
		Email:      rapid.SampledFrom(append(modelEmails(), "")).Draw(t, "email"),
		FirstName:  rapid.SampledFrom([]string{"Ada", "Bob", ""}).Draw(t, "first name"),
		City:       rapid.SampledFrom([]string{"", "Pisa"}).Draw(t, "city"),
		Attributes: drawAttributes(t),
	}
	id, exists := m.byUserID(u.UserID)
	if !exists {
		id = newUser
	}
	user, _ := m.users[id].(usercomUser)
	user.userID = u.UserID
	overwrite(&user.email, u.Email)
	overwrite(&user.first, u.FirstName)
	overwrite(&user.city, u.City)
	fields := m.users.with(id, user)
	e := expected{after: m.users.with(id, user.withAttributes(u.Attributes)), between: []world{fields}, survives: retries(3)}
	var result upsert.Result[int64]
	faults, err := m.step(t, e, func() (err error) {
		result, err = m.client.UpsertUser(t.Context(), u)
		return err
	})
	now, _ := m.byUserID(u.UserID)
	created := result.Outcome == upsert.Created
	switch {
	case err != nil && result.ID == 0:
	case strconv.FormatInt(result.ID, 10) != now:
		t.Fatalf("id %d, want %s", result.ID, now)
	case created && exists, !created && !exists && only429s(faults):
		t.Fatalf("%v, user existed: %v", result.Outcome, exists)
	}
}

func overwrite(field *string, value string) {
	if value != "" {
		*field = value
	}
}

func (m *usercomModel) update(t *rapid.T) {
	id, exists := m.pick(t, "999")
	email := rapid.SampledFrom(append(modelEmails(), "")).Draw(t, "email") // "" clears it
	e := expected{survives: retries(3), want: rest.ErrNotFound}
	if exists {
		user := m.users[id].(usercomUser)
		user.email = email
		e.want, e.after = nil, m.users.with(id, user)
	}
	m.onUser(t, e, id, func(n int64) (int64, error) {
		user, err := m.client.UpdateUser(t.Context(), n, usercom.UpdateUserRequest{Email: &email})
		return user.ID, err
	})
}

func (m *usercomModel) get(t *rapid.T) {
	id, exists := m.pick(t, "999")
	e := expected{survives: retries(3)}
	if !exists {
		e.want = rest.ErrNotFound
	}
	m.onUser(t, e, id, func(n int64) (int64, error) {
		user, err := m.client.GetUser(t.Context(), n)
		return user.ID, err
	})
}

func (m *usercomModel) setAttribute(t *rapid.T) {
	id, exists := m.pick(t, "999")
	attributes := drawAttributes(t)
	if len(attributes) == 0 {
		attributes["plan"] = "free"
	}
	e := expected{survives: retries(3), want: rest.ErrNotFound, hides: truncatedJSON}
	if exists {
		e.want, e.after = nil, m.users.with(id, m.users[id].(usercomUser).withAttributes(attributes))
	}
	m.onUser(t, e, id, func(n int64) (int64, error) {
		if len(attributes) == 1 {
			for name, value := range attributes {
				return n, m.client.SetAttribute(t.Context(), n, name, value)
			}
		}
		return n, m.client.SetAttributes(t.Context(), n, attributes)
	})
}

func (m *usercomModel) delete(t *rapid.T) {
	id, exists := m.pick(t, "999")
	e := expected{survives: retries(3), want: rest.ErrNotFound, hides: not429}
	if exists {
		e = expected{survives: retries(3), after: m.users.without(id)}
	}
	m.onUser(t, e, id, func(n int64) (int64, error) { return n, m.client.DeleteUser(t.Context(), n) })
}

// onUser is a step whose call takes an id and must return the same id.
func (m *usercomModel) onUser(t *rapid.T, e expected, id string, call func(int64) (int64, error)) {
	n, _ := strconv.ParseInt(id, 10, 64)
	var got int64
	_, err := m.step(t, e, func() (err error) {
		got, err = call(n)
		return err
	})
	if err == nil && got != n {
		t.Fatalf("returned user %d, want %d", got, n)
	}
}

// find ignores letter case. Several users may have the same email.
func (m *usercomModel) find(t *rapid.T) {
	email := rapid.SampledFrom(modelEmails()).Draw(t, "email")
	var ids []string
	for id, user := range m.users {
		if u, ok := user.(usercomUser); ok && strings.EqualFold(u.email, email) {
			ids = append(ids, id)
		}
	}
	e := expected{survives: retries(3)}
	switch {
	case len(ids) == 0:
		e.want = rest.ErrNotFound
	case len(ids) > 1:
		e.want = rest.ErrConflict
	}
	var user usercom.User
	_, err := m.step(t, e, func() (err error) {
		user, err = m.client.FindUserByEmail(t.Context(), email)
		return err
	})
	if err == nil && fmt.Sprint(user.ID) != ids[0] {
		t.Fatalf("found %d, want %s", user.ID, ids[0])
	}
}

// visit adds a user without a user id.
func (m *usercomModel) visit(t *rapid.T) {
	if len(m.users) > 8 {
		t.Skip("enough users") // skips this action, not the test
	}
	email := rapid.SampledFrom(append(modelEmails(), "")).Draw(t, "email")
	m.server.AddUser(usercomtest.User{UserInput: usercom.UserInput{Email: email}})
	m.users = m.observe()
}

func TestModelOfUsercom(t *testing.T) {
	checkModel(t, "user.com", func(t *rapid.T) map[string]func(*rapid.T) {
		server := usercomtest.NewServer()
		client, err := usercom.New("", usercomtest.Key, unpacedOptions(server.URL+"/api/public", &http.Client{Transport: bodycheck.Transport(t, server.Client().Transport)})...)
		if err != nil {
			t.Fatal(err)
		}
		m := &usercomModel{server: server, client: client, model: model{server: server.Server, users: world{emails: 0}}}
		m.observe = func() world {
			w := world{emails: 0}
			for _, u := range server.Users() {
				w[strconv.FormatInt(u.ID, 10)] = usercomUser{u.UserID, u.Email, u.FirstName, u.City, attributesOf(u.Attributes)}
			}
			return w
		}
		return map[string]func(*rapid.T){
			"upsert": m.upsert, "upsert again": m.upsert, "update": m.update, "get": m.get, "set": m.setAttribute,
			"delete": m.delete, "find": m.find, "visit": m.visit,
		}
	})
}
