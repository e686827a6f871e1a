// Package identifai keeps the users of a partner at identifAI up to date.
//
//	client, err := identifai.New(os.Getenv("IDENTIFAI_API_KEY"))
//	if err != nil {
//		return err
//	}
//	result, err := client.UpsertUser(ctx, identifai.UserInput{
//		ID:        known, // nil creates, an id updates
//		Name:      "Ada Lovelace",
//		Email:     "ada@example.com",
//		Heuristic: "Average",
//		PricingID: 2,
//	})
//
// Store the id in the result: identifAI recognises a user by that alone.
//
// For many users, [Client.Bulk] lists those that exist once, and leaves alone who
// looks as asked: a nightly run in which little changes takes minutes, not hours.
//
// Every call that fails returns a *rest.Error. 429 answers are waited out, lost and 502 to
// 504 answers are repeated where that is safe, as package rest says. Requests
// wait for their turn under the vendor's quotas, see [New]: a call may take
// minutes when many are made, and its context limits that. The vendor documents
// no way for a partner to delete a user.
//
// Facts name the vendor page they come from; what stands on none is marked as
// inference. Package identifaitest serves a fake identifAI for tests.
package identifai
