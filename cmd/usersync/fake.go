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

// fakeServer is what identifaitest, partootest and usercomtest have in common. U
// is a user as the fake keeps it.
type fakeServer[U any] interface {
	Options() []rest.Option
	Users() []U
	AddUser(U) U
	Fail(...resttest.Fault)
}

// fake is the fake of a provider, in memory.
type fake struct {
	access clientConfig
	save   func() (json.RawMessage, error)
	load   func(json.RawMessage) error
	fail   func(...resttest.Fault)
}

func newFake[U any](key string, server fakeServer[U]) fake {
	return fake{
		access: clientConfig{key: key, baseURL: "its fake", options: server.Options()},
		save:   func() (json.RawMessage, error) { return json.MarshalIndent(server.Users(), "  ", "  ") },
		load:   func(users json.RawMessage) error { return addUsers(server, users) },
		fail:   server.Fail,
	}
}

// addUsers fills a server with what its Users were.
func addUsers[U any](server fakeServer[U], data json.RawMessage) (err error) {
	var users []U
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // custom attributes may be numbers beyond float64
	if err := d.Decode(&users); err != nil {
		return err
	}
	defer func() { // the fakes panic at users a test should not add
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	for _, user := range users {
		server.AddUser(user)
	}
	return nil
}

// fakes are the fakes of a run, with the users they keep between runs.
type fakes struct {
	names []string
	list  []fake
	path  string
	saved map[string]json.RawMessage // users by provider
}

func startFakes(o options) (*fakes, error) {
	f := &fakes{path: o.fakeState, saved: make(map[string]json.RawMessage)}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("--fake-state: %w", err)
	}
	for _, p := range o.providers {
		one := p.fake()
		if users, ok := f.saved[p.title()]; ok {
			if err := one.load(users); err != nil {
				return nil, fmt.Errorf("--fake-state: %s: %s: %w", f.path, p.title(), err)
			}
		}
		f.names = append(f.names, p.title())
		f.list = append(f.list, one)
	}
	return f, nil
}

// read takes a file that is not there for the first run's.
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
	if err := json.Unmarshal(data, &f.saved); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

func (f *fakes) access() []clientConfig {
	var all []clientConfig
	for _, one := range f.list {
		all = append(all, one.access)
	}
	return all
}

// inject429 has the first fake refuse its first request.
func (f *fakes) inject429() { f.list[0].fail(resttest.Throttle("1")) }

// write keeps the users for the next run.
func (f *fakes) write() error {
	if f.path == "" {
		return nil
	}
	for i, one := range f.list {
		users, err := one.save()
		if err != nil {
			return err
		}
		f.saved[f.names[i]] = users
	}
	data, err := json.MarshalIndent(f.saved, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.path, append(data, '\n'), 0o600)
}
