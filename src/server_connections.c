/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shutdown(2) under the lock, although locks here cover no I/O: it does not
 * block, and the lock is what keeps the descriptor from being closed, and
 * its number from being another connection's, in that moment.
 *
 * A phase and the time of its beginning are one atomic word, so that the
 * thread never sees one without the other.
 */
#include "server_connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "log.h"

enum {
    TICK = 500,             /* ms between looks at the list */
    SLICE = 256,            /* connections looked at under one lock */
    CROWDED_REQUEST = 1000, /* ms a request may take when it is crowded */
    CLOCK_GRAIN = 20,       /* ms by which the kernel's clocks may differ */
    PHASE_BITS = 2,
    /* As <netinet/tcp.h> has it, which <linux/tcp.h> rules out. */
    TCP_CLOSE_WAIT = 8,
};

/* A connection that may be closed to make room, as it was seen. */
struct candidate {
    struct connection *connection;
    uint64_t state;
};

struct connections {
    pthread_mutex_t lock;
    pthread_cond_t wake;    /* there is something to do for the thread */
    pthread_cond_t emptied; /* no connection is left */
    /* Guarded by `lock`. */
    struct connection *first, *last; /* looked at longest ago, latest */
    unsigned closing;                /* shut down, not closed yet */
    bool crowded;      /* 15/16 are open: look for idle ones at once */
    bool all_busy;     /* there were none: not before the next tick again */
    bool closing_idle; /* at a stop: whoever is idle is closed */
    bool stopped;
    struct candidate *candidates; /* room to sort in, for `max` */
    /* Read without the lock. */
    _Atomic unsigned count;
    _Atomic bool draining;
    /* Set at start, then read-only. */
    unsigned max, crowd;
    pthread_t thread;
};

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Microseconds since some moment. */
static uint64_t now_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/*
 * The same, as of the kernel's last tick, some milliseconds ago: cheaper, but
 * many connections fall idle in one tick, and which of them did so first
 * could not be told by it.
 */
static uint64_t tick_us(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

static uint64_t make_state(enum connection_phase phase, uint64_t since)
{
    return since << PHASE_BITS | phase;
}

static enum connection_phase phase_of(uint64_t state)
{
    return state & ((1U << PHASE_BITS) - 1);
}

static uint64_t since_of(uint64_t state)
{
    return state >> PHASE_BITS;
}

/* Milliseconds; 0 where the clock was read before `since` was set. */
static uint64_t elapsed(uint64_t since, uint64_t now)
{
    return now > since ? (now - since) / 1000 : 0;
}

static bool has_passed(unsigned seconds, uint64_t since, uint64_t now)
{
    return elapsed(since, now) >= seconds * UINT64_C(1000);
}

static void lock(struct connections *connections)
{
    log_check_pthread(pthread_mutex_lock(&connections->lock),
                      "pthread_mutex_lock");
}

static void unlock(struct connections *connections)
{
    log_check_pthread(pthread_mutex_unlock(&connections->lock),
                      "pthread_mutex_unlock");
}

/*
 * The thread may find at this moment that a request is arriving: then that
 * is when it began.
 */
static void enter_receiving(struct connection *connection, uint64_t state)
{
    uint64_t receiving = make_state(CONNECTION_RECEIVING, tick_us());

    while (phase_of(state) != CONNECTION_RECEIVING)
        if (atomic_compare_exchange_weak(&connection->state, &state, receiving))
            break;
}

/* Only a connection that waits is changed by the thread as well. */
void connection_enter(struct connection *connection,
                      enum connection_phase phase)
{
    uint64_t state =
        atomic_load_explicit(&connection->state, memory_order_relaxed);
    uint64_t since = since_of(state);

    if (phase == CONNECTION_RECEIVING) {
        enter_receiving(connection, state);
        return;
    }
    /* What follows a request at once needs no clock: it is no earlier. */
    if (phase != CONNECTION_SENDING || phase_of(state) != CONNECTION_RECEIVING)
        since = now_us();
    atomic_store_explicit(&connection->state, make_state(phase, since),
                          memory_order_release);
}

void connection_progress(struct connection *connection)
{
    atomic_store_explicit(&connection->state,
                          make_state(CONNECTION_RECEIVING, tick_us()),
                          memory_order_release);
}

/* 15/16 are open, those that are about to be closed left out. */
static bool is_crowded_locked(const struct connections *connections)
{
    return atomic_load(&connections->count) - connections->closing >=
           connections->crowd;
}

static void append_locked(struct connections *connections,
                          struct connection *connection)
{
    connection->previous = connections->last;
    connection->next = NULL;
    if (connections->last != NULL)
        connections->last->next = connection;
    else
        connections->first = connection;
    connections->last = connection;
}

static void unlink_locked(struct connections *connections,
                          struct connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    else
        connections->last = connection->previous;
}

void connections_add(struct connections *connections,
                     struct connection *connection, int socket)
{
    connection->socket = socket;
    connection->acknowledged = connection->progress = 0;
    atomic_init(&connection->closing, false);
    atomic_init(&connection->state, make_state(CONNECTION_WAITING, now_us()));

    lock(connections);
    append_locked(connections, connection);
    atomic_fetch_add(&connections->count, 1);
    if (is_crowded_locked(connections) && !connections->all_busy) {
        connections->crowded = true;
        pthread_cond_signal(&connections->wake);
    }
    unlock(connections);
}

void connections_remove(struct connections *connections,
                        struct connection *connection)
{
    lock(connections);
    unlink_locked(connections, connection);
    if (atomic_load(&connection->closing))
        connections->closing--;
    if (atomic_fetch_sub(&connections->count, 1) == 1)
        pthread_cond_broadcast(&connections->emptied);
    unlock(connections);
}

bool connections_keep_alive(const struct connections *connections,
                            const struct connection *connection)
{
    return atomic_load(&connections->count) < CONNECTIONS_KEEP_ALIVE_BELOW &&
           !atomic_load(&connections->draining) &&
           !atomic_load(&connection->closing);
}

static void shut_down_locked(struct connections *connections,
                             struct connection *connection, int how)
{
    if (!atomic_exchange(&connection->closing, true))
        connections->closing++;
    shutdown(connection->socket, how);
}

/*
 * For one that waits for a request: only the receiving side. What has
 * arrived already, unseen by us, is still read and answered; then the end
 * of the stream shows.
 */
static void close_idle_locked(struct connections *connections,
                              struct connection *connection)
{
    shut_down_locked(connections, connection, SHUT_RD);
}

/*
 * For one that breaks a limit. Not to linger makes the kernel forget what
 * the peer does not take.
 */
static void cut_locked(struct connections *connections,
                       struct connection *connection)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &linger,
               sizeof(linger));
    shut_down_locked(connections, connection, SHUT_RDWR);
}

/* False if the kernel does not tell as much as is looked at here. */
static bool tcp_info(const struct connection *connection, struct tcp_info *info)
{
    socklen_t size = sizeof(*info);

    return getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, info, &size) ==
               0 &&
           size >= offsetof(struct tcp_info, tcpi_bytes_acked) +
                       sizeof(info->tcpi_bytes_acked);
}

/*
 * The peer has sent its last byte, and all have been read. MHD, which waits
 * for edges, does not see an end that was there with the bytes before it.
 */
static bool has_ended(const struct connection *connection,
                      const struct tcp_info *info)
{
    int unread = 0;

    return info->tcpi_state == TCP_CLOSE_WAIT &&
           ioctl(connection->socket, FIONREAD, &unread) == 0 && unread == 0;
}

/*
 * The HTTP library tells of a request once its first line is whole. To give
 * slow headers a limit, and not to take them for idleness, the kernel is
 * asked when bytes came last: if that was since the waiting began, a request
 * is arriving, at least since then.
 */
static void check_waiting_locked(struct connections *connections,
                                 struct connection *connection, uint64_t state,
                                 uint64_t now)
{
    uint64_t waited = elapsed(since_of(state), now);
    struct tcp_info info;

    if (waited < TICK)
        return;
    if (connections->closing_idle ||
        has_passed(CONNECTIONS_IDLE_SECONDS, since_of(state), now)) {
        close_idle_locked(connections, connection);
    } else if (tcp_info(connection, &info)) {
        if (has_ended(connection, &info))
            cut_locked(connections, connection);
        else if (info.tcpi_last_data_recv + CLOCK_GRAIN < waited)
            /* If it fails, the request's first line has become whole. */
            atomic_compare_exchange_strong(
                &connection->state, &state,
                make_state(CONNECTION_RECEIVING,
                           now - info.tcpi_last_data_recv * UINT64_C(1000)));
    }
}

/* A request whose sender has ended before it can't become whole. */
static void check_receiving_locked(struct connections *connections,
                                   struct connection *connection,
                                   uint64_t state, uint64_t now)
{
    uint64_t since = since_of(state);
    struct tcp_info info;

    if (has_passed(CONNECTIONS_REQUEST_SECONDS, since, now) ||
        (elapsed(since, now) >= TICK && tcp_info(connection, &info) &&
         has_ended(connection, &info)))
        cut_locked(connections, connection);
}

/* Progress is what the peer's kernel has acknowledged. */
static void check_sending_locked(struct connections *connections,
                                 struct connection *connection, uint64_t state,
                                 uint64_t now)
{
    struct tcp_info info;

    if (elapsed(since_of(state), now) < TICK || !tcp_info(connection, &info))
        return;
    if (connection->progress < since_of(state) ||
        info.tcpi_bytes_acked != connection->acknowledged) {
        connection->acknowledged = info.tcpi_bytes_acked;
        connection->progress = now;
    } else if (has_passed(CONNECTIONS_SEND_SECONDS, connection->progress,
                          now)) {
        cut_locked(connections, connection);
    }
}

/*
 * The receiving side was shut down, and still it is there. That is so while
 * a request that had arrived is answered; or because MHD, which waits for
 * edges, did not see the end behind the bytes that it read. The other side
 * makes another edge.
 */
static void check_closing_locked(struct connections *connections,
                                 struct connection *connection, uint64_t state,
                                 uint64_t now)
{
    enum connection_phase phase = phase_of(state);

    if ((phase == CONNECTION_WAITING || phase == CONNECTION_RECEIVING) &&
        elapsed(since_of(state), now) >= TICK)
        cut_locked(connections, connection);
    else if (phase == CONNECTION_SENDING)
        check_sending_locked(connections, connection, state, now);
}

static void check_locked(struct connections *connections,
                         struct connection *connection, uint64_t now)
{
    uint64_t state = atomic_load(&connection->state);

    if (atomic_load(&connection->closing)) {
        check_closing_locked(connections, connection, state, now);
        return;
    }
    switch (phase_of(state)) {
    case CONNECTION_WAITING:
        check_waiting_locked(connections, connection, state, now);
        break;
    case CONNECTION_RECEIVING:
        check_receiving_locked(connections, connection, state, now);
        break;
    case CONNECTION_SENDING:
        check_sending_locked(connections, connection, state, now);
        break;
    case CONNECTION_WORKING:
        break;
    }
}

/* Look at up to SLICE connections, from the one looked at longest ago. */
static unsigned check_slice_locked(struct connections *connections,
                                   unsigned left)
{
    uint64_t now = now_us();
    unsigned checked = 0;

    while (checked < left && checked < SLICE && connections->first != NULL) {
        struct connection *connection = connections->first;
        check_locked(connections, connection, now);
        unlink_locked(connections, connection);
        append_locked(connections, connection);
        checked++;
    }
    return checked;
}

/* Idle ones first, then those that send a request; each oldest first. */
static int compare_candidates(const void *first, const void *second)
{
    const struct candidate *a = first, *b = second;

    if (phase_of(a->state) != phase_of(b->state))
        return phase_of(a->state) < phase_of(b->state) ? -1 : 1;
    return (a->state > b->state) - (a->state < b->state);
}

/*
 * A request that has been arriving for long counts too, or clients that
 * never finish theirs could lock out all others.
 */
static bool is_candidate(const struct candidate *candidate, uint64_t now)
{
    enum connection_phase phase = phase_of(candidate->state);

    return !atomic_load(&candidate->connection->closing) &&
           (phase == CONNECTION_WAITING ||
            (phase == CONNECTION_RECEIVING &&
             elapsed(since_of(candidate->state), now) >= CROWDED_REQUEST));
}

/* States are copied, as they may change while they are sorted. */
static unsigned sort_candidates_locked(struct connections *connections)
{
    uint64_t now = now_us();
    unsigned count = 0;

    for (struct connection *connection = connections->first;
         connection != NULL && count < connections->max;
         connection = connection->next) {
        struct candidate *candidate = &connections->candidates[count];
        candidate->connection = connection;
        candidate->state = atomic_load(&connection->state);
        if (is_candidate(candidate, now))
            count++;
    }
    qsort(connections->candidates, count, sizeof(*connections->candidates),
          compare_candidates);
    return count;
}

/*
 * Close a sixteenth of all that may be open at once, so that the list is
 * not sorted again for each new connection.
 */
static void make_room_locked(struct connections *connections)
{
    unsigned wanted = connections->max - connections->crowd;
    unsigned count = sort_candidates_locked(connections);

    for (unsigned i = 0; i < count && i < wanted; i++) {
        struct candidate *candidate = &connections->candidates[i];
        if (atomic_load(&candidate->connection->state) != candidate->state)
            continue;
        if (phase_of(candidate->state) == CONNECTION_WAITING)
            close_idle_locked(connections, candidate->connection);
        else
            cut_locked(connections, candidate->connection);
    }
    connections->crowded = false;
    connections->all_busy = count == 0;
}

static struct timespec deadline_in(uint64_t ms)
{
    struct timespec deadline;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(ms / 1000);
    deadline.tv_nsec += (long)(ms % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }
    return deadline;
}

/* Let whoever waits for the lock have it: to unlock it alone does not. */
static void pause_locked(struct connections *connections)
{
    struct timespec millisecond = {.tv_nsec = 1000000};

    unlock(connections);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
    lock(connections);
}

/*
 * Look at all connections, a slice at a time: thousands of them take some
 * milliseconds, for which nobody could open or close one.
 */
static void check_all_locked(struct connections *connections)
{
    unsigned left = atomic_load(&connections->count);

    while (left > 0 && !connections->stopped) {
        unsigned checked = check_slice_locked(connections, left);
        if (checked < SLICE)
            return;
        left -= checked;
        pause_locked(connections);
        if (connections->crowded)
            make_room_locked(connections);
    }
}

static void *watch(void *context)
{
    struct connections *connections = context;
    struct timespec tick = deadline_in(TICK);
    uint64_t last_tick = now_us();

    lock(connections);
    while (!connections->stopped) {
        if (!connections->crowded)
            pthread_cond_timedwait(&connections->wake, &connections->lock,
                                   &tick);
        if (connections->crowded)
            make_room_locked(connections);
        if (elapsed(last_tick, now_us()) >= TICK) {
            check_all_locked(connections);
            connections->all_busy = false;
            connections->crowded = is_crowded_locked(connections);
            last_tick = now_us();
            tick = deadline_in(TICK);
        }
    }
    unlock(connections);
    return NULL;
}

/* Deadlines are of the monotonic clock: the wall clock may be set. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    log_check_pthread(pthread_condattr_init(&attributes),
                      "pthread_condattr_init");
    log_check_pthread(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC),
                      "pthread_condattr_setclock");
    log_check_pthread(pthread_cond_init(condition, &attributes),
                      "pthread_cond_init");
    pthread_condattr_destroy(&attributes);
}

static void release(struct connections *connections)
{
    pthread_cond_destroy(&connections->emptied);
    pthread_cond_destroy(&connections->wake);
    pthread_mutex_destroy(&connections->lock);
    free(connections->candidates);
    free(connections);
}

struct connections *connections_start(unsigned max_connections)
{
    struct connections *connections = calloc(1, sizeof(*connections));
    if (connections == NULL)
        return NULL;

    connections->max = max_connections;
    connections->crowd = max_connections - max_connections / 16;
    log_check_pthread(pthread_mutex_init(&connections->lock, NULL),
                      "pthread_mutex_init");
    init_condition(&connections->wake);
    init_condition(&connections->emptied);
    connections->candidates = calloc(max_connections, sizeof(struct candidate));
    if (connections->candidates != NULL &&
        pthread_create(&connections->thread, NULL, watch, connections) == 0)
        return connections;
    release(connections);
    return NULL;
}

void connections_free(struct connections *connections)
{
    if (connections == NULL)
        return;
    lock(connections);
    connections->stopped = true;
    pthread_cond_signal(&connections->wake);
    unlock(connections);
    log_check_pthread(pthread_join(connections->thread, NULL), "pthread_join");
    release(connections);
}

/* Until no connection is left, or the time is up: then false. */
static bool wait_emptied_locked(struct connections *connections, uint64_t ms)
{
    struct timespec deadline = deadline_in(ms);
    int result = 0;

    while (atomic_load(&connections->count) > 0 && result == 0)
        result = pthread_cond_timedwait(&connections->emptied,
                                        &connections->lock, &deadline);
    return result == 0;
}

static void close_all_idle_locked(struct connections *connections)
{
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        if (phase_of(atomic_load(&connection->state)) == CONNECTION_WAITING)
            close_idle_locked(connections, connection);
}

void connections_stop_keep_alive(struct connections *connections)
{
    atomic_store(&connections->draining, true);
}

bool connections_drain(struct connections *connections)
{
    lock(connections);
    bool emptied = wait_emptied_locked(connections, CONNECTIONS_LAST_CALL);
    connections->closing_idle = true;
    close_all_idle_locked(connections);
    unlock(connections);
    return !emptied;
}

unsigned connections_wait(struct connections *connections, unsigned ms)
{
    lock(connections);
    wait_emptied_locked(connections, ms);
    unsigned left = atomic_load(&connections->count);
    unlock(connections);
    return left;
}
