package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// operation compares two operations, except for method and path.
func (c *comparison) operation(ours, theirs *operation) {
	at := location{operation: ours.endpoint.String()}
	if ours.deprecated != theirs.deprecated {
		c.add(at, classifyFacet("deprecated", nilIfFalse(ours.deprecated), nilIfFalse(theirs.deprecated), inRequest))
	}
	// An id that usersync gave is not the vendor's to change.
	if ours.id != theirs.id && (ours.source == "published" || ours.source == "" || theirs.id != "") && !(ours.id == "" && theirs.id == "") {
		c.add(at, difference{"operationId", Documentation, fmt.Sprintf("operationId changed from %s to %s", valueText(orNil(ours.id)), valueText(orNil(theirs.id))),
			"none on the wire; generated methods use it as name: adapt the overlay or the wrapper"})
	}
	if !slices.Equal(ours.tags, theirs.tags) {
		c.add(at, difference{"tags", Documentation, "tags changed", impactNone})
	}
	c.operationServers(ours, theirs)
	c.operationSecurity(ours, theirs, at)
	c.parameters(ours, theirs, at)
	c.requestBody(ours.body, theirs.body, at)
	c.responses(ours, theirs, at)
	for _, name := range theirs.callbacks {
		if !slices.Contains(ours.callbacks, name) {
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
func (c *comparison) operationServers(ours, theirs *operation) {
	if ours.serversAt == "" && theirs.serversAt == "" {
		return // compared once, for the document
	}
	at := location{operation: ours.endpoint.String(), part: "servers"}
	if theirs.serversAt == "path" {
		at = location{part: "path " + theirs.endpoint.path + ", servers"}
	}
	lost, added := serversWithout(ours.servers, theirs.servers), serversWithout(theirs.servers, ours.servers)
	switch {
	case len(lost) > 0:
		c.add(at, difference{"servers", Breaking, "server changed from " + serverTexts(ours.servers) + " to " + serverTexts(theirs.servers),
			"the wrapper sends the operation to another server"})
	case len(added) > 0:
		c.add(at, difference{"servers", Additive, "server " + serverTexts(added) + " added", "none; the wrapper may get a base URL"})
	}
}

func (c *comparison) parameters(ours, theirs *operation, at location) {
	for _, key := range union(ours.parameters, theirs.parameters) {
		p, found := ours.parameters[key]
		q, stays := theirs.parameters[key]
		if !found && movedFrom(ours, theirs, q) != nil || !stays && movedFrom(theirs, ours, p) != nil {
			if !stays {
				to := movedFrom(theirs, ours, p)
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
			c.notes = append(c.notes, fmt.Sprintf("%s: the sources do not contain the parameter %s, which no wrapper sends", ours.endpoint, p.name))
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
	plain := !slices.ContainsFunc(c.ours.schema(p.schema).types, func(t string) bool { return t == "array" || t == "object" })
	if p.style != q.style && !(plain && styleName(p.style) == styleName(q.style)) {
		c.add(at, difference{"style", Breaking, "style changed from " + p.style + " to " + q.style, impactRequest})
	}
	c.schemas(p.schema, q.schema, at)
}

func styleName(style string) string { return strings.Replace(style, ", explode", "", 1) }

func (c *comparison) requestBody(ours, theirs *body, at location) {
	at.part = "request"
	switch {
	case ours == nil && theirs == nil:
	case ours == nil && theirs.required:
		c.add(at, difference{"body", Breaking, "body added", impactRequest})
	case ours == nil:
		c.add(at, difference{"body", Additive, "body added", "the operation accepts a body: add it to the wrapper"})
	case theirs == nil:
		c.add(at, difference{"body", Breaking, "body removed", impactRequest})
	default:
		if ours.required != theirs.required {
			if theirs.required {
				c.add(at, difference{"required", Breaking, "became required", "calls without it are rejected: check for it before sending"})
			} else {
				c.add(at, difference{"required", Additive, "became optional", "regenerate; callers may omit it"})
			}
		}
		c.content(ours.content, theirs.content, at)
	}
}

// content compares what a body may contain, by media type.
func (c *comparison) content(ours, theirs map[string]media, at location) {
	var lost, added []string
	matched := make(map[string]bool)
	for _, name := range keys(ours) {
		published, found := mediaFor(theirs, name)
		if !found {
			lost = append(lost, name)
			continue
		}
		for _, theirName := range keys(theirs) {
			matched[theirName] = matched[theirName] || theirName == name || strings.HasSuffix(theirName, "/*")
		}
		c.media(ours[name], published, at.within(" "+name))
	}
	for _, name := range keys(theirs) {
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

func (c *comparison) media(ours, theirs media, at location) {
	c.examples(ours, theirs, at)
	if theirs.schema == nil && ours.schema != nil && len(mapping(ours.schema)) > 0 {
		c.add(at, difference{"schema", Breaking, "schema removed", impactSchema})
		return
	}
	c.schemas(ours.schema, theirs.schema, at)
	if at.direction == inRequest {
		for _, name := range union(ours.encoding, theirs.encoding) {
			a, b := encodingOf(ours.encoding[name]), encodingOf(theirs.encoding[name])
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

func (c *comparison) responses(ours, theirs *operation, at location) {
	lost := make(map[string]bool)
	for _, status := range keys(ours.responses) {
		published, found := theirs.responseFor(status)
		if !found && strings.HasSuffix(status, "XX") {
			published, found = theirs.inRange(status)
		}
		if !found {
			lost[status] = true
			continue
		}
		c.response(ours.responses[status], published, at, status)
	}
	for _, status := range keys(theirs.responses) {
		if _, known := ours.responses[status]; known {
			continue
		}
		if published, found := ours.coveringResponse(status); found {
			c.response(published, theirs.responses[status], at, status)
			continue
		}
		if strings.HasSuffix(status, "XX") && slices.ContainsFunc(keys(ours.responses), func(s string) bool { return s[0] == status[0] }) {
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

func (c *comparison) response(ours, theirs response, at location, status string) {
	at.part, at.direction = "response "+strings.Replace(status, "DEFAULT", "default", 1), inError
	if status[0] == '2' {
		at.direction = inResponse
	}
	if ours.name != "" && ours.name == theirs.name {
		at.sharedPart = "response " + ours.name
	}
	c.content(ours.content, theirs.content, at)
	for _, name := range union(ours.headers, theirs.headers) {
		schema, found := ours.headers[name]
		published, stays := theirs.headers[name]
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
