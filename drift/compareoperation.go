package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operation compares two operations, except for method and path.
func (c *comparison) operation(current, fetched *operation) {
	at := location{operation: current.endpoint.String()}
	if current.deprecated != fetched.deprecated {
		c.add(at, classifyFacet("deprecated", nilIfFalse(current.deprecated), nilIfFalse(fetched.deprecated), inRequest))
	}
	// An id that usersync gave is not the vendor's to change.
	if current.id != fetched.id && (current.source == "published" || current.source == "" || fetched.id != "") && !(current.id == "" && fetched.id == "") {
		c.add(at, difference{"operationId", Documentation, fmt.Sprintf("operationId changed from %s to %s", valueText(orNil(current.id)), valueText(orNil(fetched.id))),
			"none on the wire; generated methods use it as name: adapt the overlay or the wrapper"})
	}
	if !slices.Equal(current.tags, fetched.tags) {
		c.add(at, difference{"tags", Documentation, "tags changed", impactNone})
	}
	c.operationServers(current, fetched)
	c.operationSecurity(current, fetched, at)
	c.parameters(current, fetched, at)
	c.requestBody(current.body, fetched.body, at)
	c.responses(current, fetched, at)
	for _, name := range fetched.callbacks {
		if !slices.Contains(current.callbacks, name) {
			c.add(at, difference{"callback " + name, Additive, "callback " + name + " added", "none: the clients receive nothing"})
		}
	}
}

func nilIfFalse(value bool) any {
	if value {
		return true
	}
	return nil
}

func orNil(value string) any {
	if value == "" {
		return nil
	}
	return value
}

// operationServers reports servers of the operation or its path that are not
// the servers of usersync's operation.
func (c *comparison) operationServers(current, fetched *operation) {
	if current.serversAt == "" && fetched.serversAt == "" {
		return // compared once, for the document
	}
	at := location{operation: current.endpoint.String(), part: "servers"}
	if fetched.serversAt == "path" {
		at = location{part: "path " + fetched.endpoint.path + ", servers"}
	}
	lost, added := serversWithout(current.servers, fetched.servers), serversWithout(fetched.servers, current.servers)
	switch {
	case len(lost) > 0:
		c.add(at, difference{"servers", Breaking, "server changed from " + serverTexts(current.servers) + " to " + serverTexts(fetched.servers),
			"the wrapper sends the operation to another server"})
	case len(added) > 0:
		c.add(at, difference{"servers", Additive, "server " + serverTexts(added) + " added", "none; the wrapper may get a base URL"})
	}
}

func (c *comparison) parameters(current, fetched *operation, at location) {
	for _, key := range union(current.parameters, fetched.parameters) {
		p, found := current.parameters[key]
		q, stays := fetched.parameters[key]
		if !found && movedFrom(current, fetched, q) != nil || !stays && movedFrom(fetched, current, p) != nil {
			if !stays {
				to := movedFrom(fetched, current, p)
				c.add(at, difference{"parameter " + p.name, Breaking, fmt.Sprintf("parameter %s moved from %s to %s", p.name, p.in, to.in), impactRequest})
			}
			continue
		}
		group := at
		group.part = "parameter " + cmp.Or(p.in, q.in)
		at := group.within(" " + cmp.Or(p.name, q.name))
		if p.shared != "" && p.shared == q.shared {
			at.sharedPart = p.shared + ", " + at.part
		}
		switch {
		case !found && q.required:
			c.add(group, difference{"parameter " + q.name, Breaking, "required parameter " + q.name + " added", "calls without it are rejected: the wrapper must send it"})
		case !found:
			c.add(group, difference{"parameter " + q.name, Additive, "parameter " + q.name + " added", "cannot be sent yet: add it to the spec and regenerate"})
		case !stays && p.unsent && !p.required:
			c.notes = append(c.notes, fmt.Sprintf("%s: the sources do not contain the parameter %s, which no wrapper sends", current.endpoint, p.name))
		case !stays:
			c.add(group, difference{"parameter " + p.name, Breaking, "parameter " + p.name + " removed", "it has no effect any more, or is rejected"})
		default:
			c.parameter(p, q, at)
		}
	}
}

// movedFrom returns the parameter of the same name in another place, if only
// other has it there.
func movedFrom(other, here *operation, p parameter) *parameter {
	for _, key := range keys(other.parameters) {
		candidate := other.parameters[key]
		if _, both := here.parameters[key]; !both && candidate.name == p.name && candidate.in != p.in {
			return &candidate
		}
	}
	return nil
}

func (c *comparison) parameter(p, q parameter, at location) {
	if p.required != q.required {
		if q.required {
			c.add(at, difference{"required", Breaking, "became required", "calls without it are rejected: check for it before sending"})
		} else {
			c.add(at, difference{"required", Additive, "became optional", "regenerate; callers may omit it"})
		}
	}
	if p.deprecated != q.deprecated {
		c.add(at, classifyFacet("deprecated", nilIfFalse(p.deprecated), nilIfFalse(q.deprecated), inRequest))
	}
	// How lists are written makes no difference to a plain value.
	plain := !slices.ContainsFunc(c.current.schema(p.schema).types, func(t string) bool { return t == "array" || t == "object" })
	if p.style != q.style && !(plain && styleName(p.style) == styleName(q.style)) {
		c.add(at, difference{"style", Breaking, "style changed from " + p.style + " to " + q.style, impactRequest})
	}
	c.schemas(p.schema, q.schema, at)
}

func styleName(style string) string { return strings.Replace(style, ", explode", "", 1) }

func (c *comparison) requestBody(current, fetched *body, at location) {
	at.part = "request"
	switch {
	case current == nil && fetched == nil:
	case current == nil && fetched.required:
		c.add(at, difference{"body", Breaking, "body added", impactRequest})
	case current == nil:
		c.add(at, difference{"body", Additive, "body added", "the operation accepts a body: add it to the wrapper"})
	case fetched == nil:
		c.add(at, difference{"body", Breaking, "body removed", impactRequest})
	default:
		if current.required != fetched.required {
			if fetched.required {
				c.add(at, difference{"required", Breaking, "became required", "calls without it are rejected: check for it before sending"})
			} else {
				c.add(at, difference{"required", Additive, "became optional", "regenerate; callers may omit it"})
			}
		}
		c.content(current.content, fetched.content, at)
	}
}

// content compares what a body may contain, by media type.
func (c *comparison) content(current, fetched map[string]media, at location) {
	var lost, added []string
	matched := make(map[string]bool)
	for _, name := range keys(current) {
		published, found := mediaFor(fetched, name)
		if !found {
			lost = append(lost, name)
			continue
		}
		for _, theirName := range keys(fetched) {
			matched[theirName] = matched[theirName] || theirName == name || strings.HasSuffix(theirName, "/*")
		}
		c.media(current[name], published, at.within(" "+name))
	}
	for _, name := range keys(fetched) {
		if !matched[name] {
			added = append(added, name)
		}
	}
	switch {
	case len(lost) > 0 && len(added) > 0:
		c.add(at, difference{"content", Breaking, "content type changed from " + strings.Join(lost, ", ") + " to " + strings.Join(added, ", "), "the clients still rely on it"})
	case len(lost) > 0:
		c.add(at, difference{"content", Breaking, "content type " + strings.Join(lost, ", ") + " removed", "the clients still rely on it"})
	case len(added) > 0:
		c.add(at, difference{"content", Additive, "content type " + strings.Join(added, ", ") + " added", "nothing to do until it is needed"})
	}
}

func (c *comparison) media(current, fetched media, at location) {
	c.examples(current, fetched, at)
	if fetched.schema == nil && current.schema != nil && len(mapping(current.schema)) > 0 {
		c.add(at, difference{"schema", Breaking, "schema removed", impactSchema})
		return
	}
	c.schemas(current.schema, fetched.schema, at)
	if at.direction == inRequest {
		for _, name := range union(current.encoding, fetched.encoding) {
			a, b := encodingOf(current.encoding[name]), encodingOf(fetched.encoding[name])
			if a != b {
				c.add(at.descend("."+name), difference{"encoding", Breaking, "encoding changed from " + cmp.Or(a, "the default") + " to " + cmp.Or(b, "the default"), impactRequest})
			}
		}
	}
}

// encodingOf is the encoding of a part without what is the default anyway.
func encodingOf(value any) string {
	fields := maps.Clone(mapping(value))
	if contentType := text(fields["contentType"]); strings.HasPrefix(contentType, "text/plain") {
		delete(fields, "contentType")
	}
	maps.DeleteFunc(fields, func(key string, value any) bool {
		return isProse(key) || key == "headers" && len(mapping(value)) == 0 || key == "allowReserved" && value == false
	})
	if len(fields) == 0 {
		return ""
	}
	return canonical(fields)
}

func (c *comparison) responses(current, fetched *operation, at location) {
	lost := make(map[string]bool)
	for _, status := range keys(current.responses) {
		published, found := fetched.responseFor(status)
		if !found && strings.HasSuffix(status, "XX") {
			published, found = fetched.inRange(status)
		}
		if !found {
			lost[status] = true
			continue
		}
		c.response(current.responses[status], published, at, status)
	}
	for _, status := range keys(fetched.responses) {
		if _, known := current.responses[status]; known {
			continue
		}
		if published, found := current.coveringResponse(status); found {
			c.response(published, fetched.responses[status], at, status)
			continue
		}
		if strings.HasSuffix(status, "XX") && slices.ContainsFunc(keys(current.responses), func(s string) bool { return s[0] == status[0] }) {
			continue // compared with the statuses of the range
		}
		if status != "DEFAULT" {
			c.add(at, classifyStatus(status, true))
		}
	}
	for _, status := range keys(lost) {
		c.add(at, classifyStatus(status, false))
	}
}

// inRange returns a response to any status of a range such as 2XX.
func (o *operation) inRange(status string) (response, bool) {
	for _, candidate := range keys(o.responses) {
		if candidate[0] == status[0] {
			return o.responses[candidate], true
		}
	}
	return response{}, false
}

// coveringResponse returns the response of the range that a status is in.
func (o *operation) coveringResponse(status string) (response, bool) {
	r, found := o.responses[status[:1]+"XX"]
	return r, found && len(status) == 3
}

func (c *comparison) response(current, fetched response, at location, status string) {
	at.part, at.direction = "response "+strings.Replace(status, "DEFAULT", "default", 1), inError
	if status[0] == '2' {
		at.direction = inResponse
	}
	if current.name != "" && current.name == fetched.name {
		at.sharedPart = "response " + current.name
	}
	c.content(current.content, fetched.content, at)
	for _, name := range union(current.headers, fetched.headers) {
		schema, found := current.headers[name]
		published, stays := fetched.headers[name]
		header := at.within(" header " + name)
		header.direction = inHeader
		switch {
		case !found:
			c.add(at, difference{"header " + name, Additive, "header " + name + " added", "nothing to do until it is needed"})
		case !stays:
			at := at
			at.direction = inResponse // the clients read headers of every response
			c.add(at, difference{"header " + name, Breaking, "header " + name + " removed", "the clients still rely on it"})
		default:
			c.schemas(schema, published, header)
		}
	}
}
