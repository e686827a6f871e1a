package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
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

// CellType describes the cells of a column.
type CellType struct {
	// Type is the type of the values: a kind of string, int64 or bool, a list of strings,
	// a list of lists of int64, or map[string]any.
	Type reflect.Type
	// Key marks values that identify something. Those that a spreadsheet changed are
	// rejected.
	Key bool
	// Words are names of numbers. If there are any, others are rejected.
	Words []Word
}

// Word is the name of a number.
type Word struct {
	Number int64
	Text   string
}

// Format describes the cells for the help, empty for text and for numbers with words.
func (t CellType) Format() string {
	switch {
	case t.Type.Kind() == reflect.Int64 && t.Words == nil:
		return "whole number"
	case t.Type.Kind() == reflect.Bool:
		return "true or false"
	case t.Type.Kind() == reflect.Map:
		return "JSON object"
	case t.isNested():
		return "JSON [[1,2],[1,3]]"
	case t.Type.Kind() == reflect.Slice:
		return "list a;b or []"
	}
	return ""
}

func (t CellType) isNested() bool {
	return t.Type.Kind() == reflect.Slice && t.Type.Elem().Kind() == reflect.Slice
}

// Read returns the value of a cell. Its errors never contain the cell: in a wrong column,
// it may be a password.
func (t CellType) Read(c Cell) (value reflect.Value, err error) {
	value = reflect.New(t.Type).Elem()
	switch t.Type.Kind() {
	case reflect.String:
		err = t.readText(c, value)
	case reflect.Int64:
		var n int64
		n, err = t.integer(c)
		value.SetInt(n)
	case reflect.Bool:
		isTrue, ok := booleans[strings.ToLower(strings.TrimSpace(c.Text))]
		if value.SetBool(isTrue); !ok {
			err = errors.New("must be true or false" + withoutQuotes(c))
		}
	case reflect.Map:
		err = readObject(c, value)
	case reflect.Slice:
		err = t.readList(c, value)
	default:
		panic(fmt.Sprintf("userfile: no cells for %v", t.Type))
	}
	return value, err
}

func (t CellType) readText(c Cell, value reflect.Value) error {
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
	return t.checkKey(value.String())
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
	if t.Words != nil {
		text = strings.Trim(text, `"`)
	}
	if wholeNumber.MatchString(text) {
		text, _, _ = strings.Cut(text, ".")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case t.Words == nil && err != nil:
		return 0, errors.New("must be a whole number" + withoutQuotes(c))
	case t.Words == nil:
		return n, nil
	}
	var allowed []string
	for _, w := range t.Words {
		if text == w.Text || err == nil && n == w.Number {
			return w.Number, nil
		}
		allowed = append(allowed, fmt.Sprintf("%d (%s)", w.Number, w.Text))
	}
	return 0, errors.New("must be one of " + strings.Join(allowed, ", ") + ", as number or word")
}

func withoutQuotes(c Cell) string {
	if c.IsJSON && strings.HasPrefix(c.Text, `"`) {
		return ", without quotes"
	}
	return ""
}

// readList reads a;b or a JSON list; [] is the empty list.
func (t CellType) readList(c Cell, list reflect.Value) error {
	if t.isNested() {
		return decodeJSON(c.Text, "lists of numbers in a list, such as [[1,2],[1,3]]", list)
	}
	text := strings.TrimSpace(c.Text)
	if err := t.checkKey(text); err != nil {
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

// readObject reads a JSON object. Its numbers keep their digits.
func readObject(c Cell, value reflect.Value) error {
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
