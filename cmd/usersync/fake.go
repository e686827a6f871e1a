package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// fakeServer is the API that the fakes of the providers share. U is a user of the fake.
type fakeServer[U any] interface {
	Options() []rest.Option
	Users() []U
	AddUser(U) U
	Fail(...resttest.Fault)
}

// fake is an in-memory provider.
type fake struct {
	config clientConfig
	save   func() (json.RawMessage, error)
	load   func(json.RawMessage) error
	fail   func(...resttest.Fault)
}

func newFake[U any](key string, server fakeServer[U]) fake {
	return fake{
		config: clientConfig{key: key, baseURL: "its fake", options: server.Options()},
		save:   func() (json.RawMessage, error) { return json.MarshalIndent(server.Users(), "  ", "  ") },
		load:   func(users json.RawMessage) error { return addUsers(server, users) },
		fail:   server.Fail,
	}
}

// addUsers adds users that save returned before.
func addUsers[U any](server fakeServer[U], data json.RawMessage) (err error) {
	var users []U
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // custom attributes may be numbers beyond float64
	if err := d.Decode(&users); err != nil {
		return err
	}
	defer func() { // the fakes panic if a user is invalid
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	for _, user := range users {
		server.AddUser(user)
	}
	return nil
}

// fakes are the fakes of a run. The users of --fake-state include those of providers that
// are not selected.
type fakes struct {
	providers []provider
	list      []fake
	path      string
	users     map[string]json.RawMessage // by provider
}

func startFakes(o options) (*fakes, error) {
	f := &fakes{providers: o.providers, path: o.fakeState, users: make(map[string]json.RawMessage)}
	if f.path != "" {
		data, err := os.ReadFile(f.path)
		if err == nil {
			if err = json.Unmarshal(data, &f.users); err != nil {
				err = fmt.Errorf("%s: %w", f.path, err)
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("--fake-state: %w", err)
		}
	}
	for _, p := range f.providers {
		server := p.fake()
		if users, ok := f.users[p.title()]; ok {
			if err := server.load(users); err != nil {
				return nil, fmt.Errorf("--fake-state: %s: %s: %w", f.path, p.title(), err)
			}
		}
		f.list = append(f.list, server)
	}
	return f, nil
}

func (f *fakes) configs() (all []clientConfig) {
	for _, server := range f.list {
		all = append(all, server.config)
	}
	return all
}

// inject429 makes the first fake return 429 to one request.
func (f *fakes) inject429() { f.list[0].fail(resttest.Throttle("1")) }

// write saves the users for the next run.
func (f *fakes) write() error {
	if f.path == "" {
		return nil
	}
	for i, server := range f.list {
		users, err := server.save()
		if err != nil {
			return err
		}
		f.users[f.providers[i].title()] = users
	}
	data, err := json.MarshalIndent(f.users, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.path, append(data, '\n'), 0o600)
}
