package reliability

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// operation is a method of a wrapper, called in one situation.
type operation struct {
	provider string
	name     string // situation included
	method   string // as errors name it
	places   []place
	start    func(connection) subject
}

// place is one request of an operation, as it is made when nothing fails.
type place struct {
	request string
	class   class
	method  string // as errors name it, when not as the operation's
	// settled says that something happens to this request already, or that another
	// operation has it.
	settled bool
	// unread says that any 2xx will do: nothing in the answer is used.
	unread bool
	// before and after are the states of the fake without this request and with it.
	before, after string
	// recovery is what an upsert does when this request fails, nil: nothing.
	recovery recovery
	// also is what the operation's error matches beside what this request's does.
	also error
	// doubt is what the requests before may have done, and waited how long they
	// made the call wait at most.
	doubt  rest.Executed
	waited time.Duration
	// result is what the operation returns beside this request's error.
	result string
	// more is how many requests more the named faults cause where they do no harm.
	more map[string]int
}

// class is what a request is to the retry rules.
type class int

const (
	read       class = iota
	idempotent       // a write that may be repeated
	once             // a write that may not, unless it was surely not executed
	never            // a write that is sent once, come what may
	taken            // identifAI's create of an address that has a user: refused, and then the user is looked up
	classes
)

func (c class) String() string {
	return [...]string{"read", "idempotent", "once", "never", "taken"}[c]
}

// subject is an operation ready to be called, and its fake.
type subject struct {
	server *resttest.Server
	// call makes the call and returns what is wrong with its result, if anything
	// is, and its error.
	call func(context.Context) (problem string, err error)
	// state describes what the fake holds.
	state func() string
}

// connection is how a client reaches its fake.
type connection struct {
	t         *testing.T
	transport func(*resttest.Server) http.RoundTripper
	options   []rest.Option
}

// to returns the options of a client of server, given those of its fake.
func (c connection) to(server *resttest.Server, options []rest.Option) []rest.Option {
	options = append(options, rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(c.t, c.transport(server))}))
	return append(options, c.options...)
}

// operations are all exported methods of the three clients that send anything.
func operations() []operation {
	return slices.Concat(identifaiOperations(), partooOperations(), usercomOperations())
}

// stateOf names what users hold of the one user it is about: who looks as asked,
// as before, or neither.
func stateOf[U any](users []U, asked, before func(U) bool) string {
	switch {
	case len(users) == 0:
		return "none"
	case len(users) > 1:
		return fmt.Sprintf("%d users", len(users))
	case asked(users[0]):
		return "as asked"
	case before(users[0]):
		return "as before"
	}
	return fmt.Sprintf("another: %+v", users[0])
}

// unchanged describes a fake that only reads should meet.
func unchanged[U any](t *testing.T, users func() []U) func() string {
	look := func() string {
		text, err := json.Marshal(users())
		require.NoError(t, err)
		return string(text)
	}
	before := look()
	return func() string {
		if now := look(); now != before {
			return "changed: " + now
		}
		return "unchanged"
	}
}

// collect returns what a list yields, and the error that ended it.
func collect[U any](list iter.Seq2[U, error]) (users []U, err error) {
	for user, err := range list {
		if err != nil {
			return users, err
		}
		users = append(users, user)
	}
	return users, nil
}

// unless returns problem when ok is false.
func unless(ok bool, format string, args ...any) string {
	if ok {
		return ""
	}
	return fmt.Sprintf(format, args...)
}
