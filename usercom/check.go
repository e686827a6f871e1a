package usercom

import "github.com/usersync/usersync/internal/check"

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
