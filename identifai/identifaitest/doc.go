// Package identifaitest serves a fake identifAI for the tests of services, in the
// manner of net/http/httptest:
//
//	func TestSignUp(t *testing.T) {
//		server := identifaitest.NewServer()
//		client, err := identifai.New(identifaitest.Key, server.Options()...)
//		if err != nil {
//			t.Fatal(err)
//		}
//		signUp(client, "ada@example.com")
//		if users := server.Users(); len(users) != 1 {
//			t.Errorf("want one user, got %v", users)
//		}
//	}
//
// It works in memory, also under testing/synctest, or over loopback after Start,
// and fails on demand (package resttest). It keeps the users of one partner and
// behaves as the vendor's pages say. Where they say nothing it does what the
// Laravel framework does, on which identifAI seems to run (inference): error
// bodies, trimming, booleans, paging, throttling.
package identifaitest
