// Package usercom creates and updates the users of a user.com application.
//
//	client, err := usercom.New("app", os.Getenv("USERCOM_API_KEY")) // https://app.user.com
//	if err != nil {
//		return err
//	}
//	result, err := client.UpsertUser(ctx, usercom.UserInput{
//		UserID: "4711",
//		Email:  "ada@example.com",
//	})
//
// [Client.UpsertUser] creates the user with that UserID, or updates it. The id of the
// result is user.com's own integer id, which every other method takes.
//
// Every failed call returns a *rest.Error; package rest describes the retries.
//
// The vendor publishes no OpenAPI document; the spec is written from its pages. Comments
// name the page of each fact, or mark it as inference. Package usercomtest provides a
// fake user.com for tests.
package usercom
