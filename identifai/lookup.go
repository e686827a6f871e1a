package identifai

import (
	"context"
	"fmt"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/email"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// FindUserByEmail returns the partner's user with this email, in any letter case;
// if several users match, the one with the exact spelling. identifAI has no lookup
// by email: the list is searched, and the emails are compared here. That the
// vendor's search ignores letter case is inference. An email without a user is an
// error that matches rest.ErrNotFound, an ambiguous one matches rest.ErrConflict.
func (c *Client) FindUserByEmail(ctx context.Context, emailAddress string) (User, error) {
	const operation = "FindUserByEmail"
	var p check.Problems
	p.Email("email", emailAddress)
	if err := p.Err(provider, operation); err != nil {
		return User{}, err
	}
	user, err := c.findByEmail(ctx, operation, emailAddress)
	switch {
	case err != nil:
		return User{}, err
	case user == nil:
		return User{}, lookupError(operation, "no user has this email", rest.ErrNotFound)
	}
	return *user, nil
}

// findByEmail returns the user with the email, or nil. It reads all pages of the
// search: the vendor's filter matches parts of an email, and several users may
// match.
func (c *Client) findByEmail(ctx context.Context, operation, wanted string) (*User, error) {
	wanted = email.Normalize(wanted)
	var matches, exact []User
	for user, err := range c.userPages(ctx, operation, ListUsersParams{Search: &wanted}).All() {
		switch {
		case err != nil:
			return nil, err
		case email.Normalize(user.Email) == wanted:
			exact = append(exact, user)
			fallthrough
		case email.Equal(user.Email, wanted):
			matches = append(matches, user)
		}
	}
	switch {
	case len(exact) == 1:
		return &exact[0], nil
	case len(matches) == 1:
		return &matches[0], nil
	case len(matches) == 0:
		return nil, nil
	}
	return nil, lookupError(operation, fmt.Sprintf("%d users have this email", len(matches)), rest.ErrConflict)
}

func lookupError(operation, message string, cause error) error {
	return wrapper.NewError(provider, operation, message, cause)
}
