package main

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// server is the URL of a server, perhaps with variables in braces.
type server struct {
	url      string
	defaults map[string]string
}

func serversOf(value any) []server {
	var servers []server
	for _, item := range list(value) {
		fields := mapping(item)
		s := server{url: canonicalURL(text(fields["url"])), defaults: make(map[string]string)}
		for name, variable := range mapping(fields["variables"]) {
			s.defaults[name] = text(mapping(variable)["default"])
		}
		servers = append(servers, s)
	}
	return servers
}

// canonicalURL is a URL with its host in lower case and without a default port
// or a trailing slash.
func canonicalURL(raw string) string {
	raw = strings.TrimRight(strings.TrimSpace(raw), "/")
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return raw
	}
	host, path, slash := strings.Cut(rest, "/")
	if !strings.Contains(host, "{") {
		host = strings.ToLower(host)
	}
	scheme = strings.ToLower(scheme)
	host = strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[scheme])
	if slash {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

// example is the URL with the defaults of its variables.
func (s server) example() string {
	return pathParameter.ReplaceAllStringFunc(s.url, func(variable string) string {
		if value := s.defaults[strings.Trim(variable, "{}")]; value != "" {
			return value
		}
		return "x"
	})
}

// matches reports whether the URL can be one of another server.
func (s server) matches(other server) bool {
	var pattern strings.Builder
	last := 0
	for _, span := range pathParameter.FindAllStringIndex(s.url, -1) {
		pattern.WriteString(regexp.QuoteMeta(s.url[last:span[0]]) + "[^/.]+")
		last = span[1]
	}
	pattern.WriteString(regexp.QuoteMeta(s.url[last:]))
	return regexp.MustCompile("^" + pattern.String() + "$").MatchString(other.example())
}

// serversWithout returns the servers that others do not contain.
func serversWithout(servers, others []server) []server {
	return slices.DeleteFunc(slices.Clone(servers), func(s server) bool {
		return slices.ContainsFunc(others, func(o server) bool { return s.matches(o) || o.matches(s) })
	})
}

func serverTexts(servers []server) string {
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.url)
	}
	if len(urls) == 0 {
		return "none"
	}
	return strings.Join(urls, ", ")
}

// pathOf is the path of the first server, below which all operations are.
func pathOf(servers []server) string {
	if len(servers) == 0 {
		return ""
	}
	u, err := url.Parse(servers[0].example())
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

// alignPaths moves a part of the path between the vendor's servers and paths,
// so that both are divided as in usersync's spec. The requests are the same.
func alignPaths(current, fetched *spec) {
	if len(fetched.servers) == 0 {
		return
	}
	base, published := pathOf(current.servers), pathOf(fetched.servers)
	switch {
	case base == published:
	case strings.HasPrefix(base, published):
		moved := strings.TrimPrefix(base, published)
		for _, e := range append(sortedEndpoints(fetched.operations), sortedEndpoints(fetched.unreadable)...) {
			if !strings.HasPrefix(e.path, moved+"/") {
				return
			}
		}
		fetched.rebase(func(path string) string { return strings.TrimPrefix(path, moved) }, func(url string) string { return url + moved })
	case strings.HasPrefix(published, base):
		moved := strings.TrimPrefix(published, base)
		if slices.ContainsFunc(fetched.servers, func(s server) bool { return !strings.HasSuffix(s.url, moved) }) || !hasPath(current, moved) {
			return
		}
		fetched.rebase(func(path string) string { return moved + path }, func(url string) string { return strings.TrimSuffix(url, moved) })
	}
}

func hasPath(s *spec, prefix string) bool {
	return slices.ContainsFunc(sortedEndpoints(s.operations), func(e endpoint) bool { return strings.HasPrefix(e.path, prefix+"/") })
}

func (s *spec) rebase(path, url func(string) string) {
	change := func(servers []server) {
		for i := range servers {
			servers[i].url = url(servers[i].url)
		}
	}
	change(s.servers)
	operations := make(map[endpoint]*operation)
	for e, o := range s.operations {
		if o.serversAt != "" {
			change(o.servers)
		}
		e.path = path(e.path)
		o.endpoint = e
		operations[e] = o
	}
	unreadable := make(map[endpoint]string)
	for e, problem := range s.unreadable {
		e.path = path(e.path)
		unreadable[e] = problem
	}
	s.operations, s.unreadable = operations, unreadable
}
