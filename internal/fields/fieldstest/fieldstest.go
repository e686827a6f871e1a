// Package fieldstest provides example values of declared fields for tests.
package fieldstest

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/usersync/usersync/internal/fields"
)

// Fill sets every declared field of user, a pointer to a struct, to its first example.
func Fill[U any](user *U) {
	for _, f := range fields.List[U]() {
		f.Set(user, Example(f, 0))
	}
}

// Example returns the i-th of two valid values of a field. It panics if it has none.
func Example(f fields.Field, i int) reflect.Value {
	value := reflect.New(f.Type).Elem()
	switch value.Kind() {
	case reflect.Bool:
		value.SetBool(i == 0)
	case reflect.Int64:
		n := i + 1
		if len(f.Enum) > 0 {
			n, _ = strconv.Atoi(f.Enum[i].Text)
		}
		value.SetInt(int64(n))
	case reflect.String:
		value.SetString(exampleText(f, i))
	case reflect.Slice:
		f.Type = f.Type.Elem()
		return reflect.Append(value, Example(f, i))
	case reflect.Map:
		value.Set(reflect.ValueOf(map[string]any{"plan": []string{"pro", "free"}[i]}))
	default:
		panic(fmt.Sprintf("add an example of %v to package fieldstest, for field %q", f.Type, f.Name))
	}
	return value
}

func exampleText(f fields.Field, i int) string {
	if len(f.Enum) > 0 {
		return f.Enum[i].Text
	}
	switch f.Format {
	case "email":
		return []string{"ada@example.com", "bob@example.com"}[i]
	case "phone":
		return []string{"+390612345678", "+390612345679"}[i]
	}
	return []string{"Examp1e!", "Examp2e!"}[i]
}
