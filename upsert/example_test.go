package upsert_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/usersync/usersync/upsert"
)

type user struct{ Email, Name string }

// upsertUser has the signature of a client's UpsertUser.
func upsertUser(_ context.Context, u user) (upsert.Result[int64], error) {
	if u.Email == "" {
		return upsert.Result[int64]{}, errors.New("email: is required")
	}
	return upsert.Result[int64]{ID: int64(len(u.Email)), Outcome: upsert.Created}, nil
}

func ExampleAll() {
	sync := func(ctx context.Context, users []user) error {
		for item := range upsert.All(ctx, slices.Values(users), upsertUser, upsert.WithWorkers(1)) {
			switch {
			case errors.Is(item.Err, upsert.ErrIncomplete):
				return item.Err // the last item: why and how many users were not sent
			case item.Err != nil:
				fmt.Printf("user %d: %v\n", item.Index, item.Err)
			default:
				fmt.Println(item.User.Email, item.Result.Outcome)
			}
		}
		return nil
	}
	users := []user{{"ada@example.com", "Ada"}, {"", "Bea"}, {"grace@example.com", "Grace"}}
	fmt.Println(sync(context.Background(), users))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(sync(ctx, users))
	// Output:
	// ada@example.com created
	// user 1: email: is required
	// grace@example.com created
	// <nil>
	// upsert: run incomplete: at least 3 users not sent: context canceled
}

func ExampleJournal() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	users := []user{{"ada@example.com", "Ada"}, {"", "Bea"}, {"grace@example.com", "Grace"}}
	for range 2 { // the second run finds all users recorded
		journal, err := upsert.OpenJournal(filepath.Join(dir, "users.journal"), upsert.JournalHeader{
			Provider: "usercom",
			Input:    "export of 2026-03-01",
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		sent := 0
		for range upsert.All(context.Background(), slices.Values(users), upsertUser,
			upsert.WithKey(func(u user) string { return u.Email }), upsert.WithJournal(journal)) {
			sent++
		}
		fmt.Printf("%d sent, %d recorded\n", sent, journal.Len())
		if err := journal.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 3 sent, 3 recorded
	// 0 sent, 3 recorded
}

// A run is resumed with a corrected input: only the corrected user is sent.
func ExampleWithContent() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	mac := func(u user) string { // of all fields that are sent; the key is secret
		h := hmac.New(sha256.New, []byte("key"))
		fmt.Fprintf(h, "%q %q", u.Email, u.Name)
		return hex.EncodeToString(h.Sum(nil))
	}
	users := []user{{"ada@example.com", "Ada"}, {"grace@example.com", "Gracce"}}
	for range 2 {
		journal, err := upsert.OpenJournal(filepath.Join(dir, "users.journal"), upsert.JournalHeader{Provider: "usercom"})
		if err != nil {
			fmt.Println(err)
			return
		}
		for item := range upsert.All(context.Background(), slices.Values(users), upsertUser, upsert.WithWorkers(1),
			upsert.WithKey(func(u user) string { return u.Email }), upsert.WithContent(mac), upsert.WithJournal(journal)) {
			fmt.Println(item.User.Name, item.Result.Outcome, item.Err)
		}
		if err := journal.Close(); err != nil {
			fmt.Println(err)
		}
		users[1].Name = "Grace"
	}
	// Output:
	// Ada created <nil>
	// Gracce created <nil>
	// Grace created <nil>
}
