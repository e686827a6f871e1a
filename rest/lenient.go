package rest

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
)

// lenientDecoder decodes a body that does not fit its type. A field that cannot be
// read keeps its zero value, which means unknown, unless it is strict. A list with
// an element that cannot be read is unknown as a whole: no element may be lost.
type lenientDecoder struct {
	strict []string // paths of fields, for example "data.id"
	failed bool     // a strict field cannot be read
}

// decode decodes data into v, the field with this path.
func (d *lenientDecoder) decode(data []byte, v reflect.Value, path string) error {
	err := json.Unmarshal(data, v.Addr().Interface())
	if err == nil {
		return nil
	}
	if _, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		return err
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if err := d.decode(data, v.Elem(), path); err != nil {
			v.Elem().SetZero()
			return err
		}
		return nil
	case reflect.Struct:
		return d.decodeObject(data, v, path)
	case reflect.Slice:
		return d.decodeList(data, v, path)
	}
	return err
}

func (d *lenientDecoder) decodeObject(data []byte, v reflect.Value, path string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	for field, value := range v.Fields() {
		if field.Anonymous {
			if err := d.decodeObject(data, value, path); err != nil {
				return err
			}
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		text, ok := object[name]
		if !ok {
			continue
		}
		inner := strings.TrimPrefix(path+"."+name, ".")
		if err := d.decode(text, value, inner); err != nil {
			if d.failed {
				return err
			}
			if slices.Contains(d.strict, inner) {
				d.failed = true
				return withField(err, inner)
			}
			value.SetZero()
		}
	}
	return nil
}

func (d *lenientDecoder) decodeList(data []byte, v reflect.Value, path string) error {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	elements := reflect.MakeSlice(v.Type(), len(list), len(list))
	for i, text := range list {
		if err := d.decode(text, elements.Index(i), path); err != nil {
			return err
		}
	}
	v.Set(elements)
	return nil
}

// withField sets the field of an error that json.Unmarshal returned for a part of
// the body. Its offset is that in the part.
func withField(err error, path string) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field == "" {
		e.Field, e.Offset = path, 0
	}
	return err
}

// withOffset returns whole, the error of json.Unmarshal for the whole body, if it is
// about the same field as strict: its offset is that in the body.
func withOffset(strict, whole error) error {
	s, isStrict := errors.AsType[*json.UnmarshalTypeError](strict)
	w, ok := errors.AsType[*json.UnmarshalTypeError](whole)
	if isStrict && ok && s.Field == w.Field {
		return whole
	}
	return strict
}
