package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed schema.sql
var schema string

// User is a row of the service.
type User struct {
	ID        int64
	Email     string
	FirstName string
	LastName  string
	Version   int64
}

// migrate creates the tables of the service and of River.
func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, schema); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("create the tables of River: %w", err)
	}
	return nil
}

// SaveUser writes a user and one job per provider in one transaction: either both
// exist or none. A user with ID 0 is new.
func SaveUser(ctx context.Context, pool *pgxpool.Pool, jobs *river.Client[pgx.Tx], u User) (User, error) {
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		const insert = `INSERT INTO users (email, first_name, last_name) VALUES ($1, $2, $3) RETURNING id, version`
		const update = `UPDATE users SET email = $1, first_name = $2, last_name = $3, version = version + 1 WHERE id = $4 RETURNING id, version`
		query, args := insert, []any{u.Email, u.FirstName, u.LastName}
		if u.ID != 0 {
			query, args = update, append(args, u.ID)
		}
		if err := tx.QueryRow(ctx, query, args...).Scan(&u.ID, &u.Version); err != nil {
			return err
		}
		var params []river.InsertManyParams
		for _, provider := range providerNames {
			params = append(params, river.InsertManyParams{Args: DeliverArgs{provider, u.ID, u.Version}})
		}
		_, err := jobs.InsertManyTx(ctx, tx, params)
		return err
	})
	if err != nil {
		return u, fmt.Errorf("save user: %w", err)
	}
	return u, nil
}

var errLocked = errors.New("another worker delivers this user")

// deliver sends the current row of a user with do, and stores the result, while no
// other worker delivers this user to this provider. Postgres releases the lock when
// the connection ends, so a worker that dies holds no lock. If skipSent is set, a
// version that was sent is not sent again.
func deliver(ctx context.Context, pool *pgxpool.Pool, provider string, id int64, skipSent bool, do upsertFunc) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	key, locked := fmt.Sprintf("deliver %s %d", provider, id), false
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, key).Scan(&locked); err != nil {
		return err
	}
	if !locked {
		return errLocked
	}
	defer func() {
		if _, err := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, key); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx)) // the lock ends with the connection
		}
	}()
	var u User
	var sentVersion int64
	var remoteID string
	err = conn.QueryRow(ctx, `SELECT u.id, u.email, u.first_name, u.last_name, u.version, coalesce(d.version, 0), coalesce(d.remote_id, '')
		FROM users u LEFT JOIN deliveries d ON d.user_id = u.id AND d.provider = $1 WHERE u.id = $2`, provider, id).
		Scan(&u.ID, &u.Email, &u.FirstName, &u.LastName, &u.Version, &sentVersion, &remoteID)
	if err != nil || skipSent && sentVersion >= u.Version {
		return err
	}
	r, err := whileConnected(ctx, conn, func(ctx context.Context) (sent, error) { return do(ctx, u, remoteID) })
	if err == nil {
		_, err = conn.Exec(ctx, `INSERT INTO deliveries (user_id, provider, version, remote_id, outcome) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (user_id, provider) DO UPDATE SET version = $3, remote_id = $4, outcome = $5`, u.ID, provider, u.Version, r.remoteID, r.outcome)
	}
	return err
}

// whileConnected calls f with a context that ends when the connection, and with it
// the lock, is lost. It uses the connection until f has returned.
func whileConnected(ctx context.Context, conn *pgxpool.Conn, f func(context.Context) (sent, error)) (sent, error) {
	connected, lost := context.WithCancelCause(ctx)
	listening, stop := context.WithCancel(connected)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := conn.Conn().WaitForNotification(listening) // none comes: an error is the end
		lost(err)
	}()
	r, err := f(connected)
	if err != nil && ctx.Err() == nil && connected.Err() != nil {
		err = fmt.Errorf("the lock was lost: %w", context.Cause(connected)) // River retries the job
	}
	stop()
	<-ended
	return r, err
}
