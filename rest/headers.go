package rest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"unicode"
)

// The values are shared by all requests; net/http only reads them.
var (
	userAgent  = []string{"usersync-go/" + Version()}
	acceptJSON = []string{"application/json"}
)

var errOutsideBaseURL = errors.New("request URL is outside the base URL; credential not sent")

// headers sets the headers that are sent: those of the request, the standard ones
// and the credential. The caller's request stays without them, because the
// generated clients return it with the response.
//
// Accept is application/json unless a request editor has set it: Laravel responds
// to anything else with redirects and HTML pages where an error is expected.
func (c *Client) headers(next handler) handler {
	return func(x *callState) (*http.Response, *Error) {
		req := x.request
		if err := c.checkRequest(x); err != nil {
			closeBody(req.Body)
			return nil, x.newError(ExecutedNo, err)
		}
		x.header = make(http.Header, len(req.Header)+3)
		maps.Copy(x.header, req.Header)
		if len(x.header["Accept"]) == 0 {
			x.header["Accept"] = acceptJSON
		}
		x.header["User-Agent"] = userAgent
		x.header[c.credential.header] = c.credential.value
		return next(x)
	}
}

// checkRequest returns why a request must not or cannot be sent. Transports do
// not tell whether an error of theirs was one of the request.
func (c *Client) checkRequest(x *callState) error {
	switch {
	case x.call.nilContext:
		return errors.New("the context is nil")
	case !hasBaseURL(c.base, x.request.URL):
		return errOutsideBaseURL
	case x.ctx.Err() != nil:
		return contextError(x.ctx)
	}
	if err := x.policy.Validate(); err != nil {
		return err
	}
	for name, values := range x.request.Header {
		if name == "" || strings.ContainsFunc(name, isNotTokenChar) {
			return fmt.Errorf("invalid header name %q", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return fmt.Errorf("header %s: control character in the value", name)
			}
		}
	}
	return nil
}

// isNotTokenChar reports whether r must not be part of a header name (RFC 9110,
// section 5.6.2).
func isNotTokenChar(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// checkKey rejects keys that can only be a mistake. Its errors do not contain the key.
func checkKey(key string) error {
	if key == "" {
		return errors.New("API key: is required")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return errors.New("API key: must be printable ASCII without spaces (check for a line break at its end)")
	}
	return nil
}
