// Package partoo is the client generated from Partoo's OpenAPI document.
// Services import github.com/usersync/usersync/partoo instead: this package
// carries no promise of compatibility.
package partoo

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config codegen.yaml ../../specs/partoo.yaml
