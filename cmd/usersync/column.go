package main

import "errors"

// column is a field of a provider's user: its name, how it is written, what is
// worth knowing, and how it gets into the input U of UpsertUser.
type column[U any] struct {
	name    string
	written string
	note    string
	set     func(*U, cell) error
}

// always is a column for a field whose zero value is not sent, and therefore no
// value that a file may give.
func always[U any, T comparable](name string, k kind[T], note string, field func(*U) *T) column[U] {
	return column[U]{name, k.written, note, func(u *U, c cell) error {
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

// listed is a column for a list, or the like, where nil is not sent.
func listed[U, T any](name string, k kind[T], note string, field func(*U) *T) column[U] {
	return column[U]{name, k.written, note, func(u *U, c cell) (err error) {
		*field(u), err = k.read(c)
		return err
	}}
}

// pointer is a column for a field that is sent whatever its value.
func pointer[U, T any](name string, k kind[T], note string, field func(*U) **T) column[U] {
	return column[U]{name, k.written, note, func(u *U, c cell) error {
		value, err := k.read(c)
		if err != nil {
			return err
		}
		*field(u) = &value
		return nil
	}}
}
