package rest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"
)

// parseBaseURL returns a base URL that is safe to build requests on. Its errors
// never contain the URL, because it may contain a password.
func parseBaseURL(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("base URL: is required (user.com: a subdomain, or WithBaseURL)")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("base URL: cannot be parsed")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.User != nil:
		return nil, errors.New("base URL: must not contain user info")
	case u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("base URL: want https://host/path")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("base URL: must not contain a query")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, errors.New("base URL: must not contain a fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("base URL: must be https (http is allowed for loopback hosts)")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("base URL: scheme %q, want https", u.Scheme)
	case path.Clean("/x"+u.Path) != "/x"+u.Path:
		return nil, errors.New("base URL: the path must not contain empty or dot segments")
	}
	return u, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// hasBaseURL reports whether u has the origin of base and a path under its path.
func hasBaseURL(base, u *url.URL) bool {
	rest, ok := strings.CutPrefix(u.Path, base.Path)
	return ok && (rest == "" || rest[0] == '/') && u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host)
}
