package gen_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// openPlaces are the types and fields that may contain any value, with the reason.
var openPlaces = map[string]string{
	"usercom.SetAttributeRequest.Value":    "a custom attribute may be of any type",
	"usercom.SetMultipleAttributesRequest": "custom attributes may be of any type",

	"usercom.UpdateOrCreateUserV2Request.AdditionalProperties": "custom attributes may be of any type",
}

func TestOnlyListedFieldsAreOpen(t *testing.T) {
	t.Parallel()
	found := make(map[string]string)
	for _, provider := range spectest.Providers(t) {
		for _, place := range placesOfAny(parse(t, provider)) {
			place = provider + "." + place
			found[place] = openPlaces[place]
		}
	}
	assert.Equal(t, openPlaces, found)
}

func TestOpenPlacesAreDetected(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "", `package p
		type A = interface{}
		type B map[string]any
		type C struct { D *[]interface{}; E string; F struct { G any } }
		type H interface { I(any) }`, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"A", "B", "C.D", "C.F"}, placesOfAny(file))
}

// placesOfAny returns the types and fields that contain an interface{}.
func placesOfAny(file *ast.File) []string {
	var places []string
	for _, spec := range typeSpecs(file) {
		switch body := spec.Type.(type) {
		case *ast.InterfaceType:
			if len(body.Methods.List) == 0 {
				places = append(places, spec.Name.Name)
			}
		case *ast.StructType:
			for _, field := range body.Fields.List {
				for _, name := range field.Names {
					if containsAny(field.Type) {
						places = append(places, spec.Name.Name+"."+name.Name)
					}
				}
			}
		default:
			if containsAny(body) {
				places = append(places, spec.Name.Name)
			}
		}
	}
	return places
}

func containsAny(expr ast.Expr) bool {
	found := false
	ast.Inspect(expr, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncType:
			return false
		case *ast.InterfaceType:
			found = found || len(node.Methods.List) == 0
		case *ast.Ident:
			found = found || node.Name == "any"
		}
		return true
	})
	return found
}

func TestNamesAreIdiomatic(t *testing.T) {
	t.Parallel()
	unidiomatic := regexp.MustCompile(`(Id|Ids|Url|Api|Ip|Os|Json|Sso|Vat|Sku)([A-Z]|$)|^N\d`)
	for _, provider := range spectest.Providers(t) {
		for _, spec := range typeSpecs(parse(t, provider)) {
			assert.NotRegexp(t, unidiomatic, spec.Name.Name)
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, field := range structure.Fields.List {
				for _, name := range field.Names {
					assert.NotRegexp(t, unidiomatic, name.Name, "%s.%s", provider, spec.Name.Name)
				}
				_, anonymous := field.Type.(*ast.StructType)
				assert.False(t, anonymous, "%s.%s has a field of an anonymous struct", provider, spec.Name.Name)
			}
		}
	}
}

func TestConstantsStartWithTheirType(t *testing.T) {
	t.Parallel()
	count := 0
	for _, provider := range spectest.Providers(t) {
		for _, decl := range parse(t, provider).Decls {
			constants, ok := decl.(*ast.GenDecl)
			if !ok || constants.Tok != token.CONST {
				continue
			}
			for _, spec := range constants.Specs {
				value := spec.(*ast.ValueSpec)
				typeName := value.Type.(*ast.Ident).Name
				assert.True(t, strings.HasPrefix(value.Names[0].Name, typeName), "%s.%s", provider, value.Names[0].Name)
				count++
			}
		}
	}
	assert.Positive(t, count)
}

func parse(t *testing.T, provider string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(provider, "client.gen.go"), nil, 0)
	require.NoError(t, err)
	return file
}

func typeSpecs(file *ast.File) []*ast.TypeSpec {
	var specs []*ast.TypeSpec
	for _, decl := range file.Decls {
		if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE {
			for _, spec := range types.Specs {
				specs = append(specs, spec.(*ast.TypeSpec))
			}
		}
	}
	return specs
}
