package rest

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"unicode"
)

// Version is the version of this module, sent as part of the User-Agent.
const Version = "0.1.0"

// The values are shared by all requests; net/http only reads them.
var (
	userAgent  = []string{"usersync-go/" + Version}
	acceptJSON = []string{"application/json"}
)

var errOutsideBaseURL = errors.New("the request is for another origin or path than the base URL: the credential stays here")

// headers returns what goes out with req: its own headers, the standard ones and
// the credential. The caller's request stays without them, because the answer
// refers to it and is handed out by the generated clients.
//
// Accept is ours unless a request editor chose one: Laravel renders errors as
// HTML pages and redirects for anything but JSON in the first place.
func (c *Client) headers(req *http.Request, x *callState) (http.Header, error) {
	if !hasBaseURL(c.base, req.URL) {
		return nil, x.transportError(errOutsideBaseURL, ExecutedNo)
	}
	header := make(http.Header, len(req.Header)+3)
	maps.Copy(header, req.Header)
	if len(header["Accept"]) == 0 {
		header["Accept"] = acceptJSON
	}
	header["User-Agent"] = userAgent
	header[c.credential.header] = c.credential.value
	return header, nil
}

// checkKey refuses what can only be a mistake of configuration, without
// repeating it.
func checkKey(key string) error {
	if key == "" {
		return errors.New("API key: is required")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return errors.New("API key: must be printable ASCII without spaces (a line break at its end is a common slip)")
	}
	return nil
}
