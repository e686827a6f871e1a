// Package identifai is the client generated from identifAI's OpenAPI document.
// Services import github.com/usersync/usersync/identifai instead: this package
// carries no promise of compatibility.
package identifai

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config codegen.yaml ../../specs/identifai.yaml
