// Package identifaitest provides a fake identifAI server for the tests of services,
// used like net/http/httptest:
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
// and fails on demand (package resttest). It stores the users of one partner and
// behaves as the vendor's pages describe. Where they are silent, it behaves like
// the framework Laravel, which identifAI seems to use (inference): error bodies,
// trimming, booleans, paging, throttling.
package identifaitest
