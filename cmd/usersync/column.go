package main

import "errors"

// column is a field of a provider's user: its name, how it is written, what is
// worth knowing, and how it gets into the input U of UpsertUser.
type column[U any] struct {
	name   string
	format string
	note   string
	set    func(*U, cell) error
}

// valueColumn is a column for a field whose zero value is not sent, and therefore no
// value that a file may give.
func valueColumn[U any, T comparable](name string, k cellType[T], note string, field func(*U) *T) column[U] {
	return column[U]{name, k.format, note, func(u *U, c cell) error {
		value, err := k.read(c)
		if err == nil && value == *new(T) {
			err = errors.New("must not be 0")
		}
		if err != nil {
			return err
		}
		*field(u) = value
		return nil
	}}
}

// listColumn is a column for a list, or the like, where nil is not sent.
func listColumn[U, T any](name string, k cellType[T], note string, field func(*U) *T) column[U] {
	return column[U]{name, k.format, note, func(u *U, c cell) (err error) {
		*field(u), err = k.read(c)
		return err
	}}
}

// pointerColumn is a column for a field that is sent whatever its value.
func pointerColumn[U, T any](name string, k cellType[T], note string, field func(*U) **T) column[U] {
	return column[U]{name, k.format, note, func(u *U, c cell) error {
		value, err := k.read(c)
		if err != nil {
			return err
		}
		*field(u) = &value
		return nil
	}}
}
