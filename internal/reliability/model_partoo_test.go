package reliability

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// unusedID is an id that the fake never creates.
const unusedID = "ffffffffffffffffffffffff"

type partooModel struct {
	model
	client  *partoo.Client
	invited map[string][2]time.Time // earliest and latest time of the last invitation, by id
}

func (m *partooModel) byEmail(email string) (string, bool) {
	for id, user := range m.users {
		if u, ok := user.(partooUser); ok && strings.EqualFold(u.email, email) {
			return id, true
		}
	}
	return "", false
}

func (m *partooModel) created(u partoo.UserInput) world {
	user := written(partooUser{email: u.Email, role: partoo.RoleOrgAdmin, lang: "en", status: partoo.UserStatusActive, businesses: set(nil)}, u)
	w := m.users
	if sendsInvitation(u) {
		user.status = partoo.UserStatusInvited
		w = w.with(emails, w[emails].(int)+1)
	}
	return w.with(newUser, user)
}

func (m *partooModel) upsert(t *rapid.T) {
	u := drawPartooUser(t)
	id, exists := m.byEmail(u.Email)
	e := expected{after: m.created(u), survives: retries(2)}
	want := upsert.Created
	if sendsInvitation(u) {
		e.survives = nil // a create that may have sent an invitation is not repeated
	}
	if exists {
		current := m.users[id].(partooUser)
		e.after, e.survives = m.users.with(id, written(current, u)), retries(3)
		if want = upsert.Updated; current == written(current, u) {
			want = upsert.Unchanged
		}
	}
	var result upsert.Result[string]
	start := time.Now()
	faults, err := m.step(t, e, func() (err error) {
		result, err = m.client.UpsertUser(t.Context(), u)
		return err
	})
	now, _ := m.byEmail(u.Email)
	if !exists && sendsInvitation(u) {
		m.checkInvitation(t, now, start)
	}
	switch {
	case err != nil:
	case result.ID != now:
		t.Fatalf("id %s, want %s", result.ID, now)
	case result.Outcome != want && only429s(faults), result.Outcome == upsert.Created && exists:
		t.Fatalf("%v, want %v", result.Outcome, want)
	}
}

// checkInvitation records an invitation of the user with the id, if the user exists. A create
// that may have sent an invitation must not have been retried, even if the user does not
// exist: the vendor may execute the create later.
func (m *partooModel) checkInvitation(t *rapid.T, id string, start time.Time) {
	if id != "" {
		m.invited[id] = [2]time.Time{start, time.Now()}
	}
	creates := 0
	for _, r := range m.last {
		if r.Method == http.MethodPost && r.Path == "/v2/user" && r.Status != http.StatusTooManyRequests {
			creates++
		}
	}
	if creates > 1 {
		t.Fatalf("sent %d creates with an invitation", creates)
	}
}

func (m *partooModel) create(t *rapid.T) {
	u := drawPartooUser(t)
	e := expected{after: m.created(u)}
	if _, exists := m.byEmail(u.Email); exists {
		e = expected{want: rest.ErrInvalid}
	}
	request := partoo.CreateUserRequest{Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, SendInvitation: u.OnCreate.SendInvitation}
	if u.Role != "" {
		request.Role = &u.Role
	}
	if u.Lang != "" {
		request.Lang = &u.Lang
	}
	if u.BusinessIDs != nil {
		request.BusinessIDs = &u.BusinessIDs
	}
	var id string
	start := time.Now()
	_, err := m.step(t, e, func() (err error) {
		id, err = m.client.CreateUser(t.Context(), request)
		return err
	})
	now, _ := m.byEmail(u.Email)
	if e.want == nil && sendsInvitation(u) {
		m.checkInvitation(t, now, start)
	}
	if err == nil && id != now {
		t.Fatalf("id %s, want %s", id, now)
	}
}

// update may use the email of another user, which is rejected.
func (m *partooModel) update(t *rapid.T) {
	id, exists := m.pick(t, unusedID)
	email := rapid.SampledFrom(modelEmails()).Draw(t, "email")
	first := rapid.SampledFrom([]string{"Ada", "Bob"}).Draw(t, "first name")
	e := expected{survives: retries(3)}
	other, taken := m.byEmail(email)
	switch {
	case !exists:
		e.want = rest.ErrNotFound
	case taken && other != id:
		e.want = rest.ErrInvalid
	default:
		user := m.users[id].(partooUser)
		user.email, user.first = email, first
		e.after = m.users.with(id, user)
	}
	m.step(t, e, func() error {
		return m.client.UpdateUser(t.Context(), id, partoo.UpdateUserRequest{Email: &email, FirstName: &first})
	})
}

func (m *partooModel) get(t *rapid.T) {
	id, exists := m.pick(t, unusedID)
	e := expected{survives: retries(3)}
	if !exists {
		e.want = rest.ErrNotFound
	}
	var user partoo.User
	_, err := m.step(t, e, func() (err error) {
		user, err = m.client.GetUser(t.Context(), id)
		return err
	})
	if err == nil && (user.ID != id || partooUserOf(user) != m.users[id]) {
		t.Fatalf("got %+v, want %v", user, m.users[id])
	}
}

func (m *partooModel) search(t *rapid.T) {
	size := rapid.Int64Range(1, 3).Draw(t, "per page")
	want := len(m.users) - 1
	seen := map[string]bool{}
	_, err := m.step(t, expected{survives: retries(3)}, func() error {
		for user, err := range m.client.SearchUsers(t.Context(), partoo.SearchUsersParams{PerPage: &size}) {
			if err != nil {
				return err
			}
			if _, exists := m.users[user.ID]; exists { // not the owner of the key
				seen[user.ID] = true
			}
		}
		return nil
	})
	if err == nil && len(seen) != want {
		t.Fatalf("found %v, want %d users", seen, want)
	}
}

func (m *partooModel) delete(t *rapid.T) {
	id, exists := m.pick(t, unusedID)
	e := expected{survives: retries(3), want: rest.ErrNotFound, hides: not429}
	if exists {
		e = expected{survives: retries(3), after: m.users.without(id)}
	}
	m.step(t, e, func() error { return m.client.DeleteUser(t.Context(), id) })
}

// invite is rejected for five minutes after an invitation. It is never retried.
func (m *partooModel) invite(t *rapid.T) {
	id, exists := m.pick(t, unusedID)
	const coolDown = 5 * time.Minute
	last, invited := m.invited[id]
	now := time.Now()
	if invited && now.Sub(last[0]) >= coolDown && now.Sub(last[1]) < coolDown {
		time.Sleep(coolDown) // the exact time is unknown
		now = time.Now()
	}
	e := expected{neverRetried: true}
	switch {
	case !exists:
		e.want = rest.ErrNotFound
	case invited && now.Sub(last[1]) < coolDown:
		e.want = rest.ErrRateLimited
	default:
		e.after = m.users.with(emails, m.users[emails].(int)+1)
	}
	before := m.users[emails]
	m.step(t, e, func() error { return m.client.InviteUser(t.Context(), id) })
	if m.users[emails] != before {
		m.invited[id] = [2]time.Time{now, time.Now()}
	}
}

func (m *partooModel) wait(t *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(1, 6).Draw(t, "minutes")) * time.Minute)
}

func TestModelOfPartoo(t *testing.T) {
	checkModel(t, "Partoo", func(t *rapid.T) map[string]func(*rapid.T) {
		server := partootest.NewServer()
		client, err := partoo.New(partootest.Key, unpacedOptions(server.URL+"/v2", &http.Client{Transport: bodycheck.Transport(t, server.Client().Transport)})...)
		if err != nil {
			t.Fatal(err)
		}
		m := &partooModel{client: client, invited: map[string][2]time.Time{}, model: model{server: server.Server, users: world{emails: 0}}}
		m.observe = func() world {
			w := world{emails: len(server.Invitations())}
			for _, u := range server.Users() {
				w[u.ID] = storedPartooUser(u)
			}
			return w
		}
		return map[string]func(*rapid.T){
			"upsert": m.upsert, "upsert again": m.upsert, "create": m.create, "update": m.update, "get": m.get,
			"search": m.search, "delete": m.delete, "invite": m.invite, "wait": m.wait,
		}
	})
}
