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
// Store the id of the result: identifAI identifies users by id only. The vendor documents
// no way for a partner to delete a user.
//
// Every failed call returns a *rest.Error; package rest describes the retries. Requests
// are queued to stay within the vendor's [Quotas], so a call may take minutes; its
// context limits that. For many users, [Client.Bulk] skips those that already match.
//
// Comments name the vendor page of each fact, or mark it as inference. Package
// identifaitest provides a fake identifAI for tests.
package identifai
