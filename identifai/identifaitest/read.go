package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/fake"
)

// page is a page of Laravel's paginator. PerPage is returned as it was sent: as a
// string.
type page struct {
	CurrentPage int         `json:"current_page"`
	Data        []*userJSON `json:"data"`
	From        *int        `json:"from"`
	LastPage    int         `json:"last_page"`
	NextPageURL *string     `json:"next_page_url"`
	Path        string      `json:"path"`
	PerPage     any         `json:"per_page"`
	To          *int        `json:"to"`
	Total       int         `json:"total"`
}

// listUsers serves vendor page "Retrieve users". The parameter names search and
// page are inference. Without per_page it returns all users.
func (s *Server) listUsers(r *http.Request) *fake.Response {
	f := newForm(r.URL.Query())
	number, size := f.integer("page", atLeastOne), f.integer("per_page", atLeastOne)
	if !slices.Contains([]string{"", "asc", "desc"}, f.value("direction")) {
		f.fail("direction", isInvalid)
	}
	if len(f.errors) > 0 {
		return s.invalid(f)
	}
	users := s.filterUsers(f)
	total := len(users)
	p := page{CurrentPage: int(max(1, min(number, 1<<30))), Data: []*userJSON{}, Path: s.URL + "/api/partner/users", Total: total}
	perPage := int(min(size, 1<<30))
	if perPage == 0 {
		perPage = max(1, total)
	}
	p.PerPage = perPage
	if sent := f.values.Get("per_page"); sent != "" {
		p.PerPage = sent
	}
	p.LastPage = max(1, (total+perPage-1)/perPage)
	from, to := (p.CurrentPage-1)*perPage, min(p.CurrentPage*perPage, total)
	if from >= total {
		return fake.OK(p)
	}
	for _, user := range users[from:to] {
		p.Data = append(p.Data, toJSON(user))
	}
	p.From, p.To = new(from+1), new(to)
	if p.CurrentPage < p.LastPage {
		p.NextPageURL = new(fmt.Sprintf("%s?page=%d", p.Path, p.CurrentPage+1))
	}
	return fake.OK(p)
}

// filterUsers returns the users that pass the filters, sorted.
func (s *Server) filterUsers(f form) (users []*record) {
	search, plan := strings.ToLower(f.value("search")), f.value("pricing_id")
	for _, r := range s.users.Records {
		u := r.User
		inText := strings.Contains(strings.ToLower(u.Name), search) || strings.Contains(strings.ToLower(u.Email), search)
		if inText && (plan == "" || plan == strconv.FormatInt(u.PricingID, 10)) {
			users = append(users, r)
		}
	}
	slices.SortStableFunc(users, func(a, b *record) int {
		if f.value("direction") == "desc" {
			a, b = b, a
		}
		switch f.value("order") {
		case "name":
			return strings.Compare(a.User.Name, b.User.Name)
		case "email":
			return strings.Compare(a.User.Email, b.User.Email)
		}
		return cmp.Compare(*a.User.ID, *b.User.ID)
	})
	return users
}

// listPricings serves vendor page "Get pricings", whose response is not shown.
func (s *Server) listPricings(*http.Request) *fake.Response { return fake.OK(s.data(pricingPlans())) }

// getCredits serves vendor page "User credits", with the numbers of its example.
func getCredits(*http.Request) *fake.Response {
	return fake.OK(map[string]int{"available_credits": 159, "total_spent": 41})
}
