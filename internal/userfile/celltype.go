package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// CellType is what the cells of a column contain. Errors of Read never contain the cell:
// in a wrong column, it may be a password.
type CellType[T any] struct {
	Format string // for the help
	Read   func(Cell) (T, error)
}

// Text is any text.
func Text[T ~string]() CellType[T] {
	return CellType[T]{"text", func(c Cell) (T, error) {
		if !c.IsJSON {
			return T(c.Text), nil
		}
		if c.Text[0] != '"' {
			return "", errors.New("must be text, in quotes")
		}
		if !strings.Contains(c.Text, `\`) {
			return T(c.Text[1 : len(c.Text)-1]), nil
		}
		return decodeJSON[T](c.Text, "text")
	}}
}

// Key is text that identifies something. Values that a spreadsheet changed are rejected.
func Key() CellType[string] {
	return CellType[string]{"text", func(c Cell) (string, error) {
		text, err := Text[string]().Read(c)
		if err == nil {
			err = checkKey(text)
		}
		return text, err
	}}
}

func checkKey(text string) error {
	if damage, isNoKey := Damage(text); isNoKey {
		return errors.New(damage)
	}
	return nil
}

// Integer is a whole number. In CSV it may end in .0.
func Integer() CellType[int64] {
	return CellType[int64]{"whole number", func(c Cell) (int64, error) {
		n, err := strconv.ParseInt(integerText(c), 10, 64)
		if err != nil {
			return 0, errors.New("must be a whole number" + withoutQuotes(c))
		}
		return n, nil
	}}
}

func integerText(c Cell) string {
	text := strings.TrimSpace(c.Text)
	if wholeNumber.MatchString(text) {
		text, _, _ = strings.Cut(text, ".")
	}
	return text
}

func withoutQuotes(c Cell) string {
	if c.IsJSON && strings.HasPrefix(c.Text, `"`) {
		return ", without quotes"
	}
	return ""
}

// Boolean is true or false, 1 or 0. CSV may contain the words of spreadsheets.
func Boolean() CellType[bool] {
	return CellType[bool]{"true or false", func(c Cell) (bool, error) {
		if value, ok := booleans[strings.ToLower(strings.TrimSpace(c.Text))]; ok {
			return value, nil
		}
		return false, errors.New("must be true or false" + withoutQuotes(c))
	}}
}

// List is a;b or a JSON list; [] is the empty list.
func List[T ~string]() CellType[[]T] {
	return CellType[[]T]{"list a;b or []", func(c Cell) ([]T, error) {
		text := strings.TrimSpace(c.Text)
		if c.IsJSON || strings.HasPrefix(text, "[") {
			return decodeJSON[[]T](text, `a list of texts, such as ["a","b"]`)
		}
		if strings.ContainsAny(text, ",|") {
			return nil, errors.New(`must be a list separated by ";", such as a;b (if an item contains "," or "|", write ["a","b"])`)
		}
		var items []T
		for item := range strings.SplitSeq(text, ";") {
			items = append(items, T(strings.TrimSpace(item)))
		}
		return items, nil
	}}
}

// KeyList is a list of keys.
func KeyList() CellType[[]string] {
	cells := List[string]()
	return CellType[[]string]{cells.Format, func(c Cell) ([]string, error) {
		if err := checkKey(c.Text); err != nil {
			return nil, err
		}
		items, err := cells.Read(c)
		if i := slices.IndexFunc(items, func(item string) bool { return checkKey(item) != nil }); i >= 0 {
			err = checkKey(items[i])
		}
		return items, err
	}}
}

// IDLists is a JSON list of lists of ids.
func IDLists() CellType[[][]int64] {
	return CellType[[][]int64]{"JSON [[1,2],[1,3]]", func(c Cell) ([][]int64, error) {
		return decodeJSON[[][]int64](c.Text, "lists of numbers in a list, such as [[1,2],[1,3]]")
	}}
}

// Object is a JSON object. Its numbers keep their digits.
func Object() CellType[map[string]any] {
	return CellType[map[string]any]{"JSON object", func(c Cell) (map[string]any, error) {
		if _, err := parseObject(c.Text); err != nil {
			return nil, err
		}
		d := json.NewDecoder(strings.NewReader(c.Text))
		d.UseNumber()
		var values map[string]any
		err := d.Decode(&values)
		return values, err
	}}
}

// Enum is a number or its name.
func Enum[T ~int64](names map[string]T) CellType[T] {
	byNumber := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return int(names[a] - names[b]) })
	var formats []string
	values := maps.Clone(names)
	for _, name := range byNumber {
		formats = append(formats, fmt.Sprintf("%d (%s)", names[name], name))
		values[strconv.FormatInt(int64(names[name]), 10)] = names[name]
	}
	want := strings.Join(formats, ", ")
	return CellType[T]{want, func(c Cell) (T, error) {
		if value, ok := values[strings.Trim(integerText(c), `"`)]; ok {
			return value, nil
		}
		return 0, errors.New("must be one of " + want + ", as number or name")
	}}
}

// decodeJSON reads JSON that must be of the type of the field, and not null.
func decodeJSON[T any](text, want string) (T, error) {
	var value *T
	if json.Unmarshal([]byte(text), &value) != nil || value == nil {
		return *new(T), errors.New("must be " + want)
	}
	return *value, checkJSON(text)
}
