// Package redispacer shares the quota of one API key between processes, on Redis
// (6 or later) or Valkey (7.2 or later): a single node, Sentinel or Cluster.
//
// Without it, each process paces only its own requests, and several processes
// together exceed the quota. Use it when more than one process sends requests with
// the same key:
//
//	store := redis.NewClient(&redis.Options{Addr: "redis:6379", ContextTimeoutEnabled: true})
//	pacer, err := redispacer.New(ctx, store, partoo.Production, apiKey, redispacer.Config{
//		Quotas: partoo.Quotas(),
//		Share:  4, // processes, for the time in which the store is unavailable
//	})
//	if err != nil {
//		return err
//	}
//	defer pacer.Close(context.WithoutCancel(ctx))
//	client, err := partoo.New(apiKey, rest.WithPacer(pacer))
//
// # How it works
//
// The store holds the record of the requests of all processes. Before a request,
// the process runs one script there, which checks all windows at once; after the
// response, one more reports the result, together with the next question if there
// is one. Only the first request in the queue of a process asks. A process without
// requests sends nothing. Memory in the store is bounded by the largest quota,
// about 100 bytes for each of its requests. Where no quota is documented, at most
// 65,536 requests of the last 10 minutes are stored.
//
// All times are those of the store's clock. Clocks of the processes do not matter,
// only durations that they measure.
//
// A request counts when its response arrived, less three quarters of the shortest
// round trip: the server counted it before it sent the response, and the next
// request needs its way there too. While a request is in flight it counts as the
// youngest of all. If its response is never reported, it counts RequestTimeout and
// two seconds after it was sent.
//
// # Guarantees
//
// While the store replies within 100 ms and keeps its data, the requests that count
// within any window never exceed a documented quota.
//
// Processes are served in the order in which the requests at the head of their
// queues arrived. A process that stalls or dies delays the others by 2 seconds at
// most.
//
// A 429 or 503 pauses all processes of the class until the time that the server
// states, or else for 1, 5, 15, 45 and then 60 seconds. Then one request of one
// process probes; when it is accepted, sending resumes gradually. A limit that is
// stricter than the documented quotas is learned from 429s, shared, and raised again
// step by step.
//
// While the store is unavailable, each process limits itself to its share of the
// quotas. The number of processes is the one that the store last reported, or else
// Config.Share. The process first waits for one longest window, in which the others
// may have used the quota, unless it is the only one. Where a quota has less than one
// request for each process, the processes send in turns, by the clock that the
// store had before. Requests are never unlimited, and never paused for longer than
// one longest window because of the store.
//
// When the store returns without its data (a restart without persistence, FLUSHALL)
// or with older data (a failover to a replica that lags), every process gives back
// its own requests as ages. Until all have done so, for one longest window at most,
// no request is sent.
//
// # Not guaranteed
//
// Replication is asynchronous. A failover that no process notices, because none sends
// anything before the windows end, loses nothing; one in mid-window costs the wait
// above. If the clock of the new master is ahead of the old one's, requests seem
// older than they are; if it is behind, one longest window is lost. A single process
// that cannot reach a store which the others reach uses its share in addition to
// their requests. Other clients of the key, which do not use this package, are
// unknown to it: their effect is learned from 429s.
package redispacer
