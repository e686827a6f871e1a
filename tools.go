//go:build tools

// Package tools pins the generator behind the go:generate lines of gen/ in
// go.mod. The build tag keeps it out of every build.
package tools

import _ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
