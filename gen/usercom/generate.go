// Package usercom is the client generated from our OpenAPI document of user.com.
// Services import github.com/usersync/usersync/usercom instead: this package
// carries no promise of compatibility.
package usercom

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config codegen.yaml ../../specs/usercom.yaml
