package main

import "strconv"

// idText is an id as text, empty when there is none.
func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
