// Package identifai creates and updates the users of a partner at identifAI.
//
//	client, err := identifai.New(os.Getenv("IDENTIFAI_API_KEY"))
//	if err != nil {
//		return err
//	}
//	result, err := client.UpsertUser(ctx, identifai.UserInput{
//		ID:        savedID, // nil creates a user, an id updates that user
//		Name:      "Ada Lovelace",
//		Email:     "ada@example.com",
//		Heuristic: "Average",
//		PricingID: 2,
//	})
//
// Store the id of the result: identifAI identifies users by id only.
//
// For many users, [Client.Bulk] lists the existing users once and skips those that
// already match the input. A nightly run with few changes then takes minutes, not
// hours.
//
// Every failed call returns a *rest.Error. Retries are described in package rest:
// a call waits after a 429, and is retried after a lost response or a 502 to 504
// where that is safe. Requests are queued to stay within the vendor's quotas, see
// [New]. With many requests a call may take minutes; its context limits that. The
// vendor documents no way for a partner to delete a user.
//
// Comments name the vendor page of each fact. Facts without a page are marked as
// inference. Package identifaitest provides a fake identifAI for tests.
package identifai
