package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/usersync/usersync/internal/fields"
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
		save: func() (json.RawMessage, error) {
			return json.MarshalIndent(withoutPasswords(server.Users()), "  ", "  ")
		},
		load: func(users json.RawMessage) error { return addUsers(server, users) },
		fail: server.Fail,
	}
}

func withoutPasswords[U any](users []U) []U {
	if password, ok := fields.ByName[U]("json")["password"]; ok {
		for i := range users {
			password.Of(&users[i]).SetZero()
		}
	}
	return users
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

// fakes are the fakes of a run.
type fakes struct {
	servers map[string]fake // by provider
	path    string
	users   map[string]json.RawMessage // in --fake-state, also of providers that are not selected
}

func startFakes(o options) (*fakes, error) {
	f := &fakes{servers: make(map[string]fake), path: o.fakeState, users: make(map[string]json.RawMessage)}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("--fake-state: %w", err)
	}
	for _, p := range o.providers {
		server := p.startFake()
		if users, ok := f.users[p.name]; ok {
			if err := server.load(users); err != nil {
				return nil, fmt.Errorf("--fake-state: %s: %s: %w", f.path, p.name, err)
			}
		}
		f.servers[p.name] = server
	}
	if o.fake429 {
		f.servers[o.providers[0].name].fail(resttest.Throttle("1"))
	}
	return f, nil
}

// read reads the users that an earlier run saved.
func (f *fakes) read() error {
	if f.path == "" {
		return nil
	}
	data, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := json.Unmarshal(data, &f.users); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// write saves the users for the next run.
func (f *fakes) write() error {
	if f == nil || f.path == "" {
		return nil
	}
	for name, server := range f.servers {
		users, err := server.save()
		if err != nil {
			return err
		}
		f.users[name] = users
	}
	data, err := json.MarshalIndent(f.users, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.path, append(data, '\n'), 0o600)
}
