package rest

import (
	"cmp"
	"runtime/debug"
	"strings"
)

const module = "github.com/usersync/usersync"

// Version returns the version of this module from the build information of the
// program, for example "0.1.0", or "devel" if it was built from a checkout. It is
// part of the User-Agent.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return versionIn(info)
}

func versionIn(info *debug.BuildInfo) string {
	version := ""
	if info != nil {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Replace == nil {
				version = m.Version
			}
		}
	}
	return cmp.Or(strings.Trim(strings.TrimPrefix(version, "v"), "()"), "devel")
}
