package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/email"
)

// Exchange is a request and its response without values.
type Exchange struct {
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Status    int    `json:"status"` // 0: no response
	// ContentType and Headers are those of the response; of the headers only names.
	ContentType string   `json:"content_type,omitempty"`
	Headers     []string `json:"headers,omitempty"`
	// Shape contains the names and types of the fields of the response.
	Shape any `json:"shape,omitempty"`

	body any   // decoded JSON; nil if it is not JSON
	err  error // why there is no response
}

// maxBody is the limit of a response in bytes.
const maxBody = 1 << 20

// read reads the response and replaces its body by one that can be read again.
func (x *Exchange) read(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	x.Status = resp.StatusCode
	x.ContentType, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
	x.Headers = slices.Sorted(maps.Keys(resp.Header))
	if json.Unmarshal(body, &x.body) == nil {
		x.Shape = shapeOf(x.body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// shapeOf returns the names and types in a JSON value, of a list those of its first
// element.
func shapeOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		shape := make(map[string]any, len(value))
		for name, member := range value {
			shape[name] = shapeOf(member)
		}
		return shape
	case []any:
		if len(value) == 0 {
			return []any{}
		}
		return []any{shapeOf(value[0])}
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

func (x Exchange) ok() bool { return x.Status >= 200 && x.Status < 300 }

// isRejection reports whether input was rejected.
func (x Exchange) isRejection() bool {
	return x.Status == http.StatusBadRequest || x.Status == http.StatusConflict || x.Status == http.StatusUnprocessableEntity
}

// startError returns an error if the first exchange shows that a run is impossible.
func (x Exchange) startError() error {
	const text = "verify: no probe was made: "
	switch x.Status {
	case 0:
		return fmt.Errorf(text+"no response from the server: %w", x.err)
	case http.StatusUnauthorized:
		return errors.New(text + "API key rejected (401)")
	case http.StatusForbidden:
		return errors.New(text + "API key has no permission (403)")
	}
	return nil
}

// outcome describes the exchange for a detail.
func (x Exchange) outcome() string {
	switch {
	case x.Status != 0:
		return fmt.Sprintf("%s returned %d", x.Operation, x.Status)
	case errors.Is(x.err, context.Canceled), errors.Is(x.err, context.DeadlineExceeded):
		return "interrupted"
	case x.Operation != "":
		return "no response to " + x.Operation
	}
	return x.err.Error()
}

// names reports whether an error response names the field, in any of the known
// formats.
func (x Exchange) names(field string) bool {
	return !x.ok() && (x.field("errors."+field) != nil || x.field(field) != nil || x.field("errors.json."+field) != nil)
}

// field returns a value of the response, or of its member "data", by a path such as
// "pricing.id". It is nil if there is none.
func (x Exchange) field(path string) any {
	if value := fieldOf(x.body, "data."+path); value != nil {
		return value
	}
	return fieldOf(x.body, path)
}

// id returns the id of the user of a response as text, "" if there is none.
func (x Exchange) id() string { return cmp.Or(textOf(x.body, "data.id"), textOf(x.body, "id")) }

// list returns the elements of a list, bare or in "data" or "users".
func (x Exchange) list() []any {
	for _, list := range []any{x.body, fieldOf(x.body, "data"), fieldOf(x.body, "users")} {
		if list, ok := list.([]any); ok {
			return list
		}
	}
	return nil
}

// user returns the first user of a list that has this email, nil if there is none.
func (x Exchange) user(address string) any {
	for _, user := range x.list() {
		if email.Equal(textOf(user, "email"), address) {
			return user
		}
	}
	return nil
}

// fieldOf returns the value at a path in decoded JSON, nil if there is none.
func fieldOf(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// textOf returns the text or the integer at a path, "" if there is none. An id of 0 is
// none.
func textOf(value any, path string) string {
	switch value := fieldOf(value, path).(type) {
	case string:
		return value
	case float64:
		if value != 0 {
			return strconv.FormatInt(int64(value), 10)
		}
	}
	return ""
}
