package main

import "strings"

func judgeLimit(l leaf, at spot) (Group, string, string) {
	if at.request && tighter(l) {
		return Breaking, changed(l), "requests that passed are refused now: check before sending"
	}
	return Additive, changed(l), "regenerate; nothing that worked stops working"
}

// tighter reports whether a limit leaves out what it let in before.
func tighter(l leaf) bool {
	from, fromOK := number(l.from)
	to, toOK := number(l.to)
	switch {
	case l.kind == "pattern":
		return l.to != nil && l.to != ""
	case l.kind == "uniqueItems":
		return l.to == true
	case !toOK:
		return l.to != nil && l.to != false // a bound of another kind
	case strings.HasPrefix(l.kind, "min"):
		return !fromOK || to > from
	case strings.HasPrefix(l.kind, "max"):
		return !fromOK || to < from
	}
	return true
}

func number(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case *float64:
		if value != nil {
			return *value, true
		}
	case uint64:
		return float64(value), true
	case *uint64:
		if value != nil {
			return float64(*value), true
		}
	case int:
		return float64(value), true
	}
	return 0, false
}
