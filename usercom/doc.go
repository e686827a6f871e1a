// Package usercom keeps the users of a user.com application up to date.
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
// [Client.UpsertUser] creates the user with that UserID, or updates it. The id
// in its result is user.com's own, an integer; every other method takes that
// one.
//
// Every call that fails returns a *rest.Error. 429 answers are waited out, lost and 502 to
// 504 answers are repeated where that is safe, as package rest says.
//
// The vendor publishes no OpenAPI document; the client is generated from one
// written after its prose pages. What is not on those pages but inferred is
// marked as inference here. Package usercomtest serves a fake user.com for
// tests.
package usercom
