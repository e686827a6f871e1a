package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
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
	var out T
	if err != nil {
		return out, err
	}
	x, body, err := responseContent(resp)
	if err != nil {
		return out, err
	}
	if err := x.decode(&out, body); err != nil {
		var none T
		return none, x.newResponseError(resp, body, err)
	}
	return out, nil
}

var errHTML = errors.New("invalid response: HTML page instead of JSON")

// Discard is Decode for an operation whose response contains nothing useful. Any
// 2xx is success, with or without a body, except an HTML page: the API did not send
// it.
func Discard(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	x, body, err := responseContent(resp)
	if err == nil && isHTML(body) {
		return x.newResponseError(resp, body, errHTML)
	}
	return err
}

// responseContent returns the body of a response and its call. A response that is
// not from a Client is read here.
func responseContent(resp *http.Response) (*callState, []byte, error) {
	if a, ok := resp.Body.(*bufferedBody); ok {
		return a.call, a.data, nil
	}
	defer func() { _ = resp.Body.Close() }()
	x := &callState{attempts: 1}
	if resp.Request != nil {
		x.method, x.path, x.call = resp.Request.Method, resp.Request.URL.Path, callFrom(resp.Request.Context())
	}
	body, err := x.readLimited(resp, DefaultResponseLimit)
	if err != nil || !isSuccess(resp) {
		return nil, nil, x.newResponseError(resp, body, err)
	}
	return x, body, nil
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
	if err := json.Unmarshal(body, target); err != nil {
		d := &lenientDecoder{strict: []string{"id"}}
		if s, ok := out.(interface{ Strict() []string }); ok {
			d.strict = s.Strict()
		}
		if strict := d.decode(body, reflect.ValueOf(target).Elem(), ""); strict != nil {
			return decodeError(withOffset(strict, err))
		}
	}
	if x.client != nil && x.client.observer != nil {
		x.compare(body, schemaOf(specType(out, target)))
	}
	if c, ok := out.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// specType returns the type that contains all fields of the spec.
func specType(out, target any) reflect.Type {
	if s, ok := out.(interface{ Spec() reflect.Type }); ok {
		return s.Spec()
	}
	return reflect.TypeOf(target).Elem()
}

// decodeError describes the problem of a body without repeating any of it, unlike
// the errors of packages encoding/json and time.
func decodeError(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("invalid response: not JSON (byte %d)", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			kind, _, _ := strings.Cut(e.Value, " ") // a number is followed by its digits
			return fmt.Errorf("unexpected response: JSON %s", kind)
		}
		text := fmt.Sprintf("unexpected response: field %q is not of type %s", e.Field, e.Type)
		if e.Offset > 0 {
			text += fmt.Sprintf(" (byte %d)", e.Offset)
		}
		return errors.New(text)
	}
	return errors.New("unexpected response: a value is not of its type")
}
