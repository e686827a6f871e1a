package usercom

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

// FindUserByEmail returns the one user with this address (vendor page "Find users
// by email"): the whole address, in any case as far as the vendor's search minds
// none, which is not documented.
//
// No such user is an error that matches rest.ErrNotFound. Several users, which
// user.com allows, are one that matches rest.ErrConflict and names their ids. A
// 404 that is a web page is a wrong URL and matches neither.
func (c *Client) FindUserByEmail(ctx context.Context, email string) (User, error) {
	const operation = "FindUserByEmail"
	var p check.Problems
	p.Required("email", email)
	p.Email("email", email)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	found, err := rest.Decode[searchResponse](c.api.SearchUsers(ctx, &gen.SearchUsersParams{Email: &email, Many: new(true)}))
	if err != nil {
		return User{}, err
	}
	return found.single(operation, email)
}

// searchResponse is what a search answers: a list, as asked for, or a single user,
// as without many=true. Which of them depends on the version of the API.
type searchResponse []User

func (a *searchResponse) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]User)(a))
	}
	var user User
	err := json.Unmarshal(data, &user)
	*a = searchResponse{user}
	return err
}

func (a searchResponse) Check() error {
	for _, user := range a {
		if user.ID <= 0 {
			return errNoID
		}
	}
	return nil
}

// maxListedIDs is how many users an error names.
const maxListedIDs = 10

// single returns the only user with this address. Whether the vendor's search
// compares whole addresses is not taken for granted.
func (a searchResponse) single(operation, email string) (User, error) {
	var match User
	var ids []string
	for _, user := range a {
		if strings.EqualFold(deref(user.Email), email) {
			match = user
			ids = append(ids, fmt.Sprint(user.ID))
		}
	}
	switch len(ids) {
	case 0:
		return User{}, lookupError(operation, "no user has this address", rest.ErrNotFound)
	case 1:
		return match, nil
	}
	named := strings.Join(ids[:min(len(ids), maxListedIDs)], ", ")
	return User{}, lookupError(operation, fmt.Sprintf("%d users have this address: id %s", len(ids), named), rest.ErrConflict)
}

// lookupError is the error of a search that was answered, but not with one user.
func lookupError(operation, message string, cause error) error {
	return &rest.Error{Provider: provider, Operation: operation, Message: message, Err: cause}
}
