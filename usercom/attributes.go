package usercom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/wrapper"
	"github.com/usersync/usersync/rest"
)

// maxAttributeName is the maximum length of the name of a custom attribute, in
// characters: 255 on vendor page "Mass update custom attributes", 32 on page "Create
// attribute".
const maxAttributeName = 255

// SetAttribute sets one custom attribute of the user with the vendor's id. Names have 1 to
// 255 characters. The names of standard attributes, such as city, are rejected: use
// [Client.UpdateUser] for these. The vendor's pages differ on whether an attribute must
// already exist in the application.
//
// The value is any value that encoding/json encodes, of the attribute's type (vendor page
// "Miscellaneous": boolean, integer, date, string, datetime, fixed, float). nil is sent as
// null, which clears the attribute (inference).
//
// The request is retried after a lost response. An unknown id is an error that matches
// rest.ErrNotFound.
func (c *Client) SetAttribute(ctx context.Context, id int64, name string, value any) error {
	const operation = "SetAttribute"
	if err := c.checkVersion1(operation, id, map[string]any{name: value}); err != nil {
		return err
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, Idempotent: true})
	return rest.Discard(c.API().SetAttribute(ctx, id, gen.SetAttributeRequest{Attribute: name, Value: value}))
}

// SetAttributes sets custom attributes, by name, in one request, with the rules of
// [Client.SetAttribute]. Without attributes nothing is sent.
func (c *Client) SetAttributes(ctx context.Context, id int64, attributes map[string]any) error {
	const operation = "SetAttributes"
	if err := c.checkVersion1(operation, id, attributes); err != nil {
		return err
	}
	return c.setAttributes(ctx, operation, id, attributes)
}

// setAttributes sends valid attributes, if there are any.
func (c *Client) setAttributes(ctx context.Context, operation string, id int64, attributes map[string]any) error {
	if len(attributes) == 0 {
		return nil
	}
	ctx = rest.WithCall(ctx, rest.Call{Operation: operation, Idempotent: true})
	return rest.Discard(c.API().SetMultipleAttributes(ctx, id, attributes))
}

// checkVersion1 checks the input of an operation that is not documented for version 2 of
// the API.
func (c *Client) checkVersion1(operation string, id int64, attributes map[string]any) error {
	if c.version == 2 {
		return wrapper.NewError(provider, operation, "not documented for version 2 of the API: use a client of version 1", errors.ErrUnsupported)
	}
	var p check.Problems
	p.Positive("id", id)
	checkAttributes(&p, attributes)
	return p.Err(provider, operation)
}

func checkAttributes(p *check.Problems, attributes map[string]any) {
	for name, value := range attributes {
		if strings.TrimSpace(name) == "" {
			p.Add("attributes", "must not contain an empty name")
			continue
		}
		runes := []rune(strings.ToValidUTF8(name, "\uFFFD"))
		isLong := len(runes) > maxAttributeName
		if isLong {
			runes = append(runes[:40], '…')
		}
		field := "attributes." + string(runes)
		p.Text(field, name)
		if isLong {
			p.Add(field, "must have a name of at most 255 characters")
		}
		if standardAttributes[name] {
			p.Add(field, "must not be a standard attribute: these have separate fields")
		}
		checkJSON(p, field, value)
	}
}

// checkJSON adds a problem if encoding value as JSON fails or changes it.
func checkJSON(p *check.Problems, field string, value any) {
	encoded, err := json.Marshal(value)
	switch {
	case err != nil:
		p.Add(field, "must be a JSON value: text, a finite number, true, false, null, or lists and objects of them")
	// encoding/json writes this escape for invalid UTF-8, and a valid U+FFFD without one.
	case bytes.Contains(bytes.ReplaceAll(encoded, []byte(`\\`), nil), []byte(`\ufffd`)):
		p.Add(field, "must be valid UTF-8")
	}
}

// standardAttributes contains the names of the fields of an upsert in both versions.
var standardAttributes = func() map[string]bool {
	names := make(map[string]bool)
	version1, version2 := reflect.TypeFor[gen.UpdateOrCreateUserRequest](), reflect.TypeFor[gen.UpdateOrCreateUserV2Request]()
	for _, field := range append(reflect.VisibleFields(version1), reflect.VisibleFields(version2)...) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}()
