package main

import (
	"fmt"
	"slices"
	"strings"
)

// difference is one difference and its effect on the clients. key identifies
// what differs, so that the same difference can be found in another comparison.
type difference struct {
	key    string
	group  Group
	what   string
	impact string
}

const (
	impactRequest  = "the wrapper still sends the old request: update the spec and regenerate"
	impactNone     = "none"
	impactSchema   = "the generated types or requests change: regenerate and check the wrapper"
	impactErrors   = "errors are read leniently: check that messages, fields and conflicts are still recognised"
	impactSecurity = "requests may carry the API key in the wrong place: compare with the headers that rest sends"
)

func (d direction) isResponse() bool { return d == inResponse || d == inError || d == inHeader }

// byDirection grades a breaking difference: error bodies and headers are read
// leniently, so it does not break a client.
func byDirection(d direction, difference difference) difference {
	switch {
	case difference.group != Breaking:
	case d == inError:
		difference.group, difference.impact = CheckByHand, impactErrors
	case d == inHeader:
		difference.group, difference.impact = Documentation, "none: the clients read headers as text"
	}
	return difference
}

func classifyAddedProperty(name string, required bool, d direction) difference {
	result := difference{"property " + name, Additive, "field " + name + " added", "dropped when a response is read: add it to the spec and regenerate"}
	if d == inRequest {
		result.impact = "cannot be set yet: add it to the spec, regenerate, and add a field to the wrapper's input"
		if required {
			result.group, result.what = Breaking, "required field "+name+" added"
			result.impact = "requests without it are rejected: the wrapper must require it"
		}
	}
	return result
}

func classifyRemovedProperty(name, hidden string, d direction) difference {
	result := difference{"property " + name, Breaking, "field " + name + " removed", "it stays empty in every response"}
	if d == inRequest {
		result.impact = "the wrapper still sends it; it is rejected or ignored"
	}
	if hidden != "" { // the schema is there, but not for this direction
		result.what = "field " + name + " became " + hidden
	}
	return result
}

func classifyRequired(name string, added bool, d direction) difference {
	key := "required " + name
	switch {
	case added && d == inRequest:
		return difference{key, Breaking, name + " became required", "requests without it are rejected: the wrapper must require it"}
	case added:
		return difference{key, Additive, name + " is always present", "regenerate; the field loses its pointer in Go"}
	case d == inRequest:
		return difference{key, Additive, name + " became optional", "regenerate; the wrapper need not require it"}
	}
	return difference{key, Breaking, name + " may be missing", "a response without it is an error or decodes as zero: make it optional and regenerate"}
}

func classifyNull(allowed bool, d direction) difference {
	switch {
	case allowed && d == inRequest:
		return difference{"null", Additive, "may be null", "regenerate; null can be sent if it has a meaning"}
	case allowed:
		return difference{"null", Breaking, "may be null", "null decodes as the zero value: make it nullable and regenerate"}
	case d == inRequest:
		return difference{"null", Breaking, "must not be null", "a null in a request is rejected"}
	}
	return difference{"null", Additive, "is never null", "regenerate; the field may lose its pointer"}
}

func classifyType(from, to []string, d direction) difference {
	result := difference{"type", Breaking, "type " + changedText(strings.Join(from, " or "), strings.Join(to, " or ")),
		"a value of another type is rejected or does not decode: regenerate and adapt the wrapper"}
	wide, narrow := to, from // what a request may still send, a response may still contain
	if d.isResponse() {
		wide, narrow = from, to
	}
	if len(from) > 0 && len(to) > 0 && !slices.ContainsFunc(narrow, func(t string) bool {
		return !slices.Contains(wide, t) && !(t == "integer" && slices.Contains(wide, "number"))
	}) {
		result.group, result.impact = Additive, "regenerate; values of the old type are still valid"
	}
	return result
}

func changedText(from, to string) string {
	if from == "" {
		from = "any"
	}
	if to == "" {
		to = "any"
	}
	return "changed from " + from + " to " + to
}

// classifyEnum reports all values of an enum at once. nil lists allow anything.
func classifyEnum(from, to []any, d direction) difference {
	removed, added := valuesWithout(from, to), valuesWithout(to, from)
	switch {
	case from == nil && d == inRequest:
		return difference{"enum", Breaking, "only listed values are allowed: " + valuesText(to), "other values are rejected; the type gets constants when regenerated"}
	case from == nil:
		return difference{"enum", Additive, "values are listed: " + valuesText(to), "regenerate; the type gets constants"}
	case to == nil:
		return difference{"enum", Breaking, "values are no longer listed", "the constants disappear when regenerated"}
	case len(removed) == 0:
		return difference{"enum", Additive, valuesText(added) + " added", "no constant yet: responses pass it through as text, the check of requests rejects it"}
	}
	what := valuesText(removed) + " removed"
	if len(added) > 0 {
		what += ", " + valuesText(added) + " added"
	}
	if d == inRequest {
		return difference{"enum", Breaking, what, "requests with it are rejected; its constant disappears when regenerated"}
	}
	return difference{"enum", Documentation, what, "no response contains it any more; its constant disappears when regenerated"}
}

func valuesText(values []any) string {
	var texts []string
	for _, value := range values {
		texts = append(texts, valueText(value))
	}
	if len(texts) == 1 {
		return "value " + texts[0]
	}
	return "values " + strings.Join(texts, ", ")
}

func valuesWithout(values, without []any) []any {
	return slices.DeleteFunc(slices.Clone(values), func(v any) bool { return containsValue(without, v) })
}

// classifyFacet grades a keyword with a plain value. nil means absent.
func classifyFacet(key string, from, to any, d direction) difference {
	what := fmt.Sprintf("%s changed from %s to %s", key, valueText(from), valueText(to))
	result := difference{key, Breaking, what, impactSchema}
	switch key {
	case "deprecated":
		result.group, result.impact = Documentation, "works as before; plan to do without it, and regenerate to mark it in Go"
		result.what = "deprecated"
		if to == nil {
			result.what, result.impact = "no longer deprecated", "regenerate to remove the mark in Go"
		}
	case "default":
		if d == inRequest {
			result.impact = "omitted fields have a different default"
		} else {
			result.group, result.impact = Documentation, "none: the clients set no defaults"
		}
	case "minimum", "minLength", "minItems", "minProperties", "maximum", "maxLength", "maxItems", "maxProperties",
		"exclusiveMinimum", "exclusiveMaximum", "pattern", "multipleOf", "uniqueItems", "minContains", "maxContains":
		if d == inRequest && isTighter(key, from, to) {
			result.impact = "requests that were valid are rejected: check before sending"
		} else {
			result.group, result.impact = Additive, "regenerate; nothing that worked stops working"
		}
	case "readOnly", "writeOnly":
		result.group, result.impact = Documentation, impactNone
	}
	return result
}

// isTighter reports whether a limit rejects what was valid before.
func isTighter(key string, from, to any) bool {
	before, hadLimit := from.(float64)
	after, hasLimit := to.(float64)
	bound := strings.TrimPrefix(strings.ToLower(key), "exclusive")
	switch {
	case to == nil:
		return false
	case !hasLimit:
		return true // a pattern, or uniqueItems
	case strings.HasPrefix(bound, "min"):
		return !hadLimit || after > before
	case strings.HasPrefix(bound, "max"):
		return !hadLimit || after < before
	}
	return true
}

func classifyAdditional(from, to any, d direction) (difference, bool) {
	result := difference{"additionalProperties", Additive, "", "regenerate; unknown fields are ignored as before"}
	switch {
	case from == nil && to == nil, from == nil && d.isResponse() && to == false:
		return result, false
	case to == false:
		result.what = "additionalProperties are not allowed"
	case to == nil:
		result.what = "additionalProperties of any kind are allowed"
	default:
		result.what = "additionalProperties are restricted"
	}
	if d == inRequest && to != nil {
		result.group, result.impact = Breaking, "fields beyond the known ones are rejected"
	}
	return result, true
}

// classifyVariants grades alternatives of a oneOf or anyOf. had states whether
// usersync's spec has any.
func classifyVariants(had bool, removed, added []string, d direction) difference {
	var parts []string
	if len(added) > 0 {
		parts = append(parts, "alternative "+strings.Join(added, ", ")+" added")
	}
	if len(removed) > 0 {
		parts = append(parts, "alternative "+strings.Join(removed, ", ")+" removed")
	}
	result := difference{"variants", Breaking, strings.Join(parts, ", "), impactSchema}
	switch {
	case d == inRequest && had && len(removed) == 0:
		result.group, result.impact = Additive, "one more alternative is accepted"
	case d == inRequest && !had:
		result.impact = "requests must match one of the alternatives: check what the wrapper sends"
	case d.isResponse() && len(added) == 0:
		result.group, result.impact = Additive, "responses have fewer alternatives: regenerate"
	}
	return result
}

func classifyStatus(status string, added bool) difference {
	success := strings.HasPrefix(status, "2")
	key := "status " + status
	switch {
	case added && success:
		return difference{key, Additive, key + " added", "the wrappers accept any 2xx; regenerate for users of API()"}
	case added:
		return difference{key, Additive, key + " added", "handled like any status of its class; regenerate for its body"}
	case success:
		return difference{key, Breaking, key + " removed", "the response to a success is described elsewhere or not at all"}
	}
	return difference{key, Documentation, key + " removed", "none: an error is recognised by its status, documented or not"}
}
