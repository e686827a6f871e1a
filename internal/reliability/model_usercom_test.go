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

// usercomUser is what the model knows of a user. Attributes are JSON.
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

// withAttributes is u with attributes set over those it has.
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

// upsert may take a second request, for the attributes: it may end between them.
func (m *usercomModel) upsert(t *rapid.T) {
	u := usercom.UserInput{
		UserID:     rapid.SampledFrom([]string{"1", "2", "A", "a"}).Draw(t, "user id"),
		Email:      rapid.SampledFrom(append(modelAddresses(), "")).Draw(t, "email"),
		FirstName:  rapid.SampledFrom([]string{"Ada", "Bob", ""}).Draw(t, "first name"),
		City:       rapid.SampledFrom([]string{"", "Pisa"}).Draw(t, "city"),
		Attributes: drawAttributes(t),
	}
	id, exists := m.byUserID(u.UserID)
	if !exists {
		id = fresh
	}
	have, _ := m.users[id].(usercomUser)
	have.userID = u.UserID
	overwrite(&have.email, u.Email)
	overwrite(&have.first, u.FirstName)
	overwrite(&have.city, u.City)
	fields := m.users.with(id, have)
	e := expected{after: m.users.with(id, have.withAttributes(u.Attributes)), between: []world{fields}, survives: passing(3)}
	var result upsert.Result[int64]
	met, err := m.step(t, e, func() (err error) {
		result, err = m.client.UpsertUser(t.Context(), u)
		return err
	})
	now, _ := m.byUserID(u.UserID)
	created := result.Outcome == upsert.Created
	switch {
	case err != nil && result.ID == 0:
	case strconv.FormatInt(result.ID, 10) != now:
		t.Fatalf("id %d, want %s", result.ID, now)
	case created && exists, !created && !exists && calm(met):
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
	email := rapid.SampledFrom(append(modelAddresses(), "")).Draw(t, "email") // empty empties it
	e := expected{survives: passing(3), want: rest.ErrNotFound}
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
	e := expected{survives: passing(3)}
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
	e := expected{survives: passing(3), want: rest.ErrNotFound, hides: garbled}
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
	e := expected{survives: passing(3), want: rest.ErrNotFound, hides: unanswered}
	if exists {
		e = expected{survives: passing(3), after: m.users.without(id)}
	}
	m.onUser(t, e, id, func(n int64) (int64, error) { return n, m.client.DeleteUser(t.Context(), n) })
}

// onUser is a step whose call takes an id and should answer with it.
func (m *usercomModel) onUser(t *rapid.T, e expected, id string, call func(int64) (int64, error)) {
	n, _ := strconv.ParseInt(id, 10, 64)
	var got int64
	_, err := m.step(t, e, func() (err error) {
		got, err = call(n)
		return err
	})
	if err == nil && got != n {
		t.Fatalf("answered user %d, want %d", got, n)
	}
}

// find minds no case, and several users may have one address.
func (m *usercomModel) find(t *rapid.T) {
	email := rapid.SampledFrom(modelAddresses()).Draw(t, "email")
	var ids []string
	for id, user := range m.users {
		if u, ok := user.(usercomUser); ok && strings.EqualFold(u.email, email) {
			ids = append(ids, id)
		}
	}
	e := expected{survives: passing(3)}
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

// visit adds somebody without a user id, who is like no other.
func (m *usercomModel) visit(t *rapid.T) {
	if len(m.users) > 8 {
		t.Skip("the site is full") // of this action, not of the test
	}
	email := rapid.SampledFrom(append(modelAddresses(), "")).Draw(t, "email")
	m.server.AddUser(usercomtest.User{UserInput: usercom.UserInput{Email: email}})
	m.users = m.observe()
}

func TestModelOfUsercom(t *testing.T) {
	modelled(t, "user.com", func(t *rapid.T) map[string]func(*rapid.T) {
		server := usercomtest.NewServer()
		client, err := usercom.New("", usercomtest.Key, unpacedOptions(server.URL+"/api/public", &http.Client{Transport: bodycheck.Transport(t, server.Client().Transport)})...)
		if err != nil {
			t.Fatal(err)
		}
		m := &usercomModel{server: server, client: client, model: model{server: server.Server, users: world{mails: 0}}}
		m.observe = func() world {
			w := world{mails: 0}
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
