package upsert_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/usersync/usersync/upsert"
)

type user struct{ Email string }

// upsertUser stands for a client's UpsertUser.
func upsertUser(_ context.Context, u user) (upsert.Result[int64], error) {
	if u.Email == "" {
		return upsert.Result[int64]{}, errors.New("email: is required")
	}
	return upsert.Result[int64]{ID: int64(len(u.Email)), Outcome: upsert.Created}, nil
}

func ExampleAll() {
	users := []user{{"ada@example.com"}, {""}, {"grace@example.com"}}
	for item := range upsert.All(context.Background(), slices.Values(users), upsertUser, upsert.WithWorkers(1)) {
		if item.Err != nil {
			fmt.Printf("user %d: %v\n", item.Index, item.Err)
			continue
		}
		fmt.Println(item.User.Email, item.Result.Outcome)
	}
	// Output:
	// ada@example.com created
	// user 1: email: is required
	// grace@example.com created
}

func ExampleJournal() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	users := []user{{"ada@example.com"}, {""}, {"grace@example.com"}}
	for range 2 { // the second time, as after a crash, nobody is left
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
		fmt.Printf("%d sent, on record: %+v\n", sent, journal.Counts())
		if err := journal.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 3 sent, on record: {Created:2 Updated:0 Unchanged:0 Done:0 Failed:1}
	// 0 sent, on record: {Created:2 Updated:0 Unchanged:0 Done:0 Failed:1}
}
