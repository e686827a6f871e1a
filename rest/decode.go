package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Decode turns what a generated client method returns into a T:
//
//	user, err := rest.Decode[gen.User](client.GetUser(ctx, id))
//
// Any 2xx is success, whichever the vendor wrote down: Laravel answers 201 by
// itself for a fresh model. A nil error means that there is a result. An empty
// body, JSON null, a body that is not JSON or of another shape is an *[Error]
// with the status and Executed yes. A T with a method Check() error has it
// called, to refuse an answer that lacks what must be there. What the body is
// labelled as does not matter; what it is does. Of a name that comes twice in an
// object, the last value counts, as in package encoding/json.
func Decode[T any](resp *http.Response, err error) (T, error) {
	var out T
	if err != nil {
		return out, err
	}
	x, body, err := responseContent(resp)
	if err != nil {
		return out, err
	}
	if err := decodeInto(&out, body); err != nil {
		var none T
		return none, x.responseError(resp, truncateBody(body), err)
	}
	return out, nil
}

// Discard is Decode for an operation whose answer holds nothing of use: any 2xx
// will do, with or without a body. A web page is an *[Error] all the same: it
// comes from something else than the API.
func Discard(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	x, body, err := responseContent(resp)
	if err == nil && isHTML(body) {
		return x.responseError(resp, truncateBody(body), errors.New("the answer is a web page, not one of the API"))
	}
	return err
}

// responseContent returns the body of an answer and the exchange it belongs to. An
// answer that did not come from a Client is read here.
func responseContent(resp *http.Response) (*callState, []byte, error) {
	if a, ok := resp.Body.(*bufferedBody); ok {
		return a.call, a.data, nil
	}
	defer func() { _ = resp.Body.Close() }()
	x := &callState{attempts: 1}
	if resp.Request != nil {
		x.method, x.path, x.call = resp.Request.Method, resp.Request.URL.Path, callFrom(resp.Request.Context())
	}
	body, err := readLimited(resp.Body, resp.ContentLength, DefaultResponseLimit)
	if err != nil {
		return nil, nil, x.responseError(resp, truncateBody(body), err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, x.statusError(resp, truncateBody(body), time.Now())
	}
	return x, body, nil
}

// truncateBody bounds what an Error keeps of a body.
func truncateBody(body []byte) []byte { return body[:min(len(body), maxErrorBody)] }

func decodeInto(out any, body []byte) error {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return errors.New("the answer has no body")
	case isNull(body):
		return errors.New("the answer is null")
	}
	if err := json.Unmarshal(body, out); err != nil {
		return decodeError(err)
	}
	if c, ok := out.(interface{ Check() error }); ok {
		return c.Check()
	}
	return nil
}

// decodeError says what is wrong with a body without repeating any of it, as the
// errors of encoding/json and time do.
func decodeError(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the answer is not JSON (at byte %d)", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("the answer has another shape: %q is not a %s (at byte %d)", e.Field, e.Type, e.Offset)
	}
	return errors.New("the answer has another shape: a value is not of its type")
}
