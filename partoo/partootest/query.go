package partootest

import (
	"net/url"
	"strconv"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
)

// query reads parameters. How a bad one is refused is inference.
type query struct {
	values     url.Values
	complaints fieldErrors
}

func (q query) filter() filter {
	f := filter{
		email:       q.values.Get("email"),
		text:        q.values.Get("query"),
		orgID:       q.number("org_id"),
		status:      q.values.Get("status"),
		disabled:    q.boolean("disabled"),
		businessIDs: q.boolean("display_business_ids"),
		page:        1,
		perPage:     30,
	}
	if n := q.number("page"); n != nil {
		f.page = max(1, *n)
	}
	if n := q.number("per_page"); n != nil {
		if f.perPage = *n; *n < 1 || *n > 100 {
			q.complaints.add("per_page", "Must be 1 to 100")
		}
	}
	if f.status != "" && !gen.UserStatus(f.status).Valid() {
		q.complaints.add("status", "Not a valid choice")
	}
	if list := q.values.Get("role"); list != "" {
		f.roles = strings.Split(list, ",")
	}
	for _, role := range f.roles {
		if !gen.Role(role).Valid() && gen.Role(role) != roleProvider {
			q.complaints.add("role", "Not a valid choice")
		}
	}
	f.order, f.descending = strings.CutPrefix(q.values.Get("order_by"), "-")
	if f.order != "" && !gen.UserOrder(f.order).Valid() {
		q.complaints.add("order_by", "Not a valid choice")
	}
	return f
}

func (q query) number(name string) *int {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		q.complaints.add(name, "Not a valid integer")
	}
	return &n
}

func (q query) boolean(name string) *bool {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		q.complaints.add(name, "Not a valid boolean")
	}
	return &b
}
