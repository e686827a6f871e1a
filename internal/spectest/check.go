package spectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing/iotest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

var options = &openapi3filter.Options{
	MultiError:                        true,
	RejectWhenRequestBodyNotSpecified: true,
	// Otherwise validation adds defaults to the request.
	SkipSettingDefaults: true,
	AuthenticationFunc:  checkKey,
	SchemaValidationOptions: []openapi3.SchemaValidationOption{
		openapi3.EnableFormatValidation(),
		// The library does not validate this format by default.
		openapi3.WithStringFormatValidator("email", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForEmail)),
	},
}

func checkRequest(input *openapi3filter.RequestValidationInput) (problems []string) {
	// user.com selects its version 2 by "*/*; version=2".
	header := input.Request.Header.Get("Accept")
	accept, params, err := mime.ParseMediaType(header)
	if err != nil || accept != "application/json" && (accept != "*/*" || params["version"] == "") {
		problems = append(problems, fmt.Sprintf("header Accept: %q, want application/json", header))
	}
	documented := slices.Concat(input.Route.Operation.Parameters, input.Route.PathItem.Parameters)
	for name := range input.Request.URL.Query() {
		if documented.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			problems = append(problems, fmt.Sprintf("query parameter %q: not in the spec", name))
		}
	}
	return append(problems, describe("", openapi3filter.ValidateRequest(input.Request.Context(), input))...)
}

// checkResponse validates resp and restores its body. A truncated body is a fault of the
// transport and not validated.
func checkResponse(request *openapi3filter.RequestValidationInput, resp *http.Response) []string {
	// The library does not validate redirects.
	if request.Route.Operation.Responses.Status(resp.StatusCode) == nil {
		return []string{"status not in the spec"}
	}
	body, err := io.ReadAll(resp.Body)
	var restored io.Reader = bytes.NewReader(body)
	if err != nil {
		restored = io.MultiReader(restored, iotest.ErrReader(err))
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{restored, resp.Body}
	if err != nil {
		return nil
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: resp.StatusCode, Header: resp.Header, Options: options,
	}
	input.SetBodyBytes(body)
	return describe("", openapi3filter.ValidateResponse(request.Request.Context(), input))
}

// checkKey requires a key, not the right one: the server checks its value.
func checkKey(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	scheme := input.SecurityScheme
	value := input.RequestValidationInput.Request.Header.Get(scheme.Name)
	if value == "" {
		return fmt.Errorf("header %s: the key is missing", scheme.Name)
	}
	if token, found := strings.CutPrefix(value, "Token "); input.SecuritySchemeName == "TokenAuth" && (!found || token == "") {
		return fmt.Errorf("header %s: want \"Token \" and the key", scheme.Name)
	}
	return nil
}

// describe returns the problems in err, each with its place. It omits the schemas that the
// library prints, and values, which may be passwords.
func describe(place string, err error) (problems []string) {
	if err == nil {
		return nil
	}
	inner, reason := errors.Unwrap(err), err.Error()
	switch e := err.(type) {
	case openapi3.MultiError:
		for _, one := range e {
			problems = append(problems, describe(place, one)...)
		}
		return problems
	case *openapi3filter.SecurityRequirementsError:
		inner = openapi3.MultiError(e.Errors)
	case *openapi3filter.RequestError:
		inner, reason = e.Err, e.Reason
		if e.Parameter != nil {
			place += e.Parameter.In + " parameter " + e.Parameter.Name + ": "
		} else {
			place += "body: "
		}
	case *openapi3filter.ResponseError:
		inner, reason, place = e.Err, e.Reason, place+"body: "
	case *openapi3.SchemaError:
		inner, reason = e.Origin, "/"+strings.Join(e.JSONPointer(), "/")+": "+e.Reason
		if inner != nil {
			place += reason + ": "
		}
	case *openapi3filter.ParseError:
		inner = nil // its text contains the path
	}
	if inner != nil {
		return describe(place, inner)
	}
	return []string{place + reason}
}
