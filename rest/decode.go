package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Decode returns the body of a response as a T. Its arguments are the results of a
// generated client method:
//
//	user, err := rest.Decode[gen.User](client.GetUser(ctx, id))
//
// Any 2xx is success, also if the spec does not contain it: Laravel returns 201 by
// default for a new model. A nil error means that there is a result. An empty body,
// JSON null, or a body that is not JSON or does not fit T is an *[Error] with the
// status and Executed yes. The Content-Type is ignored. If an object contains a name
// twice, the last value counts, as in package encoding/json.
//
// A field that cannot be read keeps its zero value, like one that is absent: the
// request was executed, and a field that is not needed must not make it fail. Three
// optional methods of T change that, and one is for an [Observer]:
//
//   - Strict() []string returns the fields that must be readable if they are present,
//     with dotted paths such as "data.id". The default is "id".
//   - Check() error rejects a response without a required field.
//   - Target(body []byte) any returns a pointer to the part of T that body is decoded
//     into, for a response that has several formats.
//   - Spec() reflect.Type returns a type with all fields of the spec, if T contains
//     only some of them.
func Decode[T any](resp *http.Response, err error) (T, error) {
	var out, none T
	err = withBody(resp, err, func(x *callState, body []byte) error { return x.decode(&out, body) })
	if err != nil {
		return none, err
	}
	return out, nil
}

// Discard is Decode for an operation whose response contains nothing useful. Any
// 2xx is success, with or without a body, except an HTML page: the API did not send
// it.
func Discard(resp *http.Response, err error) error {
	return withBody(resp, err, func(_ *callState, body []byte) error {
		if isHTML(body) {
			return errHTML
		}
		return nil
	})
}

var errHTML = errors.New("invalid response: HTML page instead of JSON")

// noClient is the client of responses that are not from a Client.
var noClient = &Client{credential: new(credential)}

// withBody calls use with the body of a 2xx response. An error of use becomes the cause
// of an *Error. A response that is not from a Client is read here.
func withBody(resp *http.Response, err error, use func(x *callState, body []byte) error) error {
	if err != nil {
		return err
	}
	var x *callState
	var body []byte
	if b, ok := resp.Body.(*bufferedBody); ok {
		x, body = b.call, b.data
	} else {
		defer func() { _ = resp.Body.Close() }()
		x = &callState{client: noClient, attempts: 1}
		if r := resp.Request; r != nil {
			x.method, x.path, x.call = r.Method, r.URL.Path, callFrom(r.Context())
		}
		body, err = readLimited(resp, DefaultResponseLimit)
	}
	if err == nil && isSuccess(resp) {
		if err = use(x, body); err == nil {
			return nil
		}
	}
	return x.newResponseError(resp, body, err)
}

// decode decodes body into out, a pointer to a T of Decode.
func (x *callState) decode(out any, body []byte) error {
	body = trimBody(body)
	switch {
	case len(body) == 0:
		return errors.New("invalid response: empty body")
	case isHTML(body):
		return errHTML
	case string(body) == "null":
		return errors.New("invalid response: null")
	}
	target := out
	if t, ok := out.(interface{ Target([]byte) any }); ok {
		target = t.Target(body)
	}
	if err := (decoder{out}).decode(body, reflect.ValueOf(target).Elem(), ""); err != nil {
		return decodeError(err)
	}
	if x.client.observer != nil {
		spec := reflect.TypeOf(target)
		if s, ok := out.(interface{ Spec() reflect.Type }); ok {
			spec = s.Spec()
		}
		x.compare(body, schemaOf(spec))
	}
	if c, ok := out.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// decodeError describes err without any part of the body, unlike the errors of packages
// encoding/json and time.
func decodeError(err error) error {
	switch e := err.(type) {
	case strictError:
		return e
	case *json.SyntaxError:
		return fmt.Errorf("invalid response: not JSON (byte %d)", e.Offset)
	case *json.UnmarshalTypeError:
		kind, _, _ := strings.Cut(e.Value, " ") // a number is followed by its digits
		return fmt.Errorf("unexpected response: JSON %s", kind)
	}
	return errors.New("unexpected response: a value is not of its type")
}

// decoder decodes bodies that may not fit their type. A field that cannot be read keeps
// its zero value, which means unknown, unless it is strict. A list with an element that
// cannot be read is unknown as a whole: no element may be lost.
type decoder struct{ out any }

// decode decodes data into v, the field with this path.
func (d decoder) decode(data []byte, v reflect.Value, path string) error {
	target := v.Addr().Interface()
	err := json.Unmarshal(data, target)
	if _, ok := target.(json.Unmarshaler); ok || err == nil {
		return err
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if err = d.decode(data, v.Elem(), path); err != nil {
			v.Elem().SetZero()
		}
	case reflect.Struct:
		err = d.decodeObject(data, v, path)
	case reflect.Slice:
		err = d.decodeList(data, v, path)
	}
	return err
}

func (d decoder) decodeObject(data []byte, v reflect.Value, path string) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	for _, field := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		text, ok := object[name]
		if !ok || name == "" {
			continue
		}
		value, inner := v.FieldByIndex(field.Index), strings.TrimPrefix(path+"."+name, ".")
		err := d.decode(text, value, inner)
		if _, ok := err.(strictError); ok {
			return err
		}
		if err != nil && d.isStrict(inner) {
			return strictError{inner, field.Type}
		}
		if err != nil {
			value.SetZero()
		}
	}
	return nil
}

func (d decoder) decodeList(data []byte, v reflect.Value, path string) error {
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

// isStrict reports whether the field with this path must be readable.
func (d decoder) isStrict(path string) bool {
	if s, ok := d.out.(interface{ Strict() []string }); ok {
		return slices.Contains(s.Strict(), path)
	}
	return path == "id"
}

// strictError is the error of a field that must be readable and is not.
type strictError struct {
	field string
	want  reflect.Type
}

func (e strictError) Error() string {
	return fmt.Sprintf("unexpected response: field %q is not of type %s", e.field, strings.TrimPrefix(e.want.String(), "*"))
}
