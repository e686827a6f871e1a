package usercom

import (
	gen "github.com/usersync/usersync/gen/usercom"
	"github.com/usersync/usersync/internal/check"
	"github.com/usersync/usersync/internal/fields"
)

// Derived from the tags of UserInput; see package fields.
var (
	inputChecker  = fields.NewChecker[UserInput, UserInput]()
	updateChecker = fields.NewChecker[UserInput, UpdateUserRequest]()
	toVersion1    = fields.NewMapping[UserInput, gen.UpdateOrCreateUserRequest]()
	toVersion2    = fields.NewMappingBy[UserInput, gen.UpdateOrCreateUserV2Request]("v2")

	inputChecker2  = fields.NewChecker[version2Limits, UserInput]()
	updateChecker2 = fields.NewChecker[version2Limits, UpdateUserRequest]()
)

// version2Limits declares limits that only vendor page "Update or create user",
// version 2, contains.
type version2Limits struct {
	FirstName string `json:"first_name" check:"max=40"`
	LastName  string `json:"last_name" check:"max=40"`
}

func checkID(operation string, id int64) error {
	var p check.Problems
	p.Positive("id", id)
	return p.Err(provider, operation)
}

func (c *Client) checkUpdate(operation string, id int64, request UpdateUserRequest) error {
	const notDocumented = "cannot be changed with version 2 of the API: this is not documented"
	var p check.Problems
	p.Positive("id", id)
	updateChecker.Check(&p, &request)
	if c.version == 2 {
		updateChecker2.Check(&p, &request)
		if request.UserID != nil {
			p.Add("user_id", notDocumented)
		}
		if request.CompanyID != nil {
			p.Add("company_id", notDocumented)
		}
	}
	return p.Err(provider, operation)
}
