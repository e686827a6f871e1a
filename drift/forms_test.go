package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rewriteSchemas replaces every schema of a document, the innermost first.
func rewriteSchemas(document object, rewrite func(schema object) any) {
	var visit func(value any, kind string) any
	visit = func(value any, kind string) any {
		switch value := value.(type) {
		case []any:
			for i := range value {
				value[i] = visit(value[i], kind)
			}
		case object:
			for key, inner := range value {
				switch below := kindBelow(key, kind); {
				case !namesOf(kind) && (isProse(key) || literals[key]):
				case kind == "components":
					value[key] = visit(inner, map[bool]string{true: "names", false: "named"}[key == "schemas"])
				case key == "components" && kind == "":
					value[key] = visit(inner, "components")
				default:
					value[key] = visit(inner, below)
				}
			}
			if kind == "schema" {
				return rewrite(value)
			}
		}
		return value
	}
	visit(document, "")
}

func namesOf(kind string) bool { return kind == "names" || kind == "named" || kind == "components" }

// equivalentForms rewrite a document without a change of its meaning.
var equivalentForms = map[string]func(document object){
	"allOf around every schema": func(document object) {
		rewriteSchemas(document, func(schema object) any { return object{"allOf": []any{schema}} })
	},
	"allOf and a description around every reference": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			if schema["$ref"] == nil {
				return schema
			}
			return object{"description": "x", "allOf": []any{schema}}
		})
	},
	"null as a type": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			if name, ok := schema["type"].(string); ok && schema["nullable"] == true {
				schema["type"] = []any{name, "null"}
				delete(schema, "nullable")
			}
			return schema
		})
	},
	"null as an alternative": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			if schema["nullable"] != true || schema["type"] == nil && schema["allOf"] == nil {
				return schema
			}
			rest := maps.Clone(schema)
			delete(rest, "nullable")
			return object{"oneOf": []any{object{"type": "null"}, rest}}
		})
	},
	"every object in two parts": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			properties, ok := schema["properties"].(object)
			if !ok || len(properties) < 2 {
				return schema
			}
			rest := maps.Clone(properties)
			first := keys(rest)[0]
			delete(rest, first)
			schema["properties"] = rest
			return object{"allOf": []any{schema, object{"type": "object", "properties": object{first: properties[first]}}}}
		})
	},
	"every reference inlined": func(document object) {
		for range 4 { // the documents have no deeper references, except circular ones
			schemas := cloned(document["components"].(object)["schemas"]).(object)
			rewriteSchemas(document, func(schema object) any {
				name, found := strings.CutPrefix(text(schema["$ref"]), "#/components/schemas/")
				if !found || strings.Contains(canonical(schemas[name]), `"#/components/schemas/`+name+`"`) {
					return schema
				}
				return cloned(schemas[name])
			})
		}
	},
	"every success as a range": func(document object) {
		for _, item := range document["paths"].(object) {
			for _, operation := range item.(object) {
				responses := mapping(mapping(operation)["responses"])
				if success, found := responses["200"]; found && responses["201"] == nil {
					responses["2XX"] = success
					delete(responses, "200")
				}
			}
		}
	},
	"every plain type as an alternative": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			if schema["type"] != "string" {
				return schema
			}
			return object{"anyOf": []any{schema}}
		})
	},
	"every enum as constants": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			values, ok := schema["enum"].([]any)
			if !ok || len(values) < 2 {
				return schema
			}
			var constants []any
			for _, value := range slices.Backward(values) {
				constants = append(constants, object{"const": value})
			}
			rest := maps.Clone(schema)
			delete(rest, "enum")
			rest["oneOf"] = constants
			return rest
		})
	},
	"defaults written out": func(document object) {
		rewriteSchemas(document, func(schema object) any {
			if schema["$ref"] == nil {
				schema["deprecated"] = schema["deprecated"] == true
				schema["readOnly"], schema["writeOnly"], schema["uniqueItems"] = false, false, false
			}
			if schema["type"] == "string" && schema["minLength"] == nil {
				schema["minLength"] = 0.0
			}
			return schema
		})
	},
}

func cloned(value any) any {
	var copied any
	_ = json.Unmarshal([]byte(canonical(value)), &copied)
	return copied
}

func TestEquivalentForms(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		for name, rewrite := range equivalentForms {
			t.Run(provider+"/"+name, func(t *testing.T) {
				t.Parallel()
				document := specDocument(t, provider)
				before := canonical(document)
				rewrite(document)
				if canonical(document) == before {
					t.Skip("the spec has no such form")
				}
				code, report := drift(t, provider, "--from", write(t, t.TempDir(), "openapi.json", canonical(document)))
				assert.Equal(t, exitNoChange, code, "%+v", report)
			})
		}
	}
}

// TestEveryFieldOfARequest changes each field of each request body in several
// ways, in plain documents and in rewritten ones.
func TestEveryFieldOfARequest(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		edit func(properties object, name string)
		want string
	}{
		"removed":    {func(p object, name string) { delete(p, name) }, "breaking: field %s removed"},
		"deprecated": {func(p object, name string) { p[name] = object{"deprecated": true, "allOf": []any{p[name]}} }, "documentation: deprecated"},
		"other type": {func(p object, name string) {
			other := object{"type": "object"}
			for _, key := range []string{"nullable", "deprecated"} {
				if value, found := p[name].(object)[key]; found {
					other[key] = value
				}
			}
			p[name] = other
		}, "breaking: type changed"},
	}
	fields := 0
	for _, provider := range providers {
		current, err := readSpec("../specs", provider)
		require.NoError(t, err)
		for _, e := range sortedEndpoints(current.operations) {
			body := current.operations[e].body
			if body == nil {
				continue
			}
			for mediaType, m := range body.content {
				properties := current.schema(m.schema).properties
				for _, field := range keys(properties) {
					fields++
					kind := keys(kinds)[fields%len(kinds)] // one way for each field is enough
					document := specDocument(t, provider)
					media := document["paths"].(object)[e.path].(object)[strings.ToLower(e.method)].(object)["requestBody"].(object)["content"].(object)[mediaType].(object)
					inline := cloned(flatSchema(current, m.schema)).(object)
					kinds[kind].edit(inline["properties"].(object), field)
					media["schema"] = inline

					fetched, err := loadDocument("openapi.json", []byte(canonical(document)))
					require.NoError(t, err)
					changes := compare(current, vendorSpec{spec: fetched, complete: true}).changes()

					name := fmt.Sprintf("%s %s %s %s", provider, e, field, kind)
					if assert.Len(t, changes, 1, name) {
						want := kinds[kind].want
						if strings.Contains(want, "%s") {
							want = fmt.Sprintf(want, field)
						}
						assert.Contains(t, string(changes[0].Group)+": "+changes[0].What, want, name)
						assert.Equal(t, []string{e.String()}, changes[0].Operations, name)
					}
				}
			}
		}
	}
	assert.Greater(t, fields, 60)
}

// flatSchema is a schema without references at its top.
func flatSchema(s *spec, schema any) any {
	fields := s.resolved(schema)
	if parts := list(fields["allOf"]); len(parts) == 1 && fields["properties"] == nil {
		return flatSchema(s, parts[0])
	}
	return fields
}
