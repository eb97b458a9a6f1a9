/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a connection, but for its time limits: connection_limits.c.
 *
 * shutdown(2) is called under a lock, although locks here cover no I/O: it
 * does not block, and the lock keeps the descriptor from being closed, and its
 * number from being given to another connection, at that moment.
 */
#include "connection.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "connection_state.h"

uint64_t connection_clock(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/*
 * The same at the kernel's last tick, some milliseconds ago. Cheaper, but it
 * can neither measure a request nor order the connections that become idle
 * within one tick.
 */
static uint64_t read_coarse_clock(void)
{
    return clock_us(CLOCK_MONOTONIC_COARSE);
}

enum connection_phase connection_phase_of(uint64_t state)
{
    return state & ((1U << CONNECTION_PHASE_BITS) - 1);
}

uint64_t connection_age(uint64_t state, uint64_t now)
{
    return connection_elapsed(connection_since(state), now);
}

void connection_init(struct connection *connection, int socket,
                     enum peer_kind peer)
{
    connection->socket = socket;
    connection->peer = peer;
    connection->by_tls = false;
    connection->taken = connection->progress = 0;
    connection->pace = connection->paced = 0;
    connection->closing_since = connection->ended = 0;
    connection->followed = false;
    connection->shut_for = CONNECTION_END_UNKNOWN;
    connection->end = CONNECTION_END_CLIENT;
    atomic_init(&connection->closing, false);
    atomic_init(&connection->handshaking, false);
    atomic_init(&connection->ignored, 0);
    atomic_init(&connection->continued, 0);
    connection->part = 0;
    atomic_init(&connection->life, CONNECTION_SHORT);
    uint64_t state = connection_state(CONNECTION_IDLE, connection_clock());
    atomic_init(&connection->state, state);
    atomic_init(&connection->fresh, state);
    peer_await(peer, socket);
}

/*
 * If the sweep notices at this moment that a request is arriving, its time
 * stands.
 */
static uint64_t enter_receiving(struct connection *connection, uint64_t state)
{
    uint64_t now = connection_clock();
    uint64_t receiving = connection_state(CONNECTION_RECEIVING, now);

    while (connection_phase_of(state) != CONNECTION_RECEIVING)
        if (atomic_compare_exchange_weak(&connection->state, &state, receiving))
            return now;
    return connection_since(state);
}

/*
 * The sweep changes the state only of a connection that waits. Work follows a
 * request at once and has no limit, so it keeps the request's time; after it
 * the client has its full time to take the response.
 */
uint64_t connection_enter(struct connection *connection,
                          enum connection_phase phase)
{
    uint64_t state =
        atomic_load_explicit(&connection->state, memory_order_relaxed);
    uint64_t since = connection_since(state);

    if (phase == CONNECTION_RECEIVING)
        return enter_receiving(connection, state);
    if (phase == CONNECTION_IDLE) {
        peer_await(connection->peer, connection->socket);
        since = connection_clock();
    } else if (phase == CONNECTION_SENDING) {
        since = read_coarse_clock();
    }
    atomic_store_explicit(&connection->state, connection_state(phase, since),
                          memory_order_release);
    return since;
}

void connection_begin_handshake(struct connection *connection)
{
    connection->end = CONNECTION_END_HANDSHAKE;
    connection->by_tls = true;
    atomic_store(&connection->handshaking, true);
}

/*
 * The phase first: the sweep sees a wait for a request that begins now, and
 * is fresh.
 */
void connection_end_handshake(struct connection *connection, bool unread)
{
    connection->end = CONNECTION_END_CLIENT;
    uint64_t since = connection_enter(connection, unread ? CONNECTION_RECEIVING
                                                         : CONNECTION_IDLE);
    atomic_store(&connection->fresh, connection_state(CONNECTION_IDLE, since));
    atomic_store(&connection->handshaking, false);
}

bool connection_is_handshaking(const struct connection *connection)
{
    return atomic_load(&connection->handshaking);
}

bool connection_is_fresh(const struct connection *connection, uint64_t state)
{
    return atomic_load(&connection->handshaking) ||
           state == atomic_load(&connection->fresh);
}

void connection_ignore_input(struct connection *connection)
{
    atomic_store(&connection->ignored, connection_clock());
}

void connection_progress(struct connection *connection, size_t bytes)
{
    uint64_t now = read_coarse_clock();
    uint64_t state =
        atomic_load_explicit(&connection->state, memory_order_relaxed);

    atomic_store_explicit(&connection->continued, now, memory_order_release);
    connection->part += bytes;
    if (connection->part < CONNECTION_PART &&
        connection_phase_of(state) == CONNECTION_RECEIVING)
        return;
    connection->part = 0;
    atomic_store_explicit(&connection->state,
                          connection_state(CONNECTION_RECEIVING, now),
                          memory_order_release);
}

bool connection_is_over_limit(const struct connection *connection)
{
    return atomic_load(&connection->closing) &&
           connection->shut_for != CONNECTION_END_CLIENT;
}

enum connection_verdict connection_end_locked(struct connection *connection,
                                              enum connection_end end,
                                              enum connection_verdict how)
{
    if (connection->shut_for == CONNECTION_END_UNKNOWN)
        connection->shut_for = end;
    return how;
}

enum connection_end connection_end(const struct connection *connection)
{
    return connection->shut_for == CONNECTION_END_UNKNOWN
               ? connection->end
               : connection->shut_for;
}

void connection_shut_locked(struct connection *connection,
                            enum connection_verdict how)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    if (how == CONNECTION_KEEP || how == CONNECTION_CANCEL)
        return;
    /* Without lingering the kernel discards what the peer has not taken. */
    if (how == CONNECTION_RESET)
        setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &linger,
                   sizeof(linger));
    shutdown(connection->socket,
             how == CONNECTION_SHUT_READ ? SHUT_RD : SHUT_RDWR);
}
