package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// cellType is what a column may hold: how cells are written, and how they are read.
// What else a field demands is checked by the provider's package. No error of a
// kind repeats the cell: with columns mixed up, it may be a password.
type cellType[T any] struct {
	format string
	read   func(cell) (T, error)
}

// text is taken as it is.
func text[T ~string]() cellType[T] {
	return cellType[T]{"text", func(c cell) (T, error) {
		if !c.json {
			return T(c.text), nil
		}
		if c.text[0] != '"' {
			return "", errors.New("must be text, in quotes")
		}
		return T(unquoteJSON(c.text)), nil
	}}
}

func integer() cellType[int64] {
	return cellType[int64]{"whole number", func(c cell) (int64, error) {
		n, err := strconv.ParseInt(strings.TrimSpace(c.text), 10, 64)
		if err != nil {
			return 0, errors.New("must be a whole number")
		}
		return n, nil
	}}
}

// boolean is true for true, TRUE as spreadsheets have it, and 1.
func boolean() cellType[bool] {
	return cellType[bool]{"true or false", func(c cell) (bool, error) {
		switch strings.ToLower(strings.TrimSpace(c.text)) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return false, errors.New("must be true, false, 1 or 0")
	}}
}

// list is written a;b or as a JSON list, [] being the empty one.
func list[T ~string]() cellType[[]T] {
	return cellType[[]T]{"list a;b or []", func(c cell) ([]T, error) {
		written := strings.TrimSpace(c.text)
		if c.json || strings.HasPrefix(written, "[") {
			return decodeJSON[[]T](c, `a list of texts, such as ["a","b"]`)
		}
		var items []T
		for item := range strings.SplitSeq(written, ";") {
			items = append(items, T(strings.TrimSpace(item)))
		}
		return items, nil
	}}
}

func idLists() cellType[[][]int64] {
	return cellType[[][]int64]{"JSON [[1,2],[1,3]]", func(c cell) ([][]int64, error) {
		return decodeJSON[[][]int64](c, "lists of numbers in a list, such as [[1,2],[1,3]]")
	}}
}

// object is a JSON object, its numbers as they are written.
func object() cellType[map[string]any] {
	return cellType[map[string]any]{"JSON object", func(c cell) (map[string]any, error) {
		if _, complaint := parseObject(c.text); complaint != "" {
			return nil, errors.New(complaint)
		}
		d := json.NewDecoder(strings.NewReader(c.text))
		d.UseNumber()
		var values map[string]any
		if err := d.Decode(&values); err != nil {
			return nil, fmt.Errorf("must be a JSON object: %w", err)
		}
		return values, nil
	}}
}

// enum is a number with a word for it, written as either.
func enum[T ~int64](words map[string]T) cellType[T] {
	byNumber := slices.SortedFunc(maps.Keys(words), func(a, b string) int { return int(words[a] - words[b]) })
	var written []string
	spelt := maps.Clone(words)
	for _, word := range byNumber {
		written = append(written, fmt.Sprintf("%d (%s)", words[word], word))
		spelt[strconv.FormatInt(int64(words[word]), 10)] = words[word]
	}
	want := strings.Join(written, ", ")
	return cellType[T]{want, func(c cell) (T, error) {
		given := strings.Trim(strings.TrimSpace(c.text), `"`)
		if number, ok := spelt[given]; ok {
			return number, nil
		}
		return 0, errors.New("must be one of " + want + ", as number or word")
	}}
}

// decodeJSON reads JSON that must be of the type of the field.
func decodeJSON[T any](c cell, want string) (T, error) {
	var value *T
	if json.Unmarshal([]byte(c.text), &value) != nil || value == nil {
		return *new(T), errors.New("must be " + want)
	}
	return *value, nil
}
