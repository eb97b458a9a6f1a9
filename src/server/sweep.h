/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time limits of connections. One thread sweeps their list twice a second,
 * and at once when connections are many, and shuts down the sockets of those
 * that
 *
 * - have been idle for too long;
 * - have not sent a complete request within CONNECTION_REQUEST_SECONDS, however
 *   steadily its bytes arrive;
 * - have not taken a byte of their response for CONNECTION_SEND_SECONDS;
 * - were shut down by the client before a request was complete;
 * - are evicted (eviction.h), so that a new one always gets in.
 *
 * The sweep only shuts sockets down: the event loop notices, and closes them. A
 * connection that waits for the application has no limit.
 *
 * A long-lived response ends when its client shuts down its side, or does not
 * acknowledge for CONNECTION_SEND_SECONDS what was sent to it: the sweep also
 * cancels its wait, as nothing happens to a connection that is suspended. It
 * counts as an open connection, and is never evicted.
 *
 * Locking: the thread holds the lock of the list for at most a slice of it, and
 * cancels waits without it.
 */
#ifndef LUNAR_SERVER_SWEEP_H
#define LUNAR_SERVER_SWEEP_H

struct connections;
struct request_log;
struct sweep;

/*
 * NULL where memory or threads end. `idle_seconds`: after which an idle
 * connection is closed. Once a second `log` reports what it has left out.
 * Ownership: both are borrowed until sweep_free().
 */
struct sweep *sweep_start(struct connections *connections,
                          unsigned idle_seconds, struct request_log *log);

/* End the thread. NULL does nothing. */
void sweep_free(struct sweep *sweep);

#endif
