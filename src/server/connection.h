/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open connection: its phase, since when, whether that is within the time
 * limits, and why it is closed. While the connection waits for the application
 * there is no limit, but for a long-lived response: it ends with its client.
 *
 * Locking: the list of connections (connections.h) has a lock, which the
 * caller holds where a name ends in _locked; it keeps the descriptor from
 * being closed meanwhile. The phase is atomic, so that requests need no lock.
 */
#ifndef LUNAR_SERVER_CONNECTION_H
#define LUNAR_SERVER_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peer_state.h"
#include "wait.h"

enum {
    CONNECTION_REQUEST_SECONDS = 30, /* for headers and body together */
    CONNECTION_SEND_SECONDS = 30,    /* without the client taking a byte */
    CONNECTION_TICK = 500,           /* ms between checks, or slightly more */
    CONNECTION_PART = 16 * 1024, /* bytes that count as progress in a crowd */
    CONNECTION_PACE = 5000,      /* ms in which a client should take as many */
};

enum connection_phase {
    CONNECTION_IDLE,      /* waits for a request */
    CONNECTION_RECEIVING, /* a request */
    CONNECTION_WORKING,   /* the application has the request */
    CONNECTION_SENDING,   /* the response */
};

enum { CONNECTION_PHASES = CONNECTION_SENDING + 1 };

/* Why a connection is closed: the values of a label of metrics, in order. */
enum connection_end {
    CONNECTION_END_CLIENT,        /* none of these: the client, mostly */
    CONNECTION_END_ANSWERED,      /* the response said that it is the last */
    CONNECTION_END_IDLE,          /* no request came in time */
    CONNECTION_END_EVICTED,       /* to make room for others */
    CONNECTION_END_SLOW_REQUEST,  /* a request was not complete in time */
    CONNECTION_END_SLOW_RESPONSE, /* nothing of a response was taken in time */
    CONNECTION_END_STOP,          /* the service stops */
    CONNECTION_END_ERROR,         /* something was cut off; no memory */
    CONNECTION_END_HANDSHAKE,     /* the one of TLS failed, or was left */
    CONNECTION_ENDS,
    CONNECTION_END_UNKNOWN = CONNECTION_ENDS, /* it is not being closed */
};

/* How long the request of a connection may take. */
enum connection_life {
    CONNECTION_SHORT,
    /* As long as its client likes (http/response.h): */
    CONNECTION_LONG_WAIT,   /* the response is deferred */
    CONNECTION_LONG_STREAM, /* the response is a stream */
};

/* What to do with a connection. */
enum connection_verdict {
    CONNECTION_KEEP,
    /* End the wait of a long-lived response, which is then sent. */
    CONNECTION_CANCEL,
    /*
     * Shut down the receiving side, of a connection that waits for a request:
     * bytes that have arrived unseen are still read and answered.
     */
    CONNECTION_SHUT_READ,
    /* Shut down both sides. The kernel still delivers the last response. */
    CONNECTION_SHUT,
    /*
     * Shut down both sides, of a connection that exceeds a limit. The kernel
     * discards what the peer has not taken.
     */
    CONNECTION_RESET,
};

/* Embedded in the exchange. */
struct connection {
    /* Of the list, guarded by its lock. */
    struct connection *next, *previous;
    /* The socket was shut down. Written under the lock, read without. */
    _Atomic bool closing;
    /* Guarded by the lock until it is known; then read-only. */
    enum connection_end shut_for;
    /* Set by connection_init(), then read-only. */
    int socket;
    enum peer_kind peer;
    /* Set by connection_begin_handshake(), then read-only. */
    bool by_tls;
    /* The phase, and since when: see connection_state.h. */
    _Atomic uint64_t state;
    /* Of TLS: its handshake is not over. */
    _Atomic bool handshaking;
    /* The state before its first request. */
    _Atomic uint64_t fresh;
    /* When bytes last arrived that are no part of a request; or 0. */
    _Atomic uint64_t ignored;
    /* When a part of a body of unlimited length last arrived; or 0. */
    _Atomic uint64_t continued;
    /* enum connection_life. Written by the connection's thread. */
    _Atomic int life;
    /* Owned by the connection's thread. */
    uint64_t response_bytes; /* of the body of its response */
    size_t part;             /* of a body, see connection_progress() */
    enum connection_end end; /* what else than a shutdown closes it */
    /* For the application; see wait.h. */
    struct wait wait;
    /* Owned by the sweep. */
    uint64_t taken;    /* of struct peer_state ... */
    uint64_t progress; /* ... when that number last changed */
    uint64_t pace;     /* when CONNECTION_PART bytes had been taken again */
    uint64_t paced;    /* `taken` at that time */
    uint64_t closing_since; /* the first check that found `closing`, or 0 */
    uint64_t ended; /* the state in which the peer had shut down, or 0 */
    bool followed;  /* the last check found a long-lived response */
};

/* For a connection that was opened, and waits for a request. */
void connection_init(struct connection *connection, int socket,
                     enum peer_kind peer);

/*
 * Enter a phase, which begins now; but a request that the sweep has seen
 * arriving keeps the time at which it began, and so does the work on it.
 * Returns the time at which the phase began, as connection_clock(): exact,
 * but that of CONNECTION_SENDING.
 * Locking: on the connection's thread.
 */
uint64_t connection_enter(struct connection *connection,
                          enum connection_phase phase);

/*
 * The handshake of TLS begins. Until its end the connection waits as for a
 * request, and nothing that arrives counts as one. Locking: both on the
 * connection's thread; this one before it is in the list.
 */
void connection_begin_handshake(struct connection *connection);

/*
 * Its end: from now on it waits for a request; or receives one, if bytes are
 * `unread`.
 */
void connection_end_handshake(struct connection *connection, bool unread);

bool connection_is_handshaking(const struct connection *connection);

/*
 * Whether it waits for its first request in this state, or is in the handshake
 * before it.
 */
bool connection_is_fresh(const struct connection *connection, uint64_t state);

/*
 * What has arrived so far is no part of a request. The time for which the
 * connection may be idle goes on. Locking: on the connection's thread.
 */
void connection_ignore_input(struct connection *connection);

/*
 * `bytes` of a body of unlimited length have arrived:
 * CONNECTION_REQUEST_SECONDS begin again. The phase begins again only with each
 * CONNECTION_PART of it, or after work: it is by the phase that connections are
 * evicted, and clients that send a byte now and then must not lock out all
 * others. Locking: on the connection's thread.
 */
void connection_progress(struct connection *connection, size_t bytes);

/*
 * Check the time limits; `now` is connection_clock(). `idle_seconds` is that of
 * a connection that waits for a request; 0: the service stops, and it has
 * waited long enough. Says why it is to be closed in `shut_for`.
 */
enum connection_verdict connection_check_locked(struct connection *connection,
                                                unsigned idle_seconds,
                                                uint64_t now);

/*
 * Whether a limit has closed the connection, not the end of its peer.
 * Locking: on the connection's thread.
 */
bool connection_is_over_limit(const struct connection *connection);

/*
 * Note why the caller is about to shut a connection down, unless it is known
 * already. Returns `how`.
 */
enum connection_verdict connection_end_locked(struct connection *connection,
                                              enum connection_end end,
                                              enum connection_verdict how);

/*
 * Why a connection was closed: what shut it down, or else what ended it.
 * Locking: only after it was removed from the list.
 */
enum connection_end connection_end(const struct connection *connection);

/*
 * Shut the socket down, unless the verdict is none of those that do. The event
 * loop notices, and closes it; not while the connection waits for the
 * application.
 */
void connection_shut_locked(struct connection *connection,
                            enum connection_verdict how);

/*
 * Whether the client takes a response at less than CONNECTION_PART bytes in
 * CONNECTION_PACE. Such a connection may be evicted: each byte that is taken
 * makes CONNECTION_SEND_SECONDS begin again, so clients that take one now and
 * then could lock out all others. Never of a long-lived response, nor over the
 * Unix socket, where what is taken is only seen in blocks.
 * Locking: on the sweep's thread.
 */
bool connection_takes_slowly_locked(const struct connection *connection,
                                    uint64_t state, uint64_t now);

/* Microseconds of the monotonic clock. */
uint64_t connection_clock(void);

/* The phase in a connection's `state`. States of one phase sort by age. */
enum connection_phase connection_phase_of(uint64_t state);

/* Milliseconds since a state began. */
uint64_t connection_age(uint64_t state, uint64_t now);

#endif
