package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// alternative is a set of security schemes that a request needs together. The
// empty set needs no credential.
type alternative []string

// alternatives reads security requirements. A mapping in place of the list is
// read as its only alternative.
func alternatives(value any) []alternative {
	requirements := list(value)
	if object := mapping(value); len(object) > 0 {
		requirements = []any{object}
	}
	var all []alternative
	for _, requirement := range requirements {
		all = append(all, keys(mapping(requirement)))
	}
	if len(all) == 0 {
		all = []alternative{nil}
	}
	return all
}

// credential is what a scheme asks a client to send. Names of headers and HTTP
// schemes do not distinguish case.
func credential(scheme map[string]any) string {
	name, in := text(scheme["name"]), text(scheme["in"])
	if in == "header" {
		name = strings.ToLower(name)
	}
	parts := []string{text(scheme["type"]), in, name, strings.ToLower(text(scheme["scheme"]))}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// schemeName is the name in usersync's spec of a scheme of the vendor's.
func (c *comparison) schemeName(name string) string {
	if _, found := c.current.schemes[name]; found {
		return name
	}
	for _, own := range keys(c.current.schemes) {
		if credential(c.current.resolved(c.current.schemes[own])) == credential(c.fetched.resolved(c.fetched.schemes[name])) {
			return own
		}
	}
	return "new scheme " + name
}

func (c *comparison) requirements(all []alternative) []string {
	var texts []string
	for _, one := range all {
		var names []string
		for _, name := range one {
			names = append(names, c.schemeName(name))
		}
		slices.Sort(names)
		texts = append(texts, strings.Join(names, " and "))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func (c *comparison) operationSecurity(current, fetched *operation, at location) {
	if !current.ownSecure && !fetched.ownSecure {
		return // compared once, for the document
	}
	c.compareSecurity(current.security, fetched.security, at)
}

// compareSecurity grades by whether a request with usersync's credential still
// meets one of the alternatives.
func (c *comparison) compareSecurity(current, fetched []alternative, at location) {
	before, after := c.requirements(current), c.requirements(fetched)
	if slices.Equal(before, after) {
		return
	}
	d := difference{"security", Breaking, "security changed from " + requirementText(before) + " to " + requirementText(after), impactSecurity}
	switch known := slices.IndexFunc(after, func(need string) bool { _, found := c.current.schemes[need]; return found }); {
	case slices.Equal(after, []string{""}):
		d.group, d.impact = CheckByHand, "the clients still send the API key: check whether another credential is needed"
	case slices.ContainsFunc(after, func(need string) bool { return slices.Contains(before, need) && need != "" }):
		d.group, d.impact = Documentation, "none: the credential that the clients send is still accepted"
	case known >= 0:
		d.group, d.impact = Documentation, "none if the clients send this credential, as they do for other operations"
	}
	c.add(at, d)
}

func requirementText(texts []string) string {
	texts = slices.Clone(texts)
	for i := range texts {
		if texts[i] == "" {
			texts[i] = "none"
		}
	}
	return strings.Join(texts, " or ")
}

// document compares what applies to the whole document.
func (c *comparison) document(pairs map[endpoint]*operation) {
	at := location{part: "document"}
	if lost, added := serversWithout(c.current.servers, c.fetched.servers), serversWithout(c.fetched.servers, c.current.servers); len(c.fetched.servers) > 0 || len(c.current.servers) == 0 {
		for _, s := range lost {
			c.add(at, difference{"server " + s.url, Breaking, "server " + s.url + " removed", "the wrapper's base URL may be wrong"})
		}
		for _, s := range added {
			c.add(at, difference{"server " + s.url, Additive, "server " + s.url + " added", "none; the wrapper may get a base URL"})
		}
	} else {
		c.add(at, difference{"servers", CheckByHand, "no servers are listed", "relative to the document's own URL: check the wrapper's base URL"})
	}
	inherited := false
	used := make(map[string]bool)
	for e, fetched := range pairs {
		current := c.current.operations[e]
		inherited = inherited || !current.ownSecure && !fetched.ownSecure
		for _, one := range current.security {
			for _, name := range one {
				used[name] = true
			}
		}
	}
	if inherited {
		c.compareSecurity(alternatives(c.current.security), alternatives(c.fetched.security), at)
	}
	for _, name := range keys(c.fetched.schemes) {
		scheme := location{part: "security scheme " + name}
		current, known := c.current.schemes[name]
		fetched := c.fetched.resolved(c.fetched.schemes[name])
		switch {
		case known:
			if before, after := credential(c.current.resolved(current)), credential(fetched); before != after {
				c.add(scheme, difference{"scheme", Breaking, "changed from " + before + " to " + after, impactSecurity})
			}
		case strings.HasPrefix(c.schemeName(name), "new scheme "):
			c.add(at, difference{"scheme " + name, Additive, "scheme " + name + " added", "none until an operation requires it"})
		}
	}
	version := func(s *spec) any { return mapping(s.root["info"])["version"] }
	if a, b := version(c.current), version(c.fetched); fmt.Sprint(a) != fmt.Sprint(b) && b != nil {
		c.add(at, difference{"version", Documentation, fmt.Sprintf("version changed from %s to %s", valueText(fmt.Sprint(a)), valueText(fmt.Sprint(b))), impactNone})
	}
	webhooks := maps.Clone(mapping(c.fetched.root["webhooks"]))
	for name := range mapping(c.current.root["webhooks"]) {
		delete(webhooks, name)
	}
	for _, name := range keys(webhooks) {
		c.add(at, difference{"webhook " + name, Additive, "webhook " + name + " added", "none: the clients receive nothing"})
	}
}
