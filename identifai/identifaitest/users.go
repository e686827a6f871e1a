package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/fake"
	"github.com/usersync/usersync/internal/fields"
)

// createOrUpdateUser serves vendor page "Create or update user".
func (s *Server) createOrUpdateUser(f form) *fake.Response {
	user := s.readUser(f)
	var current *record
	if user.ID != nil && f.problems["id"] == "" {
		if current = s.users.Find(idKey(*user.ID)); current == nil {
			f.fail("id", invalid)
		}
	}
	if other := s.users.Find(emailKey(user.Email)); other != nil && other != current && (current == nil || current.User.Email != user.Email) {
		f.fail("email", "The :attribute has already been taken.")
	}
	switch {
	case len(f.problems) > 0:
		return s.rejected(f)
	case current == nil:
		return &fake.Response{Status: s.createdStatus, Body: s.data(toJSON(s.users.Add(user)))}
	}
	merged := current.User
	toStored.Copy(&user, &merged) // fields that the input omits keep their values
	s.users.Update(current, merged)
	return fake.OK(s.data(toJSON(current)))
}

// sendCreationEmail serves vendor page "Send creation email".
func (s *Server) sendCreationEmail(f form) *fake.Response {
	id := f.integer("id", "")
	if f.value("id") == "" {
		f.fail("id", required)
	}
	user := s.users.Find(idKey(id))
	switch {
	case len(f.problems) > 0:
		return s.rejected(f)
	case user == nil:
		return message(http.StatusNotFound, fmt.Sprintf(`No query results for model [App\Models\User] %d`, id))
	}
	s.mailed = append(s.mailed, id)
	return fake.OK(s.data(toJSON(user)))
}

// listPricings serves vendor page "Get pricings", whose response is not shown.
func (s *Server) listPricings(form) *fake.Response { return fake.OK(s.data(plans)) }

// getCredits serves vendor page "User credits", with the numbers of its example.
func (s *Server) getCredits(form) *fake.Response {
	return fake.OK(map[string]int{"available_credits": 159, "total_spent": 41})
}

// page is a page of Laravel's paginator. PerPage is returned as it was sent, as a string.
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
func (s *Server) listUsers(f form) *fake.Response {
	const atLeastOne = "The :attribute must be at least 1."
	number, size := f.integer("page", atLeastOne), f.integer("per_page", atLeastOne)
	if !slices.Contains([]string{"", "asc", "desc"}, f.value("direction")) {
		f.fail("direction", invalid)
	}
	if len(f.problems) > 0 {
		return s.rejected(f)
	}
	users := s.filterUsers(f)
	total := len(users)
	perPage := cmp.Or(int(min(size, 1<<30)), total, 1)
	p := page{
		CurrentPage: int(max(1, min(number, 1<<30))), Data: []*userJSON{}, LastPage: max(1, (total+perPage-1)/perPage),
		Path: s.URL + "/api/partner/users", PerPage: perPage, Total: total,
	}
	if sent := f.values.Get("per_page"); sent != "" {
		p.PerPage = sent
	}
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
	search, pricingID := strings.ToLower(f.value("search")), f.value("pricing_id")
	order, isDescending := f.value("order"), f.value("direction") == "desc"
	for _, r := range s.users.Records {
		inText := strings.Contains(strings.ToLower(r.User.Name), search) || strings.Contains(strings.ToLower(r.User.Email), search)
		if inText && (pricingID == "" || pricingID == strconv.FormatInt(r.User.PricingID, 10)) {
			users = append(users, r)
		}
	}
	slices.SortStableFunc(users, func(a, b *record) int {
		if isDescending {
			a, b = b, a
		}
		switch order {
		case "name":
			return strings.Compare(a.User.Name, b.User.Name)
		case "email":
			return strings.Compare(a.User.Email, b.User.Email)
		}
		return cmp.Compare(*a.User.ID, *b.User.ID)
	})
	return users
}

// userJSON is a user in a response. Fields that the fake does not store are null, as in the
// vendor's examples.
type userJSON struct {
	ID              int64     `json:"id"`
	Name            string    `json:"name"`
	Email           string    `json:"email"`
	EmailVerifiedAt string    `json:"email_verified_at"`
	Address         *string   `json:"address"`
	Zip             *string   `json:"zip"`
	City            *string   `json:"city"`
	Country         *string   `json:"country"`
	Phone           *string   `json:"phone"`
	Contact         *string   `json:"contact"`
	VAT             *string   `json:"vat"`
	CreatedAt       string    `json:"created_at"`
	UpdatedAt       string    `json:"updated_at"`
	Balance         *float64  `json:"balance"`
	Heuristic       string    `json:"heuristic"`
	Readonly        *bool     `json:"readonly"`
	Pricing         *plan     `json:"pricing"`
	Partner         *userJSON `json:"partner"`
}

type plan struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	SKU  string `json:"sku"`
}

var (
	toResponse = fields.NewMapping[User, userJSON]()
	// plans are the listed pricing plans. Any other id above 0 is accepted too, so that a
	// service can use its own ids.
	plans = []plan{{1, "Basic", "basic"}, {2, "Pro", "pro"}, {3, "Enterprise", "enterprise"}}
)

// toJSON returns a user as the vendor does. The partner is the key's own user, which is not
// in the list.
func toJSON(r *record) *userJSON {
	const timestamp, partnerID = "2006-01-02T15:04:05.000000Z", 1 << 40
	created, id := r.Created.UTC().Format(timestamp), r.User.PricingID
	pricing := plan{id, fmt.Sprintf("Plan %d", id), fmt.Sprintf("plan-%d", id)}
	if i := slices.IndexFunc(plans, func(p plan) bool { return p.ID == id }); i >= 0 {
		pricing = plans[i]
	}
	user := &userJSON{
		EmailVerifiedAt: created, CreatedAt: created, UpdatedAt: r.Updated.UTC().Format(timestamp), Pricing: &pricing,
		Partner: &userJSON{
			ID: partnerID, Name: "Partner", Email: "partner@example.com", Heuristic: "Average",
			EmailVerifiedAt: created, CreatedAt: created, UpdatedAt: created,
		},
	}
	toResponse.Copy(&r.User, user)
	return user
}

// data puts a response into data, as in the vendor's examples.
func (s *Server) data(body any) any {
	if s.unwrapped {
		return body
	}
	return map[string]any{"data": body}
}
