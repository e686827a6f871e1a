package spectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"net/url"
	"strings"

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
		openapi3.WithStringFormatValidator("email", openapi3.NewCallbackValidator(checkEmail)),
	},
}

func checkRequest(input *openapi3filter.RequestValidationInput) []string {
	req := input.Request
	var problems []string
	if !isTrustedOrigin(req.URL) {
		problems = append(problems, fmt.Sprintf("origin %s://%s: want https or loopback", req.URL.Scheme, req.URL.Host))
	}
	// user.com selects its version 2 by "*/*; version=2".
	accept, params, err := mime.ParseMediaType(req.Header.Get("Accept"))
	if err != nil || accept != "application/json" && (accept != "*/*" || params["version"] == "") {
		problems = append(problems, fmt.Sprintf("header Accept: %q, want application/json", req.Header.Get("Accept")))
	}
	for name := range req.URL.Query() {
		if !documented(input, name) {
			problems = append(problems, fmt.Sprintf("query parameter %q: not in the spec", name))
		}
	}
	return append(problems, describe(openapi3filter.ValidateRequest(req.Context(), input))...)
}

func documented(input *openapi3filter.RequestValidationInput, query string) bool {
	for _, parameters := range []openapi3.Parameters{input.Route.Operation.Parameters, input.Route.PathItem.Parameters} {
		if parameters.GetByInAndName(openapi3.ParameterInQuery, query) != nil {
			return true
		}
	}
	return false
}

// checkResponse validates resp and restores its body. A truncated body is a fault of the
// transport and not validated.
func checkResponse(request *openapi3filter.RequestValidationInput, resp *http.Response) []string {
	// The library does not validate redirects.
	if request.Route.Operation.Responses.Status(resp.StatusCode) == nil {
		return []string{"status not in the spec"}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	resp.Body = restoreBody(body, err, resp.Body)
	switch {
	case err != nil:
		return nil
	case len(body) > bodyLimit:
		return []string{fmt.Sprintf("body: longer than %d bytes, not validated", bodyLimit)}
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: resp.StatusCode, Header: resp.Header, Options: options,
	}
	input.SetBodyBytes(body)
	return describe(openapi3filter.ValidateResponse(request.Request.Context(), input))
}

// restoreBody returns a body that starts with the part that was read, or ends with its error.
func restoreBody(read []byte, err error, rest io.ReadCloser) io.ReadCloser {
	var tail io.Reader = rest
	if err != nil {
		tail = errorReader{err}
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), tail), rest}
}

type errorReader struct{ err error }

func (f errorReader) Read([]byte) (int, error) { return 0, f.err }

func isTrustedOrigin(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
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

func checkEmail(value string) error {
	if parsed, err := mail.ParseAddress(value); err != nil || parsed.Address != value {
		return errors.New("not an email")
	}
	return nil
}

// describe returns the problems in err, each with its place. It omits the schemas that the
// library prints, and values, which may be passwords.
func describe(err error) []string {
	switch e := err.(type) {
	case nil:
		return nil
	case openapi3.MultiError:
		var all []string
		for _, one := range e {
			all = append(all, describe(one)...)
		}
		return all
	case *openapi3filter.RequestError:
		return withPlace(requestPlace(e), e.Reason, e.Err)
	case *openapi3filter.ResponseError:
		return withPlace("body", e.Reason, e.Err)
	case *openapi3filter.SecurityRequirementsError:
		return describe(openapi3.MultiError(e.Errors))
	case *openapi3.SchemaError:
		return withPlace("/"+strings.Join(e.JSONPointer(), "/")+": "+e.Reason, "", e.Origin)
	case *openapi3filter.ParseError:
		return []string{e.Error()}
	}
	// Errors of oneOf and allOf are wrapped.
	if inner := errors.Unwrap(err); inner != nil {
		return describe(inner)
	}
	return []string{err.Error()}
}

func requestPlace(err *openapi3filter.RequestError) string {
	if err.Parameter != nil {
		return err.Parameter.In + " parameter " + err.Parameter.Name
	}
	return "body"
}

// withPlace adds the place to each problem in err, or to reason if err contains none.
func withPlace(place, reason string, err error) []string {
	problems := describe(err)
	if len(problems) == 0 {
		return []string{strings.TrimSuffix(place+": "+reason, ": ")}
	}
	for i, problem := range problems {
		problems[i] = place + ": " + problem
	}
	return problems
}
