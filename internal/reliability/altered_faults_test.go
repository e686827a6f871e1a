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
	"github.com/usersync/usersync/usercom"
)

// alteredFaults change the true answer of the server.
func alteredFaults() []fault {
	return []fault{
		altered("wrong content type", harmless, func(resp *http.Response, body []byte) []byte {
			resp.Header.Set("Content-Type", "text/plain")
			return body
		}),
		altered("content type of a page", harmless, func(resp *http.Response, body []byte) []byte {
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
		altered("unknown fields", harmless, rewritten(surprise)),
		altered("unknown enum values", harmless, rewritten(changeID)),
		altered("duplicate keys", harmless, rewritten(func(v any) any { return twice{v} })),
		altered("duplicate keys, the last id and address right", harmless, rewritten(func(v any) any { return decoyed{v, true} })),
		altered("truncated JSON", mangled, func(_ *http.Response, body []byte) []byte { return body[:len(body)/2] }),
		altered("wrong JSON types", mangled, rewritten(changeType)),
		altered("nulls for values", mangled, rewritten(setNull)),
	}
}

func altered(name string, kind kind, alter func(*http.Response, []byte) []byte) fault {
	return fault{name: name, kind: kind, alter: alter, acted: true}
}

// rewritten applies change to an answer that is JSON.
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

// each applies change to what a list or an object holds; of others it says false.
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

// surprise adds a member to each object.
func surprise(v any) any {
	each(v, surprise)
	if object, ok := v.(map[string]any); ok {
		object["Surprise"] = map[string]any{"list": []any{1, nil, "x"}}
	}
	return v
}

// enums are values of the vendors' enums that answers of the fakes hold.
var enums = []any{
	string(partoo.RoleOrgAdmin), string(partoo.RoleGroupManager), string(partoo.UserStatusActive), string(partoo.LangEn), string(partoo.LangFr),
	string(usercom.UserStatusNameVisitor), string(usercom.UserStatusNameUser), "male", "female", "unknown",
}

// changeID replaces the values of enums by one that is not known.
func changeID(v any) any {
	if v, ok := each(v, changeID); ok {
		return v
	}
	if slices.Contains(enums, v) {
		return "NEW_SINCE_YESTERDAY"
	}
	return v
}

// changeType replaces texts by numbers, and everything else by texts.
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

// twice writes each member of each object two times.
type twice struct{ value any }

func (t twice) MarshalJSON() ([]byte, error) {
	object, ok := t.value.(map[string]any)
	if !ok {
		inner, _ := each(t.value, func(v any) any { return twice{v} })
		return json.Marshal(inner)
	}
	var members [][]byte
	for key, value := range object {
		k, _ := json.Marshal(key)
		v, err := json.Marshal(twice{value})
		if err != nil {
			return nil, err
		}
		member := slices.Concat(k, []byte(":"), v)
		members = append(members, member, member)
	}
	return slices.Concat([]byte("{"), bytes.Join(members, []byte(",")), []byte("}")), nil
}

// alteration is a transport that alters one answer, the n-th.
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
