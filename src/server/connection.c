/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A phase and the time at which it began are one atomic word, so that a check
 * never sees one without the other.
 *
 * shutdown(2) is called under a lock, although locks here cover no I/O: it
 * does not block, and the lock keeps the descriptor from being closed, and its
 * number from being given to another connection, at that moment.
 */
#include "connection.h"

#include <sys/socket.h>

#include "base/clock.h"

enum {
    PHASE_BITS = 2,
};

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

static uint64_t make_state(enum connection_phase phase, uint64_t since)
{
    return since << PHASE_BITS | phase;
}

enum connection_phase connection_phase_of(uint64_t state)
{
    return state & ((1U << PHASE_BITS) - 1);
}

static uint64_t since_of(uint64_t state)
{
    return state >> PHASE_BITS;
}

/* Milliseconds; 0 if the clock was read before `since` was set. */
static uint64_t elapsed(uint64_t since, uint64_t now)
{
    return now > since ? (now - since) / 1000 : 0;
}

uint64_t connection_age(uint64_t state, uint64_t now)
{
    return elapsed(since_of(state), now);
}

static bool has_passed(unsigned seconds, uint64_t since, uint64_t now)
{
    return elapsed(since, now) >= seconds * UINT64_C(1000);
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
    uint64_t state = make_state(CONNECTION_IDLE, connection_clock());
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
    uint64_t receiving = make_state(CONNECTION_RECEIVING, now);

    while (connection_phase_of(state) != CONNECTION_RECEIVING)
        if (atomic_compare_exchange_weak(&connection->state, &state, receiving))
            return now;
    return since_of(state);
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
    uint64_t since = since_of(state);

    if (phase == CONNECTION_RECEIVING)
        return enter_receiving(connection, state);
    if (phase == CONNECTION_IDLE) {
        peer_await(connection->peer, connection->socket);
        since = connection_clock();
    } else if (phase == CONNECTION_SENDING) {
        since = read_coarse_clock();
    }
    atomic_store_explicit(&connection->state, make_state(phase, since),
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
    atomic_store(&connection->fresh, make_state(CONNECTION_IDLE, since));
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
                          make_state(CONNECTION_RECEIVING, now),
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

static bool read_peer(const struct connection *connection,
                      struct peer_state *peer)
{
    return peer_state_read(connection->peer, connection->socket, peer);
}

/*
 * Whether the peer has shut down its side, and all its bytes have been read.
 * MHD, whose epoll is edge-triggered, does not see an end that arrives with the
 * bytes before it. The bytes read just now may complete a request that MHD has
 * not reported yet, so the same must hold, in the same state, at two checks.
 */
static bool has_peer_ended(struct connection *connection,
                           const struct peer_state *peer, uint64_t state)
{
    if (!peer->ended || peer_has_unread(connection->socket))
        return false;
    if (connection->ended == state)
        return true;
    connection->ended = state;
    return false;
}

/* Bytes have arrived later than the wait began, and not in a handshake. */
static bool has_request_begun(const struct connection *connection,
                              const struct peer_state *peer, uint64_t state,
                              uint64_t now)
{
    bool handshaking = atomic_load(&connection->handshaking);
    uint64_t ignored = atomic_load(&connection->ignored);
    uint64_t since = since_of(state);

    return !handshaking && peer->quiet_ms + PEER_CLOCK_GRAIN <
                               elapsed(since > ignored ? since : ignored, now);
}

/*
 * MHD reports a request once its first line is complete. To limit slow heads,
 * and not to mistake them for idleness, the kernel is asked when bytes arrived
 * last: if that is later than when the wait began, a request has been arriving
 * at least since then.
 */
static enum connection_verdict check_waiting(struct connection *connection,
                                             uint64_t state,
                                             unsigned idle_seconds,
                                             uint64_t now)
{
    uint64_t waited = connection_age(state, now);
    struct peer_state peer;

    if (waited < CONNECTION_TICK)
        return CONNECTION_KEEP;
    if (has_passed(idle_seconds, since_of(state), now))
        return connection_end_locked(connection,
                                     idle_seconds == 0 ? CONNECTION_END_STOP
                                                       : CONNECTION_END_IDLE,
                                     CONNECTION_SHUT_READ);
    if (!read_peer(connection, &peer))
        return CONNECTION_KEEP;
    if (has_peer_ended(connection, &peer, state))
        return connection_end_locked(connection, CONNECTION_END_CLIENT,
                                     CONNECTION_SHUT);
    if (has_request_begun(connection, &peer, state, now))
        /* If it fails, the request's first line has become complete. */
        atomic_compare_exchange_strong(
            &connection->state, &state,
            make_state(CONNECTION_RECEIVING,
                       now - peer.quiet_ms * UINT64_C(1000)));
    return CONNECTION_KEEP;
}

/* The state as if it had begun when the last part of a body arrived. */
static uint64_t continue_state(const struct connection *connection,
                               uint64_t state)
{
    uint64_t continued = atomic_load(&connection->continued);

    return continued > since_of(state)
               ? make_state(connection_phase_of(state), continued)
               : state;
}

/* A request whose sender has shut down before its end cannot complete. */
static enum connection_verdict check_receiving(struct connection *connection,
                                               uint64_t state, uint64_t now)
{
    struct peer_state peer;

    if (has_passed(CONNECTION_REQUEST_SECONDS, since_of(state), now))
        return connection_end_locked(connection, CONNECTION_END_SLOW_REQUEST,
                                     CONNECTION_RESET);
    if (connection_age(state, now) >= CONNECTION_TICK &&
        read_peer(connection, &peer) &&
        has_peer_ended(connection, &peer, state))
        return connection_end_locked(connection, CONNECTION_END_CLIENT,
                                     CONNECTION_RESET);
    return CONNECTION_KEEP;
}

/* At the first check of a response its pace begins. */
static void note_pace(struct connection *connection, uint64_t taken,
                      uint64_t state, uint64_t now)
{
    if (connection->pace >= since_of(state) &&
        taken - connection->paced < CONNECTION_PART)
        return;
    connection->pace = now;
    connection->paced = taken;
}

bool connection_takes_slowly_locked(const struct connection *connection,
                                    uint64_t state, uint64_t now)
{
    return connection->peer == PEER_TCP &&
           connection_phase_of(state) == CONNECTION_SENDING &&
           atomic_load(&connection->life) == CONNECTION_SHORT &&
           connection->pace >= since_of(state) &&
           elapsed(connection->pace, now) >= CONNECTION_PACE;
}

static enum connection_verdict check_sending(struct connection *connection,
                                             uint64_t state, uint64_t now)
{
    struct peer_state peer;

    if (connection_age(state, now) < CONNECTION_TICK ||
        !read_peer(connection, &peer))
        return CONNECTION_KEEP;
    note_pace(connection, peer.taken, state, now);
    if (connection->progress < since_of(state) ||
        peer.taken != connection->taken) {
        connection->taken = peer.taken;
        connection->progress = now;
        return CONNECTION_KEEP;
    }
    if (!has_passed(CONNECTION_SEND_SECONDS, connection->progress, now))
        return CONNECTION_KEEP;
    return connection_end_locked(connection, CONNECTION_END_SLOW_RESPONSE,
                                 CONNECTION_RESET);
}

/*
 * A long-lived response waits: nothing else would notice that its client has
 * gone, as the socket of a suspended connection is not watched. Of a stream the
 * client's end is the end; a deferred response can still be sent, and its wait
 * must not hold a place for a client that may have gone.
 *
 * What a client has not acknowledged lies in the kernel, which goes on taking
 * more of a stream for a long time: the phase shows nothing of it.
 */
static enum connection_verdict check_long_lived(struct connection *connection,
                                                enum connection_life life,
                                                uint64_t now)
{
    struct peer_state peer;

    if (!read_peer(connection, &peer))
        return CONNECTION_KEEP;
    if (peer.ended)
        return life == CONNECTION_LONG_WAIT
                   ? CONNECTION_CANCEL
                   : connection_end_locked(connection, CONNECTION_END_CLIENT,
                                           CONNECTION_SHUT);
    if (!connection->followed || !peer.pending ||
        peer.taken != connection->taken) {
        connection->followed = true;
        connection->taken = peer.taken;
        connection->progress = now;
        return CONNECTION_KEEP;
    }
    if (!has_passed(CONNECTION_SEND_SECONDS, connection->progress, now))
        return CONNECTION_KEEP;
    return connection_end_locked(connection, CONNECTION_END_SLOW_RESPONSE,
                                 CONNECTION_RESET);
}

/*
 * The receiving side was shut down, but the connection is still open. Either a
 * request that had arrived is being answered; or MHD, whose epoll is
 * edge-triggered, did not see the end behind the bytes that it read: shutting
 * down the other side makes another edge. A connection that waits for a request
 * is not reset, as its last response may still be on the way to a slow client.
 * A wait that could not be cancelled, as it was about to end, may have been
 * followed by another one. Who has been closed to make room, and takes the last
 * response slowly, still takes that room.
 */
static enum connection_verdict check_closing(struct connection *connection,
                                             uint64_t state, uint64_t now)
{
    enum connection_phase phase = connection_phase_of(state);

    if (connection->closing_since == 0)
        connection->closing_since = now;
    if (phase == CONNECTION_SENDING &&
        connection_takes_slowly_locked(connection, state, now))
        return CONNECTION_RESET;
    if (phase == CONNECTION_SENDING)
        return check_sending(connection, state, now);
    if (phase == CONNECTION_WORKING)
        return atomic_load(&connection->life) == CONNECTION_SHORT
                   ? CONNECTION_KEEP
                   : CONNECTION_CANCEL;
    if (elapsed(connection->closing_since, now) < CONNECTION_TICK ||
        connection_age(state, now) < CONNECTION_TICK)
        return CONNECTION_KEEP;
    return phase == CONNECTION_IDLE ? CONNECTION_SHUT : CONNECTION_RESET;
}

enum connection_verdict connection_check_locked(struct connection *connection,
                                                unsigned idle_seconds,
                                                uint64_t now)
{
    uint64_t state = atomic_load(&connection->state);
    enum connection_life life =
        (enum connection_life)atomic_load(&connection->life);

    if (life == CONNECTION_SHORT)
        connection->followed = false;
    if (atomic_load(&connection->closing))
        return check_closing(connection, state, now);
    switch (connection_phase_of(state)) {
    case CONNECTION_IDLE:
        return check_waiting(connection, state, idle_seconds, now);
    case CONNECTION_RECEIVING:
        return check_receiving(connection, continue_state(connection, state),
                               now);
    case CONNECTION_SENDING:
        if (life == CONNECTION_LONG_STREAM)
            return check_long_lived(connection, life, now);
        return check_sending(connection, state, now);
    case CONNECTION_WORKING:
        if (life != CONNECTION_SHORT)
            return check_long_lived(connection, life, now);
        break;
    }
    return CONNECTION_KEEP;
}
