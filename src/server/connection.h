/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open connection: what it is at, since when, and whether that is still
 * within the limits of time. It has none while it waits for the service
 * itself.
 *
 * Locking: the list of connections (server_connections) has a lock, which is
 * held where a name ends in _locked: it keeps the descriptor from being
 * closed meanwhile. The phase is atomic, so that requests pass without.
 */
#ifndef LUNAR_SERVER_CONNECTION_H
#define LUNAR_SERVER_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wait.h"

enum {
    CONNECTION_IDLE_SECONDS = 10,    /* between requests */
    CONNECTION_REQUEST_SECONDS = 30, /* for headers and body together */
    CONNECTION_SEND_SECONDS = 30,    /* without the client taking a byte */
    CONNECTION_TICK = 500,           /* ms between checks, or a little more */
};

enum connection_phase {
    CONNECTION_WAITING,   /* for a request */
    CONNECTION_RECEIVING, /* one */
    CONNECTION_WORKING,   /* on the answer */
    CONNECTION_SENDING,   /* it */
};

/* What is to be done with a connection. */
enum connection_verdict {
    CONNECTION_KEEP,
    /*
     * For one that waits for a request: only the receiving side is shut
     * down. What has arrived already, unseen by us, is still read and
     * answered; then the end of the stream shows.
     */
    CONNECTION_SHUT_READ,
    /*
     * For one that nothing more is expected of: both sides. What it was
     * answered is still delivered.
     */
    CONNECTION_SHUT,
    /*
     * For one that breaks a limit: both sides, and the kernel forgets what
     * the peer does not take.
     */
    CONNECTION_RESET,
};

/* Embedded in what the server knows of a connection. */
struct connection {
    /* The list's, guarded by its lock. */
    struct connection *next, *previous;
    /* Has been shut down. Written under the lock, read without. */
    _Atomic bool closing;
    /* Set by connection_init(), then read-only. */
    int socket;
    /* The phase, and since when: see server_connection.c. */
    _Atomic uint64_t state;
    /* For the application; see wait.h. */
    struct wait wait;
    /* Owned by who checks: what the peer had acknowledged, and when. */
    uint64_t acknowledged, progress;
    uint64_t closing_since; /* the first check that found it so, or 0 */
    uint64_t ended;         /* the state in which the peer had ended, or 0 */
};

/* It was opened, and waits for a request. */
void connection_init(struct connection *connection, int socket);

/*
 * Enter a phase, from now on. A request that has been seen arriving already
 * goes on from when it was, and so does the work on it, which has no limit. By
 * the thread that serves the connection.
 */
void connection_enter(struct connection *connection,
                      enum connection_phase phase);

/*
 * A request that may take as long as it likes has got on: the time of
 * CONNECTION_RECEIVING begins anew. By the thread that serves it.
 */
void connection_progress(struct connection *connection);

/*
 * Whether it is within its limits, `now` being connection_clock(). With
 * `last_call`, whoever waits for a request has waited long enough.
 */
enum connection_verdict connection_check_locked(struct connection *connection,
                                                bool last_call, uint64_t now);

/* Shut the socket down; the event loop notices, and closes. */
void connection_shut_locked(struct connection *connection,
                            enum connection_verdict how);

/* Microseconds since some moment. */
uint64_t connection_clock(void);

/* What a connection's `state` says; states of one phase sort by age. */
enum connection_phase connection_phase_of(uint64_t state);

/* For how many milliseconds it has been so. */
uint64_t connection_age(uint64_t state, uint64_t now);

#endif
