// Package fieldstest provides example values of declared fields for tests.
package fieldstest

import (
	"reflect"
	"strconv"

	"github.com/usersync/usersync/internal/fields"
)

// TB is the part of testing.TB that the package uses.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Fill sets every declared field of user, a pointer to a struct, to its first example.
func Fill[U any](t TB, user *U) {
	t.Helper()
	for _, f := range fields.List[U]() {
		f.Set(user, Example(t, f, 0))
	}
}

// Example returns the i-th of two valid values of a field.
func Example(t TB, f fields.Field, i int) reflect.Value {
	t.Helper()
	value := reflect.New(f.Type).Elem()
	if !setExample(value, f, i) {
		t.Fatalf("add an example of %v to package fieldstest, for field %q", f.Type, f.Name)
	}
	return value
}

func setExample(value reflect.Value, f fields.Field, i int) bool {
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
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		return setExample(value.Index(0), f, i)
	case reflect.Map:
		value.Set(reflect.ValueOf(map[string]any{"plan": []string{"pro", "free"}[i]}))
	default:
		return false
	}
	return true
}

func exampleText(f fields.Field, i int) string {
	switch {
	case len(f.Enum) > 0:
		return f.Enum[i].Text
	case f.Email:
		return []string{"ada@example.com", "bob@example.com"}[i]
	case f.Phone:
		return []string{"+390612345678", "+390612345679"}[i]
	}
	return []string{"Examp1e!", "Examp2e!"}[i]
}
