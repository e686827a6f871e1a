package partootest

import (
	"net/url"
	"strconv"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
	"github.com/usersync/usersync/partoo"
)

// query reads the parameters of a request. The errors for invalid ones are inference.
type query struct {
	values   url.Values
	problems fieldErrors
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
			q.problems.add("per_page", "Must be 1 to 100")
		}
	}
	if f.status != "" && !gen.UserStatus(f.status).Valid() {
		q.problems.add("status", "Not a valid choice")
	}
	if list := q.values.Get("role"); list != "" {
		f.roles = strings.Split(list, ",")
	}
	for _, role := range f.roles {
		if !gen.Role(role).Valid() && gen.Role(role) != partoo.RoleProvider {
			q.problems.add("role", "Not a valid choice")
		}
	}
	f.order, f.descending = strings.CutPrefix(q.values.Get("order_by"), "-")
	if f.order != "" && !gen.UserOrder(f.order).Valid() {
		q.problems.add("order_by", "Not a valid choice")
	}
	return f
}

func (q query) number(name string) *int { return parse(q, name, strconv.Atoi) }

func (q query) boolean(name string) *bool { return parse(q, name, strconv.ParseBool) }

func parse[T any](q query, name string, read func(string) (T, error)) *T {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	value, err := read(text)
	if err != nil {
		q.problems.add(name, "Not a valid value")
	}
	return &value
}
