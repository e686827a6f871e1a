package main

import "slices"

// findMoved pairs operations of usersync's spec that the vendor no longer has
// with new ones of the vendor's: by operation id, by the path, or by what is
// sent and received. The vendor's endpoint is the value.
func findMoved(current, fetched *spec, missing, added []endpoint) map[endpoint]endpoint {
	moved := make(map[endpoint]endpoint)
	taken := make(map[endpoint]bool)
	match := func(same func(from, to *operation) bool) {
		for _, from := range missing {
			if _, done := moved[from]; done {
				continue
			}
			candidates := slices.DeleteFunc(slices.Clone(added), func(to endpoint) bool {
				return taken[to] || fetched.operations[to] == nil || !same(current.operations[from], fetched.operations[to])
			})
			if len(candidates) == 1 {
				moved[from], taken[candidates[0]] = candidates[0], true
			}
		}
	}
	match(func(from, to *operation) bool { return from.id != "" && from.id == to.id })
	bothHaveIDs := func(from, to *operation) bool { return from.id != "" && to.id != "" && from.source == "published" }
	match(func(from, to *operation) bool {
		return !bothHaveIDs(from, to) && samePath(from, to)
	})
	match(func(from, to *operation) bool {
		return !bothHaveIDs(from, to) && from.endpoint.method == to.endpoint.method && isEqual(current, fetched, from, to)
	})
	match(func(from, to *operation) bool {
		return !bothHaveIDs(from, to) && similarity(current, fetched, from, to) >= 0.6
	})
	return moved
}

func samePath(from, to *operation) bool {
	return endpoint{"", from.endpoint.path}.shape() == endpoint{"", to.endpoint.path}.shape()
}

func isEqual(current, fetched *spec, from, to *operation) bool {
	probe := newComparison(current, fetched)
	probe.operation(from, to)
	return !slices.ContainsFunc(probe.found, func(o occurrence) bool { return o.key != "operationId" && o.key != "tags" })
}

// similarity is the share of the fields of requests and responses that two
// operations have in common.
func similarity(current, fetched *spec, from, to *operation) float64 {
	a, b := fieldsOf(current, from), fieldsOf(fetched, to)
	all := union(a, b)
	common := 0
	for _, name := range all {
		if a[name] && b[name] {
			common++
		}
	}
	if len(all) < 2 {
		return 0
	}
	return float64(common) / float64(len(all))
}

func fieldsOf(s *spec, o *operation) map[string]bool {
	fields := make(map[string]bool)
	add := func(part string, content map[string]media) {
		for _, m := range content {
			for name := range s.schema(m.schema).properties {
				fields[part+name] = true
			}
		}
	}
	if o.body != nil {
		add("request ", o.body.content)
	}
	for status, r := range o.responses {
		if status[0] == '2' {
			add("response ", r.content)
		}
	}
	for key := range o.parameters {
		fields["parameter "+key] = true
	}
	return fields
}
