package fields

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/upsert"
)

// Mapping contains the fields that From and To have under the same name.
type Mapping[From, To any] struct{ pairs []pair }

type pair struct {
	name     string
	from, to []int
}

// NewMapping returns the mapping of the named fields, or of all. It panics if the
// types of a field differ in more than a pointer.
func NewMapping[From, To any](names ...string) Mapping[From, To] {
	return NewMappingBy[From, To]("json", names...)
}

// NewMappingBy is NewMapping with the names of From in this tag, where it is set.
func NewMappingBy[From, To any](tag string, names ...string) (m Mapping[From, To]) {
	to := members(reflect.TypeFor[To](), "json")
	for _, from := range members(reflect.TypeFor[From](), tag) {
		i := slices.IndexFunc(to, func(other member) bool { return other.name == from.name })
		if i < 0 || names != nil && !slices.Contains(names, from.name) {
			continue
		}
		if a, b := value(from.field.Type), value(to[i].field.Type); a != b {
			panic(fmt.Sprintf("fields: %s: %v in %T, %v in %T", from.name, a, *new(From), b, *new(To)))
		}
		m.pairs = append(m.pairs, pair{from.name, from.index, to[i].index})
	}
	return m
}

func value(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// Copy sets the fields of to that are set in from. Pointers in to point into from.
func (m Mapping[From, To]) Copy(from *From, to *To) {
	source, target := reflect.ValueOf(from).Elem(), reflect.ValueOf(to).Elem()
	for _, p := range m.pairs {
		v, isSet := get(source.FieldByIndex(p.from))
		field := target.FieldByIndex(p.to)
		switch {
		case !isSet:
		case field.Kind() == reflect.Pointer:
			field.Set(v.Addr())
		default:
			field.Set(v)
		}
	}
}

// ClearEqual sets the fields of want to zero that are set and equal in have. Lists are
// equal if they contain the same items.
func (m Mapping[Have, Want]) ClearEqual(have *Have, want *Want) {
	h, w := reflect.ValueOf(have).Elem(), reflect.ValueOf(want).Elem()
	for _, p := range m.pairs {
		before, known := get(h.FieldByIndex(p.from))
		field := w.FieldByIndex(p.to)
		if after, isSet := get(field); isSet && known && equal(before, after) {
			field.SetZero()
		}
	}
}

// Changes returns the fields that are set in want, with their values in have. A
// password has no value.
func (m Mapping[Have, Want]) Changes(have *Have, want *Want) (changes []upsert.Change) {
	h, w := reflect.ValueOf(have).Elem(), reflect.ValueOf(want).Elem()
	for _, p := range m.pairs {
		after, isSet := get(w.FieldByIndex(p.to))
		if !isSet {
			continue
		}
		change := upsert.Change{Field: p.name, New: after.Interface()}
		if before, known := get(h.FieldByIndex(p.from)); known {
			change.Old = before.Interface()
		}
		if _, secret := change.New.(rest.Secret); secret {
			change.Old, change.New = nil, nil
		}
		changes = append(changes, change)
	}
	return changes
}

// get returns the value of a field without its pointer, and whether it is set.
func get(field reflect.Value) (reflect.Value, bool) {
	if field.Kind() == reflect.Pointer {
		return field.Elem(), !field.IsNil()
	}
	return field, !field.IsZero()
}

func equal(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice {
		return slices.Equal(sortedItems(a), sortedItems(b))
	}
	return a.Equal(b)
}

// sortedItems returns the distinct items of a list as texts.
func sortedItems(list reflect.Value) []string {
	items := make([]string, list.Len())
	for i := range items {
		if item := list.Index(i); item.Kind() == reflect.Slice {
			items[i] = fmt.Sprint(sortedItems(item))
		} else {
			items[i] = fmt.Sprint(item)
		}
	}
	slices.Sort(items)
	return slices.Compact(items)
}
