package rest_test

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest"
)

func TestVersionComesFromBuildInformation(t *testing.T) {
	const path = "github.com/usersync/usersync"
	for want, info := range map[string]*debug.BuildInfo{
		"0.1.0":     {Main: debug.Module{Path: "example.com/service"}, Deps: []*debug.Module{{Path: "example.com/a", Version: "v9.0.0"}, {Path: path, Version: "v0.1.0"}}},
		"0.2.0-rc1": {Main: debug.Module{Path: path, Version: "v0.2.0-rc1"}},
		"devel":     {Main: debug.Module{Path: path, Version: "(devel)"}},
	} {
		assert.Equal(t, want, rest.VersionIn(info))
	}
	assert.Equal(t, "devel", rest.VersionIn(nil))
	replaced := &debug.BuildInfo{Deps: []*debug.Module{{Path: path, Version: "v0.1.0", Replace: &debug.Module{Path: "../usersync"}}}}
	assert.Equal(t, "devel", rest.VersionIn(replaced))
	assert.NotEmpty(t, rest.Version())
}
