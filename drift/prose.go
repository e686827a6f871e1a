package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// proseLimits is what a page of prose does not show.
const proseLimits = "prose: only fields in the table of attributes have types; limits, allowed values, statuses, error bodies and other operations are not compared"

// compareProse compares a page without OpenAPI with the operation it describes.
func compareProse(report *Report, source, page string, current *spec, config proseConfig) {
	if !slices.Contains(report.Notes, proseLimits) {
		report.note(proseLimits)
	}
	p := proseComparison{report: report, source: source, article: readArticle(page, config.title), current: current, config: config}
	for _, o := range current.operations {
		if o.id == config.operation && o.body != nil {
			p.operation = o
		}
	}
	if p.operation == nil {
		report.addProblem(fmt.Errorf("specs: x-provenance.prose.operation: no operation %s with a request body", config.operation))
		return
	}
	changes, problems := len(report.Changes), len(report.Problems)
	p.compare()
	if len(report.Changes) == changes && len(report.Problems) == problems {
		p.compareText()
	}
}

type proseComparison struct {
	report    *Report
	source    string
	article   article
	current   *spec
	operation *operation
	config    proseConfig
}

func (p *proseComparison) add(group Group, place, what, impact string) {
	name := p.operation.endpoint.String()
	change := Change{Group: group, Place: strings.TrimSuffix(name+", "+place, ", "), Operations: []string{name}, What: what, Impact: impact}
	if slices.Contains(p.report.Sources, p.source) && strings.Contains(p.source, "://") {
		change.Source = p.source
	}
	known := func(c Change) bool {
		return c.Place == change.Place && c.What == change.What && c.Source == change.Source
	}
	if !slices.ContainsFunc(p.report.Changes, known) {
		p.report.Changes = append(p.report.Changes, change)
	}
}

func (p *proseComparison) addDifference(place string, d difference) {
	p.add(d.group, place, d.what, d.impact)
}

func (p *proseComparison) problem(text string) {
	p.report.addProblem(fmt.Errorf("%s: %s", p.source, text))
}

// version is the version that the page should request, "" for none.
func (p *proseComparison) version() string {
	if slices.Contains(p.config.version2, p.source) {
		return "2"
	}
	return ""
}

func (p *proseComparison) requestSchema() *schema {
	name := p.config.schema
	if p.version() == "2" {
		name = p.config.version2Schema
	}
	return p.current.schema(map[string]any{"$ref": "#/components/schemas/" + name})
}

func (p *proseComparison) compare() {
	curl, hasCurl := findCurl(p.article.lines)
	heading, hasHeading := p.article.endpoint()
	if !hasCurl && !hasHeading {
		p.problem("no request: want a curl example, or a method and a path")
	}
	if hasHeading {
		p.compareEndpoint(heading)
	}
	if hasCurl {
		p.compareCurl(curl)
	} else {
		p.report.note(p.source + ": no curl example: host, headers and encoding were not compared")
	}
	p.compareAttributes()
	for _, line := range p.article.deprecations() {
		p.add(Documentation, "text", "deprecation notice: "+shortened(line), "works as before; plan to do without it")
	}
	if example := p.article.responseExample(); example == nil {
		p.problem("no example of a response")
	} else {
		p.compareExample(example)
	}
}

func shortened(text string) string {
	const most = 120
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func (p *proseComparison) compareEndpoint(found endpoint) {
	if path, ok := p.pathOfURL(found.path); ok {
		found.path = path
	}
	if found.shape() != p.operation.endpoint.shape() {
		p.add(Breaking, "", "is now "+found.String(), "requests go to a URL that the vendor no longer documents: update the spec and regenerate")
	}
}

var placeholder = regexp.MustCompile(`<[^<>]*>|\{\{?[^{}]*\}?\}|\[[^\[\]]*\]|\$\{?[A-Za-z_]+\}?`)

// pathOfURL returns the path below the base URL, if raw is a URL of one of the
// spec's servers.
func (p *proseComparison) pathOfURL(raw string) (string, bool) {
	text := placeholder.ReplaceAllString(raw, "x")
	for _, s := range p.operation.servers {
		base := s.example()
		for length := len(text); length > 0; length = strings.LastIndex(text[:length], "/") {
			prefix := canonicalURL(text[:length])
			if s.matches(server{url: prefix}) || prefix == base {
				path, _, _ := strings.Cut(text[length:], "?")
				return path, true
			}
		}
	}
	return "", false
}

func (p *proseComparison) compareCurl(curl curlRequest) {
	path, known := p.pathOfURL(curl.url)
	if !known {
		u, err := url.Parse(placeholder.ReplaceAllString(curl.url, "x"))
		if err != nil || u.Host == "" {
			p.problem("invalid URL in the curl example: " + shortened(curl.url))
			return
		}
		p.add(Breaking, "curl example", "server changed from "+serverTexts(p.operation.servers)+" to "+curl.url, "the wrapper sends requests to another server or version")
		path = p.operation.endpoint.path
	}
	p.compareEndpoint(endpoint{curl.method, path})
	p.compareHeaders(curl)
	p.compareBody(curl)
}

var acceptVersion = regexp.MustCompile(`(?i)version\s*=\s*"?([\w.]+)`)

var keyHeader = regexp.MustCompile(`(?i)auth|key|token`)

func (p *proseComparison) compareHeaders(curl curlRequest) {
	scheme, _, _ := strings.Cut(curl.header.Get("Authorization"), " ")
	other := slices.IndexFunc(keys(curl.header), func(name string) bool { return keyHeader.MatchString(name) && name != "Authorization" })
	switch {
	case scheme == "" && other >= 0:
		p.add(Breaking, "curl example", "authorization scheme changed from Authorization: "+p.config.authorization+" to the header "+keys(curl.header)[other], impactSecurity)
	case scheme == "":
		p.add(Breaking, "curl example", "authorization scheme: no Authorization header, want "+p.config.authorization, impactSecurity)
	case scheme != p.config.authorization:
		p.add(Breaking, "curl example", "authorization scheme changed from "+p.config.authorization+" to "+scheme, impactSecurity)
	}
	version := ""
	if match := acceptVersion.FindStringSubmatch(curl.header.Get("Accept")); match != nil {
		version = match[1]
	}
	if want := p.version(); version != want {
		p.add(Breaking, "curl example", fmt.Sprintf("the header Accept requests version %s, want %s", valueText(orNil(version)), valueText(orNil(want))),
			"the wrapper requests another version: check whether it still works")
	}
	for _, name := range keys(curl.header) {
		isKey := scheme == "" && keyHeader.MatchString(name)
		if !isKey && !slices.Contains([]string{"Authorization", "Content-Type", "Accept", "User-Agent", "Cache-Control"}, name) {
			p.add(Breaking, "curl example", "header "+name+" added", "requests without it may be rejected: the wrapper must send it")
		}
	}
}

var jsonKey = regexp.MustCompile(`"(\w+)"\s*:`)

var formData = regexp.MustCompile(`^[\w.\[\]]+=`)

func (p *proseComparison) compareBody(curl curlRequest) {
	if len(curl.data) == 0 {
		p.add(CheckByHand, "curl example", "no body", "the example sends no data: check how the fields are sent")
		return
	}
	contentType, _, _ := strings.Cut(strings.ToLower(curl.header.Get("Content-Type")), ";")
	var fields map[string]any
	data := strings.TrimSpace(strings.Join(curl.data, ""))
	isJSON := json.Unmarshal([]byte(data), &fields) == nil
	if !isJSON && strings.HasPrefix(data, "{") { // placeholders in place of values
		isJSON, fields = true, make(map[string]any)
		for _, match := range jsonKey.FindAllStringSubmatch(data, -1) {
			fields[match[1]] = nil
		}
	}
	switch {
	case curl.form:
		contentType = "multipart/form-data"
	case contentType == "" && isJSON:
		contentType = "application/json"
	case contentType == "", !isJSON && formData.MatchString(curl.data[0]):
		contentType = "application/x-www-form-urlencoded"
	}
	if _, found := p.operation.body.content[contentType]; !found {
		p.add(Breaking, "curl example", "encoding of the body changed from "+strings.Join(keys(p.operation.body.content), ", ")+" to "+contentType, impactRequest)
		return
	}
	if !isJSON {
		p.problem("the body of the curl example is not a JSON object")
		return
	}
	known := p.requestSchema().properties
	var unknown []string
	for _, name := range keys(fields) {
		if known[name] == nil {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == len(fields) && len(unknown) > 0 {
		p.add(Breaking, "curl example", "body keys are now "+strings.Join(unknown, ", "), impactRequest)
		return
	}
	for _, name := range unknown {
		p.addDifference("request", classifyAddedProperty(name, false, inRequest))
	}
}

func (p *proseComparison) compareAttributes() {
	schema := p.requestSchema()
	allowed := p.article.allowedAttributes()
	table, err := p.article.attributeTable()
	if err != nil && allowed == nil {
		p.problem("neither a list of allowed attributes nor a table of attributes")
		return
	}
	if err != nil {
		p.problem(err.Error())
	}
	if allowed == nil {
		p.report.note(p.source + ": no list of allowed attributes: removed fields cannot be seen")
	}
	listed := make(map[string]bool)
	for _, name := range allowed {
		listed[name] = true
		if schema.properties[name] == nil {
			p.addDifference("request", classifyAddedProperty(name, false, inRequest))
		}
	}
	for _, row := range table {
		property, found := schema.properties[row.name]
		if !found {
			p.addDifference("request", classifyAddedProperty(row.name, row.required, inRequest))
			continue
		}
		listed[row.name] = true
		types := p.current.schema(property).types
		if !slices.ContainsFunc(types, func(t string) bool {
			return slices.Contains(row.types, t) || t == "integer" && slices.Contains(row.types, "number")
		}) {
			d := classifyType(types, row.types, inRequest)
			p.add(Breaking, "request "+row.name, d.what, d.impact)
		}
		if row.required && !schema.required[row.name] && row.name != p.config.key {
			p.addDifference("request", classifyRequired(row.name, true, inRequest))
		}
	}
	for _, name := range keys(schema.properties) {
		if allowed != nil && !listed[name] {
			p.addDifference("request", classifyRemovedProperty(name, "", inRequest))
		}
	}
}

// compareExample compares the example of a response with the schema. An example
// is no promise, so that what does not fit is for a person to check.
func (p *proseComparison) compareExample(example any) {
	response, _ := p.operation.responseFor("200")
	schema := p.current.schema(response.content["application/json"].schema)
	fields, isObject := example.(map[string]any)
	if before, after := p.current.schemaEnvelope(response.content["application/json"].schema), envelope(example); before != after || !isObject {
		p.add(CheckByHand, "example of the response", "the example is now "+envelopeText(after)+", it was "+envelopeText(before), impactExample)
		return
	}
	for _, name := range keys(fields) {
		property, found := schema.properties[name]
		if !found {
			p.addDifference("example of the response", classifyAddedProperty(name, false, inResponse))
			continue
		}
		types := p.current.schema(property).types
		if kind := typeOf(fields[name]); fields[name] != nil && !slices.Contains(types, kind) {
			p.add(CheckByHand, "example of the response", name+" is not of type "+strings.Join(types, " or "), impactExample)
		}
	}
	for _, name := range keys(schema.required) {
		if _, found := fields[name]; !found {
			p.add(CheckByHand, "example of the response", "field "+name+" is missing", impactExample)
		}
	}
}

const textChanged = "the text changed"

// compareText reports a change of the text that nothing else explains.
func (p *proseComparison) compareText() {
	hash := p.article.hash()
	p.report.texts[p.source] = hash
	want, known := p.config.texts[p.source]
	if !known && strings.Contains(p.source, "://") {
		p.report.note(p.source + ": no hash of the text is stored: use --accept to store it")
		return
	}
	for _, stored := range p.config.texts { // a saved page may be any of them
		if stored == hash && !known {
			return
		}
	}
	if hash != want && len(p.config.texts) > 0 {
		p.add(CheckByHand, "text", textChanged+" ("+hash[:12]+")", "nothing else explains it: read the page, then use --accept")
	}
}
