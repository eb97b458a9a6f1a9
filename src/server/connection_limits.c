/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time limits of a connection, and the end of its peer, as the sweep checks
 * them.
 */
#include "connection.h"
#include "connection_state.h"

static bool has_passed(unsigned seconds, uint64_t since, uint64_t now)
{
    return connection_elapsed(since, now) >= seconds * UINT64_C(1000);
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
    uint64_t since = connection_since(state);

    return !handshaking &&
           peer->quiet_ms + PEER_CLOCK_GRAIN <
               connection_elapsed(since > ignored ? since : ignored, now);
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
    if (has_passed(idle_seconds, connection_since(state), now))
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
            connection_state(CONNECTION_RECEIVING,
                             now - peer.quiet_ms * UINT64_C(1000)));
    return CONNECTION_KEEP;
}

/* The state as if it had begun when the last part of a body arrived. */
static uint64_t continue_state(const struct connection *connection,
                               uint64_t state)
{
    uint64_t continued = atomic_load(&connection->continued);

    return continued > connection_since(state)
               ? connection_state(connection_phase_of(state), continued)
               : state;
}

/* A request whose sender has shut down before its end cannot complete. */
static enum connection_verdict check_receiving(struct connection *connection,
                                               uint64_t state, uint64_t now)
{
    struct peer_state peer;

    if (has_passed(CONNECTION_REQUEST_SECONDS, connection_since(state), now))
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
    if (connection->pace >= connection_since(state) &&
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
           connection->pace >= connection_since(state) &&
           connection_elapsed(connection->pace, now) >= CONNECTION_PACE;
}

/*
 * Of what is sent, `taken` has been taken by now. Whether that is `progress` is
 * the caller's to say.
 */
static enum connection_verdict check_progress(struct connection *connection,
                                              bool progress, uint64_t taken,
                                              uint64_t now)
{
    if (progress) {
        connection->taken = taken;
        connection->progress = now;
        return CONNECTION_KEEP;
    }
    if (!has_passed(CONNECTION_SEND_SECONDS, connection->progress, now))
        return CONNECTION_KEEP;
    return connection_end_locked(connection, CONNECTION_END_SLOW_RESPONSE,
                                 CONNECTION_RESET);
}

static enum connection_verdict check_sending(struct connection *connection,
                                             uint64_t state, uint64_t now)
{
    struct peer_state peer;

    if (connection_age(state, now) < CONNECTION_TICK ||
        !read_peer(connection, &peer))
        return CONNECTION_KEEP;
    note_pace(connection, peer.taken, state, now);
    return check_progress(connection,
                          connection->progress < connection_since(state) ||
                              peer.taken != connection->taken,
                          peer.taken, now);
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
    bool progress = !connection->followed || !peer.pending ||
                    peer.taken != connection->taken;
    connection->followed = true;
    return check_progress(connection, progress, peer.taken, now);
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
    if (connection_elapsed(connection->closing_since, now) < CONNECTION_TICK ||
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
