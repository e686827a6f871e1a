package identifai

import (
	"log/slog"

	"github.com/usersync/usersync/rest"
)

// LogValue keeps the password out of what slog writes: a handler for JSON would
// otherwise marshal it as it is.
func (r CreateOrUpdateUserRequest) LogValue() slog.Value {
	if r.Password != nil {
		r.Password = new(rest.Secret(r.Password.String()))
	}
	type plain CreateOrUpdateUserRequest
	return slog.AnyValue(plain(r))
}
