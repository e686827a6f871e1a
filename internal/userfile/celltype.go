package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// CellType describes the cells of a column.
type CellType struct {
	// Type is the type of the values: a kind of string, int64 or bool, a list of strings,
	// a list of lists of int64, or map[string]any.
	Type reflect.Type
	// Key marks values that identify something. Those that a spreadsheet changed are
	// rejected.
	Key bool
	// Words are names of numbers.
	Words map[string]int64
}

// Format describes the cells for the help, empty for text and for numbers with words.
func (t CellType) Format() string {
	switch t.Type.Kind() {
	case reflect.Int64:
		if len(t.Words) == 0 {
			return "whole number"
		}
	case reflect.Bool:
		return "true or false"
	case reflect.Map:
		return "JSON object"
	case reflect.Slice:
		if t.Type.Elem().Kind() == reflect.Slice {
			return "JSON [[1,2],[1,3]]"
		}
		return "list a;b or []"
	}
	return ""
}

// Read returns the value of a cell. Its errors never contain the cell: in a wrong column,
// it may be a password.
func (t CellType) Read(c Cell) (value reflect.Value, err error) {
	value = reflect.New(t.Type).Elem()
	switch t.Type.Kind() {
	case reflect.String:
		var text string
		text, err = t.text(c)
		value.SetString(text)
	case reflect.Int64:
		var n int64
		n, err = t.integer(c)
		value.SetInt(n)
	case reflect.Bool:
		var isTrue bool
		isTrue, err = boolean(c)
		value.SetBool(isTrue)
	case reflect.Map:
		err = object(c, value)
	case reflect.Slice:
		if t.Type.Elem().Kind() == reflect.Slice {
			err = decodeJSON(c.Text, "lists of numbers in a list, such as [[1,2],[1,3]]", value)
		} else {
			err = t.list(c, value)
		}
	default:
		panic(fmt.Sprintf("userfile: no cells for %v", t.Type))
	}
	return value, err
}

func (t CellType) text(c Cell) (text string, err error) {
	text = c.Text
	if c.IsJSON && text[0] == '"' && !strings.Contains(text, `\`) {
		text = text[1 : len(text)-1]
	} else if c.IsJSON {
		if err := decodeJSON(c.Text, "text, in quotes", reflect.ValueOf(&text).Elem()); err != nil {
			return "", err
		}
	}
	return text, t.checkKey(text)
}

func (t CellType) checkKey(text string) error {
	if damage, isNoKey := Damage(text); t.Key && isNoKey {
		return errors.New(damage)
	}
	return nil
}

// integer reads a whole number, which may end in .0, or a word.
func (t CellType) integer(c Cell) (int64, error) {
	text := strings.TrimSpace(c.Text)
	if wholeNumber.MatchString(text) {
		text, _, _ = strings.Cut(text, ".")
	}
	if t.Words == nil {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, errors.New("must be a whole number" + withoutQuotes(c))
		}
		return n, nil
	}
	text = strings.Trim(text, `"`)
	names := slices.SortedFunc(maps.Keys(t.Words), func(a, b string) int { return int(t.Words[a] - t.Words[b]) })
	for i, name := range names {
		if n := t.Words[name]; name == text || strconv.FormatInt(n, 10) == text {
			return n, nil
		}
		names[i] = fmt.Sprintf("%d (%s)", t.Words[name], name)
	}
	return 0, errors.New("must be one of " + strings.Join(names, ", ") + ", as number or word")
}

func boolean(c Cell) (bool, error) {
	if value, ok := booleans[strings.ToLower(strings.TrimSpace(c.Text))]; ok {
		return value, nil
	}
	return false, errors.New("must be true or false" + withoutQuotes(c))
}

func withoutQuotes(c Cell) string {
	if c.IsJSON && strings.HasPrefix(c.Text, `"`) {
		return ", without quotes"
	}
	return ""
}

// list reads a;b or a JSON list; [] is the empty list.
func (t CellType) list(c Cell, list reflect.Value) error {
	text := strings.TrimSpace(c.Text)
	switch {
	case t.checkKey(text) != nil:
		return t.checkKey(text)
	case c.IsJSON || strings.HasPrefix(text, "["):
		if err := decodeJSON(text, `a list of texts, such as ["a","b"]`, list); err != nil {
			return err
		}
	case strings.ContainsAny(text, ",|"):
		return errors.New(`must be a list separated by ";", such as a;b (if an item contains "," or "|", write ["a","b"])`)
	default:
		for item := range strings.SplitSeq(c.Text, ";") {
			list.Set(reflect.Append(list, reflect.ValueOf(strings.Trim(item, " ")).Convert(t.Type.Elem())))
		}
	}
	for i := range list.Len() {
		if err := t.checkKey(list.Index(i).String()); err != nil {
			return err
		}
	}
	return nil
}

// object reads a JSON object. Its numbers keep their digits.
func object(c Cell, value reflect.Value) error {
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
