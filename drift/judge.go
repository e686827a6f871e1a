package main

import (
	"fmt"
	"strings"

	"github.com/oasdiff/oasdiff/diff"
)

// leaf is a single difference: a value that changed, or a part that came or
// went, by the keyword it belongs to.
type leaf struct {
	kind, action string
	value        any
	from, to     any
}

func (l leaf) name() string {
	switch value := l.value.(type) {
	case string:
		return value
	case diff.SecurityAlternative:
		return "alternative " + strings.Join(keys(value.Schemes), " and ")
	case diff.Subschema:
		return "alternative " + value.String()
	case nil:
		return ""
	}
	return fmt.Sprint(l.value)
}

// judge tells what a difference means for our code. What it does not know is
// breaking: somebody has to look.
func judge(l leaf, at spot) (group Group, what, consequence string) {
	switch l.kind {
	case "operation":
		return judgeOperation(l)
	case "properties":
		return judgeProperty(l, at)
	case "required":
		return judgeRequired(l, at)
	case "enum":
		return judgeEnum(l, at)
	case "type", "nullable":
		return judgeType(l, at)
	case "parameters":
		return judgeParameter(l, at)
	case "requestBody":
		if l.action == "added" && !at.mandatory(l.kind, "") {
			return Additive, changed(l), "the operation takes a body now; give the wrapper a way to send one"
		}
		return Breaking, changed(l), "the wrapper sends the operation as it was; change the document and regenerate"
	case "responses":
		return judgeStatus(l)
	case "content", "headers":
		if l.action == "added" {
			return Additive, changed(l), "nothing to do until it is wanted"
		}
		return Breaking, changed(l), "the clients still count on it"
	case "min", "minLength", "minItems", "minProps", "max", "maxLength", "maxItems", "maxProps",
		"exclusiveMin", "exclusiveMax", "pattern", "multipleOf", "uniqueItems", "minContains", "maxContains":
		return judgeLimit(l, at)
	case "default":
		if at.request {
			return Breaking, changed(l), "what is not sent means something else from now on"
		}
		return Documentation, changed(l), "none: the clients set no defaults"
	case "operationID":
		return Documentation, changed(l), "none on the wire; generated methods are named by it, mend the overlay or the wrapper"
	case "securityRequirements", "security", "securitySchemes":
		return judgeSecurity(l)
	case "servers":
		if l.action == "added" {
			return Additive, changed(l), "none; a base URL of the wrapper may be added"
		}
		return Breaking, changed(l), "the wrapper's base URL may be gone"
	case "additionalPropertiesAllowed", "additionalProperties":
		if at.request && (l.to == false || l.action == "schemaAdded") {
			return Breaking, changed(l), "fields beyond the known ones are refused"
		}
		return Additive, changed(l), "regenerate; unknown fields are ignored as before"
	case "oneOf", "anyOf":
		if l.action == "added" && !at.answer {
			return Additive, l.kind + " " + l.name() + " added", "one more form is accepted"
		}
	case "openAPI", "jsonSchemaDialect", "$schema", "$comment", "$id", "$anchor", "XML", "externalDocs", "links",
		"version", "license", "contact", "termsOfService", "name", "url", "email", "identifier", "info", "deprecated":
		if !strings.HasPrefix(at.where, "security scheme") && !strings.HasPrefix(at.where, "parameter") || l.kind == "deprecated" {
			return Documentation, changed(l), documentation(l)
		}
	case "tags", "title", "summary":
		return Documentation, changed(l), documentation(l)
	case "webhooks", "callbacks":
		if l.action == "added" {
			return Additive, changed(l), "none: the clients receive nothing"
		}
		return Documentation, changed(l), "none: the clients receive nothing"
	}
	return Breaking, changed(l), "the generated types or requests change with it: regenerate and look"
}

// words for what oasdiff calls otherwise.
var words = map[string]string{
	"deleted": "removed", "schemaAdded": "added", "schemaDeleted": "removed", "listAdded": "list added", "listDeleted": "list removed",
	"securityRequirements": "security", "securitySchemes": "scheme", "servers": "server", "requestBody": "body", "operationID": "operationId",
	"headers": "header",
}

// changed is a difference in words.
func changed(l leaf) string {
	kind := l.kind
	if word, ok := words[kind]; ok {
		kind = word
	}
	if l.action == "changed" {
		return fmt.Sprintf("%s changed from %s to %s", kind, short(l.from), short(l.to))
	}
	action := l.action
	if word, ok := words[action]; ok {
		action = word
	}
	return strings.Join(strings.Fields(kind+" "+l.name()+" "+action), " ")
}

func documentation(l leaf) string {
	if l.kind == "deprecated" {
		return "works as before; plan to do without it, and mark it in Go by regenerating"
	}
	return "none"
}

func judgeOperation(l leaf) (Group, string, string) {
	if l.action == "added" {
		return Additive, "new operation", "in no client yet: add it to the document, regenerate, and give it a method or a reason"
	}
	return Breaking, "operation removed", "the wrapper's method that calls it will be refused"
}

func judgeProperty(l leaf, at spot) (Group, string, string) {
	name := l.name()
	switch {
	case l.action == "added" && at.request:
		return Additive, "field " + name + " added", "it cannot be set yet: add it to the document, regenerate, and give the wrapper's input a field"
	case l.action == "added":
		return Additive, "field " + name + " added", "it is dropped when an answer is read until it is added to the document and regenerated"
	case at.request:
		return Breaking, "field " + name + " removed", "the wrapper still sends it, where it is refused or ignored"
	}
	return Breaking, "field " + name + " removed", "it stays empty in every answer"
}

func judgeRequired(l leaf, at spot) (Group, string, string) {
	name := l.name()
	if l.action == "changed" { // of a body or a parameter
		if l.to == true {
			return Breaking, "became required", "calls that leave it out are refused: check for it before sending"
		}
		return Additive, "became optional", "regenerate; callers may leave it out"
	}
	switch added := l.action == "added"; {
	case added && at.request:
		return Breaking, name + " became required", "requests without it are refused: the wrapper must ask for it"
	case added:
		return Additive, name + " is always there", "regenerate; the field loses its pointer in Go"
	case at.request:
		return Additive, name + " became optional", "regenerate; the wrapper need not ask for it"
	}
	return Breaking, name + " may be missing", "an answer without it is refused or read as zero: make it optional and regenerate"
}

func judgeEnum(l leaf, at spot) (Group, string, string) {
	switch l.action {
	case "added":
		return Additive, "value " + short(l.value) + " added", "it has no constant yet; as text it passes through answers already, the checks of requests refuse it"
	case "deleted":
		return Breaking, "value " + short(l.value) + " removed", "requests that use it are refused, and its constant goes when regenerated"
	case "enumAdded":
		return Breaking, "only listed values are allowed now", "other values are refused, and the type gets constants when regenerated"
	}
	return Breaking, "values are no longer listed", "the constants go when regenerated"
}

func judgeType(l leaf, at spot) (Group, string, string) {
	null := l.kind == "nullable" || l.value == "null"
	if !null {
		return Breaking, changed(l), "a value of another type does not decode, or is refused: regenerate and mend the wrapper"
	}
	may := l.action == "added" || l.to == true
	switch {
	case may && at.request:
		return Additive, "may be null", "regenerate; null can be sent where it means something"
	case may:
		return Breaking, "may be null", "null reads as the zero value, as if it were one: make it nullable and regenerate"
	case at.request:
		return Breaking, "must not be null", "a null that is sent is refused"
	}
	return Additive, "is never null", "regenerate; the field may lose its pointer"
}

func judgeParameter(l leaf, at spot) (Group, string, string) {
	switch name := l.name(); {
	case l.action == "added" && at.mandatory(l.kind, name):
		return Breaking, "required parameter " + name + " added", "calls without it are refused: the wrapper must send it"
	case l.action == "added":
		return Additive, "parameter " + name + " added", "it cannot be sent yet: add it to the document and regenerate"
	default:
		return Breaking, "parameter " + name + " removed", "it has no effect any more, or is refused"
	}
}

func judgeStatus(l leaf) (Group, string, string) {
	status := l.name()
	success := strings.HasPrefix(status, "2")
	switch {
	case l.action == "added" && success:
		return Additive, "status " + status + " added", "the wrappers read any 2xx; regenerate for those who use API()"
	case l.action == "added":
		return Additive, "status " + status + " added", "an error as any other status of its class; regenerate for its body"
	case success:
		return Breaking, "status " + status + " removed", "what a success looks like is described elsewhere or not at all"
	}
	return Documentation, "status " + status + " removed", "none: a refusal is known by its status, documented or not"
}

func judgeSecurity(l leaf) (Group, string, string) {
	if l.kind == "securitySchemes" && l.action == "added" {
		return Additive, "scheme " + l.name() + " added", "none until an operation asks for it"
	}
	return Breaking, changed(l), "the key may travel in the wrong place: compare with the headers of rest"
}
