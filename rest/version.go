package rest

import (
	"cmp"
	"runtime/debug"
	"strings"
	"sync"
)

const module = "github.com/usersync/usersync"

var version = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	return versionIn(info)
})

// Version returns the version of this module from the build information of the
// program, for example "0.1.0", or "devel" if it was built from a checkout. It is
// part of the User-Agent.
func Version() string { return version() }

func versionIn(info *debug.BuildInfo) string {
	if info == nil {
		return "devel"
	}
	version := ""
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Replace == nil {
			version = m.Version
		}
	}
	return cmp.Or(strings.Trim(strings.TrimPrefix(version, "v"), "()"), "devel")
}
