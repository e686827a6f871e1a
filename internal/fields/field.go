// Package fields derives the requests, checks, comparisons and file columns of a
// provider from its UserInput. A field is declared once, as a struct field with tags:
//
//	CustomRole string `json:"custom_role" check:"key" help:"api_id of a custom role"`
//
// The tags are:
//
//	json    name in requests, responses, errors and files. A struct without this tag
//	        groups fields (OnCreate); another field without it is not declared.
//	v2      name in version 2 of the API, if it differs; see [NewMappingBy]
//	check   rules, separated by commas: required, nonempty, email, key, phone,
//	        password, positive, max=N (characters, or the number). In a list they
//	        apply to the items. Every text must be a single line.
//	enum    allowed values, separated by commas; a number may have a word: 1=visitor
//	update  "-": an update of an existing user does not contain the field
//	help    help text of the column; rules and allowed values are added
//
// A provider package declares what it derives as variables, next to UserInput:
//
//	var (
//		toCreate = fields.NewMapping[UserInput, CreateUserRequest]()
//		checker  = fields.NewChecker[UserInput, CreateUserRequest]()
//	)
//
// The generated types have the same JSON names, and fields of the same types or
// pointers to them. In a struct, a field is set unless it is nil or, if it is not a
// pointer, the zero value. The command and the fakes use [List] and [NewMapping] in
// the same way, so a new field needs no other code.
package fields

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Field is a declared field.
type Field struct {
	Name     string
	Type     reflect.Type // without a pointer
	Pointer  bool         // the zero value is sent, too
	Required bool
	Update   bool   // part of an update of an existing user
	Format   string // of a text: email, key, phone or password
	Enum     []Value

	nonempty, positive bool
	max                int64 // 0: none
	help               string
	index              []int
}

// Value is an allowed value of a field. Word is empty for a text.
type Value struct{ Text, Word string }

// List returns the declared fields of U in their order. It panics if a tag is invalid.
func List[U any]() []Field { return list[U]("json") }

// ByName returns the declared fields of U, except some, by their names in this tag.
func ByName[U any](tag string, except ...string) map[string]Field {
	byName := make(map[string]Field)
	for _, f := range list[U](tag) {
		if !slices.Contains(except, f.Name) {
			byName[f.Name] = f
		}
	}
	return byName
}

func list[U any](tag string) (list []Field) {
	for _, m := range members(reflect.TypeFor[U](), tag) {
		list = append(list, newField(m))
	}
	return list
}

// UpdateNames returns the names of the fields of U that an update may contain.
func UpdateNames[U any]() []string {
	var names []string
	for _, f := range List[U]() {
		if f.Update {
			names = append(names, f.Name)
		}
	}
	return names
}

// Of returns the field in user, a pointer to the struct that declares it.
func (f Field) Of(user any) reflect.Value {
	return reflect.ValueOf(user).Elem().FieldByIndex(f.index)
}

// Set sets the field in user to a value of type f.Type.
func (f Field) Set(user any, value reflect.Value) {
	field := f.Of(user)
	if f.Pointer {
		field.Set(reflect.New(f.Type))
		field = field.Elem()
	}
	field.Set(value)
}

// member is a struct field with a name.
type member struct {
	name  string
	field reflect.StructField
	index []int
}

// members returns the fields of t that have a name, those of groups included. The
// name is that of the tag, or else of the json tag.
func members(t reflect.Type, tag string) (list []member) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if other := field.Tag.Get(tag); other != "" && tag != "json" {
			name = other
		}
		switch {
		case name == "" && field.Type.Kind() == reflect.Struct:
			for _, m := range members(field.Type, tag) {
				m.index = append([]int{i}, m.index...)
				list = append(list, m)
			}
		case name != "" && name != "-":
			list = append(list, member{name, field, []int{i}})
		}
	}
	return list
}

func newField(m member) Field {
	tag := m.field.Tag
	f := Field{Name: m.name, Type: m.field.Type, Update: tag.Get("update") != "-", help: tag.Get("help"), index: m.index}
	if f.Pointer = f.Type.Kind() == reflect.Pointer; f.Pointer {
		f.Type = f.Type.Elem()
	}
	for value := range strings.SplitSeq(tag.Get("enum"), ",") {
		if text, word, _ := strings.Cut(value, "="); text != "" {
			f.Enum = append(f.Enum, Value{text, word})
		}
	}
	for rule := range strings.SplitSeq(tag.Get("check"), ",") {
		if err := f.addRule(rule); err != nil {
			panic(fmt.Sprintf("fields: %s: rule %q: %v", m.field.Name, rule, err))
		}
	}
	return f
}

func (f *Field) addRule(rule string) (err error) {
	rule, argument, _ := strings.Cut(rule, "=")
	switch _, isFormat := formats[rule]; {
	case rule == "":
	case isFormat:
		f.Format = rule
	case rule == "required":
		f.Required = true
	case rule == "nonempty":
		f.nonempty = true
	case rule == "positive":
		f.positive = true
	case rule == "max":
		f.max, err = strconv.ParseInt(argument, 10, 64)
	default:
		err = errors.New("unknown")
	}
	return err
}

// Help returns the help text of the field: allowed values, rules and the help tag.
func (f Field) Help() string {
	parts := []string{f.Allowed(" or "), formats[f.Format]}
	if f.positive {
		parts = append(parts, "greater than 0")
	}
	if f.max > 0 {
		parts = append(parts, "at most "+f.limit())
	}
	parts = slices.DeleteFunc(append(parts, f.help), func(part string) bool { return part == "" })
	return strings.Join(parts, "; ")
}

// limit returns the maximum of a number, or of the characters of a text.
func (f Field) limit() string {
	if f.Type.Kind() == reflect.String {
		return fmt.Sprintf("%d characters", f.max)
	}
	return strconv.FormatInt(f.max, 10)
}

// Allowed lists the allowed values, with this text before the last one.
func (f Field) Allowed(last string) string {
	list := ""
	for i, v := range f.Enum {
		switch {
		case i > 0 && i == len(f.Enum)-1:
			list += last
		case i > 0:
			list += ", "
		}
		list += v.Text
		if v.Word != "" {
			list += " (" + v.Word + ")"
		}
	}
	return list
}
