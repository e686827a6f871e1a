package partoo

import (
	"log/slog"

	"github.com/usersync/usersync/rest"
)

// LogValue keeps the password out of what slog writes: a handler for JSON would
// otherwise marshal it as it is.
func (r CreateUserRequest) LogValue() slog.Value {
	r.Password = hidden(r.Password)
	type plain CreateUserRequest
	return slog.AnyValue(plain(r))
}

// LogValue keeps the password out of what slog writes.
func (r UpdateUserRequest) LogValue() slog.Value {
	r.Password = hidden(r.Password)
	type plain UpdateUserRequest
	return slog.AnyValue(plain(r))
}

func hidden(password *rest.Secret) *rest.Secret {
	if password == nil {
		return nil
	}
	return new(rest.Secret(password.String()))
}
