/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application that the server serves: the URLs and the JSON of the outside
 * world, as openapi.yaml documents them.
 */
#ifndef LUNAR_API_API_H
#define LUNAR_API_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/position_waits.h"
#include "base/quota.h"
#include "http/app.h"
#include "http/deferred.h"

struct access;
struct changes_walks;
struct commit;
struct fleet_cache;
struct hub;
struct metric;
struct metrics;
struct store;
struct table;
struct workers;

enum {
    /* Tables of up to so many rockets are listed at once, others by a worker.
     */
    API_LIST_AT_ONCE = 256,
    /* Whole lists being sent at a time: each keeps a snapshot in memory. */
    API_MAX_STREAMS = 16,
    /* Bytes for decoding compressed bodies, all together. */
    API_MAX_DECODING = 64 * 1024 * 1024,
    /* Bytes of batches that wait for the disk, all together. */
    API_MAX_PENDING = 64 * 1024 * 1024,
    /*
     * Streams of events and reads that wait for a change, together; but not
     * more than a quarter of the connections that may be open.
     */
    API_MAX_READERS = 1000,
    /*
     * Reads that wait until this instance has caught up; but not more than a
     * quarter of the connections that may be open.
     */
    API_MAX_WAITS = 1000,
    /* GET /snapshot, those that wait for one as well. */
    API_MAX_SNAPSHOTS = 4,
};

/* What became of a message, as lunar_messages_total counts it. */
enum api_result {
    API_APPLIED,
    API_DUPLICATE,
    API_STALE,
    API_REJECTED, /* not a message */
    API_NO_MEMORY,
    API_NOT_WRITTEN, /* the store could not take it */
    API_UNKNOWN,     /* nobody confirmed in time that it is written */
    API_RESULT_COUNT
};

/* Why access was refused, as lunar_auth_failures_total counts it. */
enum api_auth_failure {
    API_AUTH_MISSING,       /* neither a token nor a session */
    API_AUTH_INVALID_TOKEN, /* not one that the service knows */
    API_AUTH_SESSION,       /* ended, or not one */
    API_AUTH_SCOPE,         /* known, but not for this */
    API_AUTH_LOGIN,         /* by a token that the service does not know */
    API_AUTH_FAILURE_COUNT
};

/* The families that are counted here. Each may be NULL. */
struct api_metrics {
    struct metric *messages; /* by enum api_result */
    struct metric *launches, *explosions;
    struct metric *batches;       /* by the number of their messages */
    struct metric *auth_failures; /* by enum api_auth_failure */
};

/* The recovery of the state from the store. */
struct api_recovery {
    _Atomic bool running;
    _Atomic uint64_t began;       /* microseconds of the monotonic clock */
    _Atomic uint64_t done, total; /* in any unit; a total of 0 is not known */
};

/* What the operations work on. */
struct api {
    /* Set at start, then read-only. */
    struct table *table;
    struct workers *workers;  /* for what takes long */
    struct metrics *registry; /* of all families; NULL: none are shown */
    struct access *access;    /* NULL: everybody may do everything */
    struct api_metrics counts;
    struct store *store;         /* NULL: the state is in memory only */
    bool shared;                 /* other instances have the same journal */
    struct commit *commit;       /* the way into the store, if there is one */
    struct hub *hub;             /* follows the table for streams of events */
    struct fleet_cache *fleet;   /* what GET /fleet says */
    struct changes_walks *walks; /* for those who waited for a change */
    uint64_t began;              /* microseconds of the monotonic clock */
    /*
     * Of this history of the state: part of every ETag; random, if the state
     * is in memory only. Set again when the recovery ends, as a shared journal
     * says only then which history it has; read after that.
     */
    uint64_t start;
    _Atomic bool stopping; /* set once, by api_set_stopping() */
    struct api_recovery recovery;
    _Atomic unsigned streams;    /* whole lists being sent now */
    struct quota decoding;       /* memory for compressed bodies */
    struct quota pending;        /* memory for batches that wait for the disk */
    struct position_waits waits; /* reads that wait for a position */
    /* GET /snapshot: those that wait, and those that are being sent. */
    struct position_waits snapshot_waits;
    /*
     * Owned by the journal's thread: connections that the commit at hand has
     * settled, and that are woken together.
     */
    struct http_waiter *settled;
};

/* Whether "/" is the dashboard: some builds are made without it. */
bool api_has_dashboard(void);

/*
 * The families of the application are added to `metrics`, which may be NULL.
 * Ownership: `table`, `workers` and `metrics` are borrowed.
 */
void api_init(struct api *api, struct table *table, struct workers *workers,
              struct metrics *metrics);

/*
 * Ask `access` what a request may do. Without it everything is open.
 * Ownership: `access` is borrowed. Locking: before api_app().
 */
void api_use_access(struct api *api, struct access *access);

/*
 * Keep the state in `store`, which is attached to the table: from now on a
 * message is acknowledged once it is durable. False if memory is exhausted.
 * Ownership: `store` is borrowed. It is closed after the server has stopped,
 * and before the workers and the table are freed: until then it settles what
 * is left of batches whose connections have gone.
 * Locking: before api_app().
 */
bool api_use_store(struct api *api, struct store *store);

/*
 * Start what streams of events, reads that wait and GET /fleet need.
 * `max_connections` may be open. False if memory or threads are exhausted.
 * Locking: before api_app(), after api_use_store().
 */
bool api_start_live(struct api *api, unsigned max_connections);

/* End all streams of events and requests that wait, and take no more. */
void api_end_live(struct api *api);

/*
 * Free what api_start_live() has made; it may have failed, or not been called.
 * Locking: the server has stopped, the workers and the table live.
 */
void api_free_live(struct api *api);

/*
 * The state is being recovered, until api_end_recovery(): all but health and
 * metrics is 503, with how far it is. `total` may be 0 if it is not known.
 * Locking: safe from any thread.
 */
void api_begin_recovery(struct api *api);
void api_set_progress(struct api *api, uint64_t done, uint64_t total);
void api_end_recovery(struct api *api);

/*
 * The service will stop: from now on it says that it is not ready, but still
 * serves all requests. Locking: safe from any thread.
 */
void api_set_stopping(struct api *api);

enum { API_PROBLEM = 160 /* bytes of the room of api_problem() */ };

/*
 * What is wrong, and what to do: the first of the problems that GET /health
 * has, which prevents most. NULL: nothing is. The result lives as long as the
 * store, or is in `room`. Locking: safe from any thread.
 */
const char *api_problem(const struct api *api, char room[API_PROBLEM]);

/* Ownership: `api` is borrowed. */
struct http_app api_app(struct api *api);

#endif
