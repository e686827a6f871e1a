package wrapper

import (
	"fmt"
	"log/slog"
	"reflect"

	"github.com/usersync/usersync/rest"
)

// LogValue returns a copy of a struct for slog, without its secrets. A JSON handler
// would otherwise write them.
func LogValue(v any) slog.Value { return slog.AnyValue(redacted(v)) }

// Format prints a struct without its secrets, also for a verb that does not fit: fmt
// then ignores the methods of the fields.
func Format(f fmt.State, verb rune, v any) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), redacted(v))
}

// redacted returns a copy of a struct with "[redacted]" for its secrets. Its type has no
// methods, which would call Format or LogValue again.
func redacted(v any) any {
	value := reflect.ValueOf(v)
	plain := reflect.New(reflect.StructOf(reflect.VisibleFields(value.Type()))).Elem()
	plain.Set(value.Convert(plain.Type()))
	redact(plain)
	return plain.Interface()
}

func redact(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Field(i)
		secret, isSecret := field.Interface().(rest.Secret)
		switch {
		case isSecret && secret != "":
			field.SetString(secret.String())
		case field.Kind() == reflect.Struct:
			redact(field)
		}
	}
}
