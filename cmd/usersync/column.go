package main

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/userfile"
)

// column is a declared field of a provider's user, with the type of its cells.
type column struct {
	fields.Field
	cells userfile.CellType
}

// columnsOf returns the columns for the fields that U declares.
func columnsOf[U any]() (columns []column) {
	for _, f := range fields.List[U]() {
		c := column{f, userfile.CellType{Type: f.Type, Key: f.Format == "key"}}
		for _, v := range f.Enum {
			if n, err := strconv.ParseInt(v.Text, 10, 64); err == nil {
				c.cells.Words = append(c.cells.Words, userfile.Word{Number: n, Text: v.Word})
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// set sets the field of user, a pointer. A zero that would not be sent is an error.
func (c column) set(user any, cell userfile.Cell) error {
	value, err := c.cells.Read(cell)
	switch {
	case err != nil:
		return err
	case !c.Pointer && value.Kind() == reflect.Int64 && value.IsZero():
		return errors.New("must not be 0")
	}
	c.Set(user, value)
	return nil
}

// help is the text of the column in the help.
func (c column) help() string {
	text := strings.TrimPrefix(c.cells.Format()+"; "+c.Help(), "; ")
	if text = strings.TrimSuffix(text, "; "); text == "" {
		return "text"
	}
	return text
}
