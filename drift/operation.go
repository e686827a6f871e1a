package main

import (
	"maps"
	"mime"
	"slices"
	"strings"
)

// operation is what a client can see of an operation. References to anything
// but schemas are resolved, and values that stand for a default are filled in.
type operation struct {
	endpoint   endpoint
	id         string
	source     string // x-source
	deprecated bool
	tags       []string
	servers    []server
	serversAt  string // "path" or "operation" if it has servers of its own
	security   []alternative
	ownSecure  bool // security is its own, not the document's
	parameters map[string]parameter
	body       *body
	responses  map[string]response
	callbacks  []string
}

type parameter struct {
	name, in   string
	shared     string // component or path that it is defined in
	required   bool
	deprecated bool
	style      string // style, explode and allowReserved
	schema     any
	unsent     bool // no wrapper sends it (x-unsent)
}

type body struct {
	required bool
	content  map[string]media
}

type media struct {
	schema   any
	examples []any
	encoding map[string]any
}

type response struct {
	name    string         // component, "" if it is inline
	headers map[string]any // lower-case names, schemas
	content map[string]media
}

func (s *spec) operation(e endpoint, value map[string]any) *operation {
	item := mapping(mapping(s.root["paths"])[e.path])
	o := &operation{
		endpoint: e, id: text(value["operationId"]), source: text(value["x-source"]), deprecated: value["deprecated"] == true,
		servers: s.servers, parameters: make(map[string]parameter), responses: make(map[string]response),
		callbacks: keys(mapping(value["callbacks"])),
	}
	for _, tag := range list(value["tags"]) {
		o.tags = append(o.tags, text(tag))
	}
	slices.Sort(o.tags)
	switch {
	case len(list(value["servers"])) > 0:
		o.servers, o.serversAt = serversOf(value["servers"]), "operation"
	case len(list(item["servers"])) > 0:
		o.servers, o.serversAt = serversOf(item["servers"]), "path"
	}
	requirements, own := value["security"]
	o.ownSecure = own && requirements != nil
	if !o.ownSecure {
		requirements = s.security
	}
	o.security = alternatives(requirements)
	for _, shared := range list(item["parameters"]) {
		o.addParameter(s.resolved(shared), "path "+e.path)
	}
	for _, specific := range list(value["parameters"]) {
		name := text(mapping(specific)["$ref"])
		o.addParameter(s.resolved(specific), strings.Replace(name, "#/components/parameters/", "component ", 1))
	}
	if requestBody := s.resolved(value["requestBody"]); len(requestBody) > 0 {
		o.body = &body{required: requestBody["required"] == true, content: s.content(requestBody["content"])}
	}
	for status, value := range mapping(value["responses"]) {
		if !strings.HasPrefix(status, "x-") {
			o.responses[strings.ToUpper(status)] = s.response(value)
		}
	}
	return o
}

// Header parameters that OpenAPI ignores.
var ignoredHeaders = []string{"accept", "content-type", "authorization"}

func (o *operation) addParameter(value map[string]any, shared string) {
	p := parameter{
		name: text(value["name"]), in: text(value["in"]), required: value["required"] == true, deprecated: value["deprecated"] == true,
		schema: value["schema"], shared: shared, unsent: value["x-unsent"] == true,
	}
	for mediaType, content := range mapping(value["content"]) {
		p.schema, p.style = mapping(content)["schema"], mediaType
	}
	key := p.in + " " + p.name
	switch p.in {
	case "header":
		if slices.Contains(ignoredHeaders, strings.ToLower(p.name)) {
			return
		}
		key = p.in + " " + strings.ToLower(p.name)
	case "path":
		index := slices.Index(pathParameter.FindAllString(o.endpoint.path, -1), "{"+p.name+"}")
		key = "path " + string(rune('0'+index+1))
		p.required = true
	}
	if p.style == "" {
		p.style = styleOf(value, p.in)
	}
	o.parameters[key] = p
}

// styleOf is how a parameter is serialised, with the defaults filled in.
func styleOf(value map[string]any, in string) string {
	style := text(value["style"])
	if style == "" {
		style = map[string]string{"query": "form", "cookie": "form"}[in]
	}
	if style == "" {
		style = "simple"
	}
	explode, set := value["explode"].(bool)
	if !set {
		explode = style == "form"
	}
	if explode {
		style += ", explode"
	}
	if value["allowReserved"] == true {
		style += ", allowReserved"
	}
	return style
}

// content returns the media by type, in lower case and without parameters.
func (s *spec) content(value any) map[string]media {
	content := make(map[string]media)
	for name, value := range mapping(value) {
		object := s.resolved(value)
		m := media{schema: object["schema"], encoding: mapping(object["encoding"])}
		if example, found := object["example"]; found {
			m.examples = append(m.examples, example)
		}
		for _, key := range keys(mapping(object["examples"])) {
			if example, found := s.resolved(mapping(object["examples"])[key])["value"]; found {
				m.examples = append(m.examples, example)
			}
		}
		mediaType, _, err := mime.ParseMediaType(name)
		if err != nil {
			mediaType = strings.ToLower(strings.TrimSpace(name))
		}
		content[mediaType] = m
	}
	return content
}

func (s *spec) response(value any) response {
	object := s.resolved(value)
	name, _ := strings.CutPrefix(text(mapping(value)["$ref"]), "#/components/responses/")
	r := response{name: name, headers: make(map[string]any), content: s.content(object["content"])}
	for name, header := range mapping(object["headers"]) {
		if !strings.EqualFold(name, "content-type") {
			r.headers[strings.ToLower(name)] = s.resolved(header)["schema"]
		}
	}
	return r
}

// mediaFor returns the media of a type, or that of a range such as */*.
func mediaFor(content map[string]media, mediaType string) (media, bool) {
	kind, _, _ := strings.Cut(mediaType, "/")
	for _, candidate := range []string{mediaType, kind + "/*", "*/*"} {
		if m, found := content[candidate]; found {
			return m, true
		}
	}
	return media{}, false
}

// responseFor returns the response to a status: its own, that of its range such
// as 2XX, or the default.
func (o *operation) responseFor(status string) (response, bool) {
	for _, candidate := range []string{status, status[:1] + "XX", "DEFAULT"} {
		if r, found := o.responses[candidate]; found {
			return r, true
		}
	}
	return response{}, false
}

func sortedEndpoints[V any](m map[endpoint]V) []endpoint {
	return slices.SortedFunc(maps.Keys(m), func(a, b endpoint) int { return strings.Compare(a.String(), b.String()) })
}
