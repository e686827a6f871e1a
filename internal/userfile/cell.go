package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/fields"
)

// Cell is one value of a row: the text of a CSV cell, or JSON.
type Cell struct {
	Text   string
	IsJSON bool
}

// IsSet reports whether the cell has a value. Empty cells, null and "" have none.
func (c Cell) IsSet() bool {
	text := strings.TrimSpace(c.Text)
	return text != "" && !(c.IsJSON && (text == "null" || text == `""`))
}

// CellFormat describes the cells of a field for the help. It is empty for text and for
// numbers with words.
func CellFormat(f fields.Field) string {
	switch {
	case f.Type.Kind() == reflect.Int64 && f.Enum == nil:
		return "whole number"
	case f.Type.Kind() == reflect.Bool:
		return "true or false"
	case f.Type.Kind() == reflect.Map:
		return "JSON object"
	case isNested(f.Type):
		return "JSON [[1,2],[1,3]]"
	case f.Type.Kind() == reflect.Slice:
		return "list a;b or []"
	}
	return ""
}

func isNested(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Slice
}

// Value returns the value of a cell for a field: a kind of string, int64 or bool, a list of
// strings, a list of lists of int64, or map[string]any. Its errors never contain the cell:
// in a wrong column, it may be a password.
func (c Cell) Value(f fields.Field) (value reflect.Value, err error) {
	value = reflect.New(f.Type).Elem()
	switch f.Type.Kind() {
	case reflect.String:
		err = c.readText(f, value)
	case reflect.Int64:
		var n int64
		n, err = c.integer(f)
		value.SetInt(n)
	case reflect.Bool:
		isTrue, ok := booleans[strings.ToLower(strings.TrimSpace(c.Text))]
		if value.SetBool(isTrue); !ok {
			err = errors.New("must be true or false" + c.withoutQuotes())
		}
	case reflect.Map:
		err = c.readObject(value)
	case reflect.Slice:
		err = c.readList(f, value)
	default:
		panic(fmt.Sprintf("userfile: no cells for %v", f.Type))
	}
	return value, err
}

func (c Cell) readText(f fields.Field, value reflect.Value) error {
	switch {
	case !c.IsJSON:
		value.SetString(c.Text)
	case c.Text[0] == '"' && !strings.Contains(c.Text, `\`): // most texts, read faster
		value.SetString(c.Text[1 : len(c.Text)-1])
	default:
		if err := decodeJSON(c.Text, "text, in quotes", value); err != nil {
			return err
		}
	}
	return checkKey(f, value.String())
}

// checkKey rejects a key that a spreadsheet changed.
func checkKey(f fields.Field, text string) error {
	if damage, isNoKey := Damage(text); f.Format == "key" && isNoKey {
		return errors.New(damage)
	}
	return nil
}

// integer reads a whole number, which may end in .0, or a word. A zero that would not be
// sent is an error.
func (c Cell) integer(f fields.Field) (int64, error) {
	text := strings.TrimSpace(c.Text)
	if f.Enum != nil {
		text = strings.Trim(text, `"`)
	}
	if wholeNumber.MatchString(text) {
		text, _, _ = strings.Cut(text, ".")
	}
	i := slices.IndexFunc(f.Enum, func(v fields.Value) bool { return text == v.Text || text == v.Word })
	if i >= 0 {
		text = f.Enum[i].Text
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case f.Enum != nil && i < 0:
		return 0, errors.New("must be one of " + f.Allowed(", ") + ", as number or word")
	case err != nil:
		return 0, errors.New("must be a whole number" + c.withoutQuotes())
	case n == 0 && !f.Pointer:
		return 0, errors.New("must not be 0")
	}
	return n, nil
}

func (c Cell) withoutQuotes() string {
	if c.IsJSON && strings.HasPrefix(c.Text, `"`) {
		return ", without quotes"
	}
	return ""
}

// readList reads a;b or a JSON list; [] is the empty list.
func (c Cell) readList(f fields.Field, list reflect.Value) error {
	if isNested(f.Type) {
		return decodeJSON(c.Text, "lists of numbers in a list, such as [[1,2],[1,3]]", list)
	}
	text := strings.TrimSpace(c.Text)
	if err := checkKey(f, text); err != nil {
		return err
	}
	switch {
	case c.IsJSON || strings.HasPrefix(text, "["):
		if err := decodeJSON(text, `a list of texts, such as ["a","b"]`, list); err != nil {
			return err
		}
	case strings.ContainsAny(text, ",|"):
		return errors.New(`must be a list separated by ";", such as a;b (if an item contains "," or "|", write ["a","b"])`)
	default:
		for item := range strings.SplitSeq(c.Text, ";") {
			list.Set(reflect.Append(list, reflect.ValueOf(strings.Trim(item, " ")).Convert(f.Type.Elem())))
		}
	}
	for i := range list.Len() {
		if err := checkKey(f, list.Index(i).String()); err != nil {
			return err
		}
	}
	return nil
}

// readObject reads a JSON object. Its numbers keep their digits.
func (c Cell) readObject(value reflect.Value) error {
	if _, err := parseObject(c.Text); err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(c.Text))
	d.UseNumber()
	return d.Decode(value.Addr().Interface())
}

// decodeJSON reads JSON that must have the type of value, and not be null.
func decodeJSON(text, want string, value reflect.Value) error {
	if strings.TrimSpace(text) == "null" || json.Unmarshal([]byte(text), value.Addr().Interface()) != nil {
		return errors.New("must be " + want)
	}
	return checkJSON(text)
}
