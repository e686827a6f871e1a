package rest

import (
	"strings"
	"sync"
)

// templates contains one copy of each path template, so that a request with a known
// template does not allocate.
type templates struct {
	mu    sync.Mutex
	known map[string]string
}

// of replaces the ids in a path by "{id}", so that the number of different results is
// small. A segment is an id unless it consists of lower-case letters, underscores and
// hyphens, or is a version such as "v2".
func (t *templates) of(path string) string {
	var buffer [128]byte
	template := buffer[:0]
	for rest := path; ; {
		end := strings.IndexByte(rest, '/')
		segment := rest
		if end >= 0 {
			segment = rest[:end]
		}
		if isIDSegment(segment) {
			segment = "{id}"
		}
		template = append(template, segment...)
		if end < 0 {
			break
		}
		template, rest = append(template, '/'), rest[end+1:]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.known[string(template)]; ok {
		return known
	}
	if t.known == nil {
		t.known = make(map[string]string)
	}
	text := string(template)
	if len(t.known) < maxReported {
		t.known[text] = text
	}
	return text
}

func isIDSegment(segment string) bool {
	isVersion := len(segment) > 1 && segment[0] == 'v'
	isWord := len(segment) <= 24
	for i := range len(segment) {
		c := segment[i]
		isVersion = isVersion && (i == 0 || '0' <= c && c <= '9')
		isWord = isWord && ('a' <= c && c <= 'z' || c == '_' || c == '-')
	}
	return !isVersion && !isWord
}
