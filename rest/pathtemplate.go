package rest

import "strings"

// pathTemplate replaces the ids in a path by "{id}", so that the number of different
// results is small. A segment is an id unless it consists of lower-case letters,
// underscores and hyphens, or is a version such as "v2".
func pathTemplate(path string) string {
	var b strings.Builder
	b.Grow(len(path))
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		if isIDSegment(segment) {
			segment = "{id}"
		}
		b.WriteString(segment)
	}
	return b.String()
}

func isIDSegment(segment string) bool {
	if version := strings.TrimPrefix(segment, "v"); version != segment && strings.Trim(version, "0123456789") == "" {
		return false
	}
	return strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz_-") != "" || len(segment) > 24
}
