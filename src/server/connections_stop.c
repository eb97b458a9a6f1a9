/* SPDX-License-Identifier: Apache-2.0 */
#include "connections_stop.h"

#include <stddef.h>
#include <time.h>

#include "base/sync.h"
#include "connections_state.h"

/* False if connections are still open when the time is up. */
static bool wait_emptied_locked(struct connections *connections, uint64_t ms)
{
    struct timespec deadline = sync_deadline(ms);
    bool in_time = true;

    while (atomic_load(&connections->count) > 0 && in_time)
        in_time = sync_wait_until(&connections->emptied, &connections->lock,
                                  &deadline);
    return in_time;
}

static void close_all_idle_locked(struct connections *connections)
{
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        if (connection_phase_of(atomic_load(&connection->state)) ==
            CONNECTION_IDLE)
            connections_shut_locked(
                connections, connection,
                connection_end_locked(connection, CONNECTION_END_STOP,
                                      CONNECTION_SHUT_READ));
}

bool connections_stop_idle(struct connections *connections)
{
    sync_lock(&connections->lock);
    bool emptied = wait_emptied_locked(connections, CONNECTIONS_LAST_CALL);
    connections->closing_idle = true;
    close_all_idle_locked(connections);
    sync_unlock(&connections->lock);
    return emptied;
}

static void end_all(struct connections *connections, enum connection_end end)
{
    sync_lock(&connections->lock);
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        connection_end_locked(connection, end, CONNECTION_KEEP);
    sync_unlock(&connections->lock);
}

/* As many as there is room for, that are open and not cancelled. */
static void pin_waits(struct connections *connections, struct wait_pins *pins)
{
    sync_lock(&connections->lock);
    for (struct connection *connection = connections->first;
         connection != NULL && pins->count < WAIT_PINS;
         connection = connection->next)
        wait_pins_add(pins, &connection->wait);
    sync_unlock(&connections->lock);
}

/* A wait may begin until its thread sees that the service stops. */
unsigned connections_stop_waits(struct connections *connections, unsigned ms)
{
    struct timespec millisecond = {.tv_nsec = 1000000};
    uint64_t deadline = connection_clock() + ms * UINT64_C(1000);
    struct wait_pins pins = {.count = 0};
    struct waits *waits = &connections->waits;
    unsigned open;

    end_all(connections, CONNECTION_END_STOP);
    atomic_store(&waits->stopping, true);
    while ((open = atomic_load(&waits->open)) > 0 &&
           connection_clock() < deadline) {
        for (pin_waits(connections, &pins); pins.count > 0;
             pin_waits(connections, &pins))
            wait_pins_cancel(&pins);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
    }
    return open;
}

unsigned connections_stop_await(struct connections *connections, unsigned ms)
{
    sync_lock(&connections->lock);
    wait_emptied_locked(connections, ms);
    unsigned left = atomic_load(&connections->count);
    sync_unlock(&connections->lock);
    return left;
}
