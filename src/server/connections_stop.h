/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the open connections end at a stop, in steps that server_stop() puts in
 * order: idle ones are closed, what others wait for is cancelled, and the rest
 * has a limit.
 *
 * Locking: one thread. The functions lock the list for themselves, and cancel
 * waits without the lock.
 */
#ifndef LUNAR_SERVER_CONNECTIONS_STOP_H
#define LUNAR_SERVER_CONNECTIONS_STOP_H

#include <stdbool.h>

enum {
    CONNECTIONS_LAST_CALL =
        500, /* ms in which idle connections may still ask */
};

struct connections;

/*
 * After connections_stop_keep_alive(): wait CONNECTIONS_LAST_CALL for requests
 * that may still arrive on idle connections, then close these, and have the
 * sweep close each that becomes idle from then on. True if all connections were
 * closed before that time was over.
 */
bool connections_stop_idle(struct connections *connections);

/*
 * Cancel whatever the application makes connections wait for, and give these
 * waits at most `ms` milliseconds to end. Returns how many have not. From now
 * on no wait begins, and connections that are open are closed because of the
 * stop.
 */
unsigned connections_stop_waits(struct connections *connections, unsigned ms);

/*
 * Wait until no connection is open, at most `ms` milliseconds. Returns how many
 * are open.
 */
unsigned connections_stop_await(struct connections *connections, unsigned ms);

#endif
