package main

import (
	"errors"

	"github.com/usersync/usersync/internal/userfile"
)

// column is a field of a provider's user: its name, the format of its cells, a note for the
// help, and how a cell gets into the input U of UpsertUser.
type column[U any] struct {
	name   string
	format string
	note   string
	set    func(*U, userfile.Cell) error
}

// valueColumn is a column for a field whose zero value is not sent, and therefore
// rejected.
func valueColumn[U any, T comparable](name string, cells userfile.CellType[T], note string, field func(*U) *T) column[U] {
	return column[U]{name, cells.Format, note, func(u *U, c userfile.Cell) error {
		value, err := cells.Read(c)
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

// listColumn is a column for a list or an object, where nil is not sent.
func listColumn[U, T any](name string, cells userfile.CellType[T], note string, field func(*U) *T) column[U] {
	return column[U]{name, cells.Format, note, func(u *U, c userfile.Cell) (err error) {
		*field(u), err = cells.Read(c)
		return err
	}}
}

// pointerColumn is a column for a field that is sent with any value.
func pointerColumn[U, T any](name string, cells userfile.CellType[T], note string, field func(*U) **T) column[U] {
	return column[U]{name, cells.Format, note, func(u *U, c userfile.Cell) error {
		value, err := cells.Read(c)
		if err != nil {
			return err
		}
		*field(u) = &value
		return nil
	}}
}
