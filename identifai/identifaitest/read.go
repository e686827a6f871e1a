package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// page is a page of Laravel's paginator.
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
func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	f := &form{values: query, errors: make(map[string][]string)}
	number, size := f.positiveInt("page"), f.positiveInt("per_page")
	if direction, _ := f.value("direction"); direction != "" && direction != "asc" && direction != "desc" {
		f.addError("direction", "The selected direction is invalid.")
	}
	if s.writeValidationErrors(w, f) {
		return
	}
	users := s.filterUsers(f)
	if size == 0 {
		size = max(1, len(users))
	}
	writeJSON(w, http.StatusOK, s.paginate(users, max(1, number), size, query))
}

// positiveInt reads a number of at least 1; 0 means that it is absent.
func (f *form) positiveInt(field string) int {
	value, _ := f.value(field)
	if value == "" {
		return 0
	}
	n := f.integer(field, value)
	if n < 1 && len(f.errors[field]) == 0 {
		f.addError(field, "The "+fieldLabel(field)+" must be at least 1.")
	}
	return int(min(n, 1<<30))
}

// filterUsers returns the users that pass the filters, sorted.
func (s *Server) filterUsers(f *form) []*userJSON {
	search, _ := f.value("search")
	search = strings.ToLower(search)
	plan, _ := f.value("pricing_id")
	field, _ := f.value("order")
	direction, _ := f.value("direction")
	s.mu.Lock()
	defer s.mu.Unlock()
	var users []*userJSON
	for _, r := range s.users {
		inText := strings.Contains(strings.ToLower(r.Name), search) || strings.Contains(strings.ToLower(r.Email), search)
		if inText && (plan == "" || plan == strconv.FormatInt(r.PricingID, 10)) {
			users = append(users, toJSON(r))
		}
	}
	slices.SortStableFunc(users, func(a, b *userJSON) int {
		order := compare(field, a, b)
		if direction == "desc" {
			return -order
		}
		return order
	})
	return users
}

func compare(field string, a, b *userJSON) int {
	switch field {
	case "name":
		return strings.Compare(a.Name, b.Name)
	case "email":
		return strings.Compare(a.Email, b.Email)
	}
	return cmp.Compare(a.ID, b.ID)
}

// paginate returns one page of users. per_page is returned as it was sent: as a
// string.
func (s *Server) paginate(users []*userJSON, number, size int, query url.Values) page {
	p := page{
		CurrentPage: number,
		Data:        []*userJSON{},
		LastPage:    max(1, (len(users)+size-1)/size),
		Path:        s.URL + "/api/partner/users",
		PerPage:     size,
		Total:       len(users),
	}
	if perPage := query.Get("per_page"); perPage != "" {
		p.PerPage = perPage
	}
	if number > p.LastPage || len(users) == 0 {
		return p
	}
	from, to := (number-1)*size, min(number*size, len(users))
	p.Data, p.From, p.To = users[from:to], new(from+1), new(to)
	if number < p.LastPage {
		p.NextPageURL = new(fmt.Sprintf("%s?page=%d", p.Path, number+1))
	}
	return p
}

// listPricings serves vendor page "Get pricings", whose response is not shown.
func (s *Server) listPricings(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.wrapData(pricingPlans()))
}

// getCredits serves vendor page "User credits", with the numbers of its example.
func (s *Server) getCredits(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]int{"available_credits": 159, "total_spent": 41})
}
