package reliability

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/usersync/usersync/partoo"
)

// alteredFaults change the response of the fake.
func alteredFaults() []fault {
	return []fault{
		altered("wrong content type", harmless, func(resp *http.Response, body []byte) []byte {
			resp.Header.Set("Content-Type", "text/plain")
			return body
		}),
		altered("content type HTML", harmless, func(resp *http.Response, body []byte) []byte {
			resp.Header.Set("Content-Type", "text/html; charset=utf-8")
			return body
		}),
		altered("no content type", harmless, func(resp *http.Response, body []byte) []byte {
			resp.Header.Del("Content-Type")
			return body
		}),
		altered("status 206", harmless, func(resp *http.Response, body []byte) []byte {
			if resp.StatusCode < 300 {
				resp.StatusCode = http.StatusPartialContent
			}
			return body
		}),
		altered("unknown fields", harmless, rewritten(addField)),
		altered("unknown enum values", harmless, rewritten(changeEnum)),
		altered("duplicate keys", harmless, rewritten(func(v any) any { return duplicated{v} })),
		altered("duplicate keys, last id and email right", harmless, rewritten(func(v any) any { return wrongIDs{v, true} })),
		altered("truncated JSON", unreadable, func(_ *http.Response, body []byte) []byte { return body[:len(body)/2] }),
		altered("wrong JSON types", unreadable, rewritten(changeType)),
		altered("nulls for values", unreadable, rewritten(setNull)),
	}
}

func altered(name string, kind kind, alter func(*http.Response, []byte) []byte) fault {
	return fault{name: name, kind: kind, alter: alter, executed: true}
}

// rewritten applies change to the value of a JSON response.
func rewritten(change func(any) any) func(*http.Response, []byte) []byte {
	return func(_ *http.Response, body []byte) []byte {
		var value any
		if json.Unmarshal(body, &value) != nil {
			return body
		}
		out, err := json.Marshal(change(value))
		if err != nil {
			panic(err)
		}
		return out
	}
}

// each applies change to the elements of a list or object. It returns false for other values.
func each(v any, change func(any) any) (any, bool) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = change(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = change(v[key])
		}
	default:
		return v, false
	}
	return v, true
}

// addField adds an unknown field to each object.
func addField(v any) any {
	each(v, addField)
	if object, ok := v.(map[string]any); ok {
		object["Unknown"] = map[string]any{"list": []any{1, nil, "x"}}
	}
	return v
}

// enums are the enum values in responses of the fakes.
var enums = []any{
	string(partoo.RoleOrgAdmin), string(partoo.RoleGroupManager), string(partoo.UserStatusActive), "en", "fr",
	"visitor", "user", "male", "female", "unknown",
}

// changeEnum replaces enum values by an unknown one.
func changeEnum(v any) any {
	if v, ok := each(v, changeEnum); ok {
		return v
	}
	if slices.Contains(enums, v) {
		return "UNKNOWN_VALUE"
	}
	return v
}

// changeType replaces strings by numbers, and all other values by strings.
func changeType(v any) any {
	if v, ok := each(v, changeType); ok {
		return v
	}
	if _, ok := v.(string); ok {
		return 7
	}
	return "seven"
}

func setNull(v any) any {
	if v, ok := each(v, setNull); ok {
		return v
	}
	return nil
}

// duplicated encodes each field of each object twice.
type duplicated struct{ value any }

func (d duplicated) MarshalJSON() ([]byte, error) {
	return encodeFields(d.value, func(v any) any { return duplicated{v} }, func(_ string, value any) []any { return []any{value, value} })
}

// wrongIDs encodes ids and emails of objects twice, once with the value of another user:
// as the last one, or as the first one.
type wrongIDs struct {
	value     any
	lastRight bool
}

func (w wrongIDs) MarshalJSON() ([]byte, error) {
	return encodeFields(w.value, func(v any) any { return wrongIDs{v, w.lastRight} }, func(key string, value any) []any {
		values := []any{value}
		switch value := value.(type) {
		case float64:
			if key == "id" {
				values = append(values, value+1000)
			}
		case string:
			if key == "id" || key == "user_id" || key == "email" {
				values = append(values, "x"+value)
			}
		}
		if w.lastRight {
			slices.Reverse(values)
		}
		return values
	})
}

// encodeFields encodes an object with several values for a field. Elements of lists and
// values of fields are encoded as wrap returns them.
func encodeFields(v any, wrap func(any) any, values func(key string, value any) []any) ([]byte, error) {
	object, ok := v.(map[string]any)
	if !ok {
		list, _ := each(v, wrap)
		return json.Marshal(list)
	}
	var fields [][]byte
	for key, value := range object {
		for _, value := range values(key, value) {
			k, _ := json.Marshal(key)
			v, err := json.Marshal(wrap(value))
			if err != nil {
				return nil, err
			}
			fields = append(fields, slices.Concat(k, []byte(":"), v))
		}
	}
	return slices.Concat([]byte("{"), bytes.Join(fields, []byte(",")), []byte("}")), nil
}

// alteration is a transport that changes the n-th response.
type alteration struct {
	next  http.RoundTripper
	n     int64
	alter func(*http.Response, []byte) []byte
	seen  atomic.Int64
}

func (a *alteration) RoundTrip(r *http.Request) (*http.Response, error) {
	n := a.seen.Add(1)
	resp, err := a.next.RoundTrip(r)
	if err != nil || n != a.n {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	body = a.alter(resp, body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}
