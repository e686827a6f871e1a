package partoo

import (
	"context"
	"errors"
	"net/http"

	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/rest"
)

// CreateUser creates a user and returns its id. The same rules hold for the
// request as for [UserInput]. It is not repeated when its outcome is unknown: the
// error has Executed maybe or yes then, and [Client.UpsertUser] is the way to
// find out. How Partoo refuses an address that is taken is not documented; a
// 400, which matches rest.ErrInvalid, is likely (inference).
func (c *Client) CreateUser(ctx context.Context, request CreateUserRequest) (id string, err error) {
	const operation = "CreateUser"
	if err := checkCreate(operation, request); err != nil {
		return "", err
	}
	return c.create(ctx, operation, request)
}

// UpdateUser changes the fields that are set and leaves the others as they are
// (vendor page "Update user"). It is repeated when an answer is lost. A user that
// does not exist is an error that matches rest.ErrNotFound.
func (c *Client) UpdateUser(ctx context.Context, id string, request UpdateUserRequest) error {
	const operation = "UpdateUser"
	if err := checkUpdate(operation, id, request); err != nil {
		return err
	}
	return c.update(ctx, operation, id, request)
}

// GetUser returns a user (vendor page "User information"). One that does not
// exist is an error that matches rest.ErrNotFound.
func (c *Client) GetUser(ctx context.Context, id string) (User, error) {
	const operation = "GetUser"
	if err := checkID(operation, id); err != nil {
		return User{}, err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.api.GetUser(ctx, id)
	answer, err := rest.Decode[userResponse](resp, err)
	if err == nil {
		err = check.CheckSameUser(provider, operation, resp, id, answer.ID)
	}
	if err != nil {
		return User{}, err
	}
	return answer.User, nil
}

// Me returns the user that the key belongs to (vendor page "My user").
func (c *Client) Me(ctx context.Context) (User, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: "Me"})
	answer, err := rest.Decode[userResponse](c.api.GetMyUser(ctx, nil))
	return answer.User, err
}

// DeleteUser deletes a user (vendor page "Delete user"). One that does not exist
// is an error that matches rest.ErrNotFound, unless the answer to an earlier
// attempt was lost: then the user is taken to be deleted by that one.
func (c *Client) DeleteUser(ctx context.Context, id string) error {
	const operation = "DeleteUser"
	if err := checkID(operation, id); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation})
	resp, err := c.api.DeleteUser(ctx, id)
	if err == nil && resp.StatusCode == http.StatusNoContent {
		return resp.Body.Close() // nothing is documented to say so, but nothing else can be meant
	}
	_, err = rest.Decode[statusResponse](resp, err)
	return rest.IgnoreGone(err)
}

// InviteUser has Partoo mail an invitation: the first, for a user created with
// UserStatusInvited, or a further one. Invitations expire after 72 hours, and a
// user gets at most one in 5 minutes (vendor page "Invite user"); how a sooner
// one is refused is not documented. The request is sent once, come what may, not
// even a 429 is waited out: it may stand for those 5 minutes.
func (c *Client) InviteUser(ctx context.Context, id string) error {
	const operation = "InviteUser"
	if err := checkID(operation, id); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, NoRetry: true})
	_, err := rest.Decode[statusResponse](c.api.InviteUser(ctx, id))
	return err
}

// create sends a request that has been checked.
func (c *Client) create(ctx context.Context, operation string, request CreateUserRequest) (string, error) {
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, Create: true, Secrets: secrets(request.Password)})
	answer, err := rest.Decode[createResponse](c.api.CreateUser(ctx, request))
	return answer.ID, err
}

// update sends a request that has been checked. Setting a field twice is setting
// it once, so it may be repeated.
func (c *Client) update(ctx context.Context, operation, id string, request UpdateUserRequest) error {
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, Idempotent: true, Secrets: secrets(request.Password)})
	_, err := rest.Decode[statusResponse](c.api.UpdateUser(ctx, id, request))
	return err
}

func secrets(password *rest.Secret) []rest.Secret {
	if password == nil {
		return nil
	}
	return []rest.Secret{*password}
}

// statusResponse is what writing operations answer.
type statusResponse struct {
	Status string `json:"status"`
}

// Check wants the one status the specification knows.
func (a statusResponse) Check() error {
	if a.Status != "success" {
		return errors.New(`the answer has no status "success"`)
	}
	return nil
}

type createResponse struct {
	statusResponse
	ID string `json:"id"`
}

func (a createResponse) Check() error {
	if a.ID == "" {
		return errors.New("the answer has no id")
	}
	return nil
}

type userResponse struct{ User }

func (a userResponse) Check() error {
	if a.ID == "" {
		return errors.New("the answer has no id")
	}
	return nil
}
