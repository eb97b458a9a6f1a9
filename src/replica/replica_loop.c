/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's thread. It waits until reports or records come, and takes them
 * in turns: first the reports, so that the tickets of most records are known
 * when these are applied. It looks at all queues in each turn, as one of them
 * is often filled a moment after another.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"
#include "outbox_produce.h"
#include "replica_parts.h"

enum { FDS = 3 };

/* Until one of the queues has something, but not for longer than the tick. */
static void wait_for_queues(const struct replica *replica, int timeout_ms)
{
    struct pollfd fds[FDS] = {
        {.fd = replica->clients.reports_fd, .events = POLLIN},
        {.fd = replica->clients.records_fd, .events = POLLIN},
        {.fd = replica->wake_fd, .events = POLLIN},
    };
    uint64_t count;

    if (poll(fds, FDS, timeout_ms) <= 0)
        return;
    for (size_t i = 0; i < FDS; i++) {
        if (fds[i].revents != 0 && read(fds[i].fd, &count, sizeof(count)) < 0 &&
            errno != EAGAIN && errno != EINTR) {
            log_line(LOG_ERROR, "cannot read an eventfd of the journal");
            abort();
        }
    }
}

/* The status has changed in a way that snapshots depend on. */
static void notice_problem(struct replica *replica)
{
    const struct journal_target *target = replica->target;
    const char *problem = outbox_problem(&replica->outbox);

    if (problem == replica->problem)
        return;
    replica->problem = problem;
    if (target->notice != NULL)
        target->notice(target->context);
}

/*
 * Take what is there. Whether there may be more. `committed` is called in each
 * turn: the thread has no others than those for which there is something, and
 * those of the tick.
 */
static bool take_turn(struct replica *replica)
{
    const struct journal_target *target = replica->target;
    const struct intake_finder finder = {&replica->outbox, outbox_find};
    size_t taken;

    outbox_begin(&replica->outbox);
    clients_serve(&replica->clients);
    if (intake_halted(replica->intake) != NULL ||
        outbox_is_rewound(&replica->outbox))
        outbox_refuse(&replica->outbox);
    else
        outbox_send(&replica->outbox);
    taken = intake_drain(replica->intake, target, &finder, 0);
    outbox_end(&replica->outbox);
    if (taken > 0)
        client_log_answer(&replica->clients.log);
    if (outbox_is_rewound(&replica->outbox))
        intake_halt(replica->intake,
                    "topic %s has written a message at an offset that this "
                    "instance had applied before: the topic was made anew, or "
                    "its brokers have lost records: see docs/replicas.md "
                    "before starting any instance again",
                    replica->options.topic);
    if (intake_halted(replica->intake) != NULL)
        outbox_close(&replica->outbox);
    notice_problem(replica);
    if (target->committed != NULL)
        target->committed(target->context);
    return taken == INTAKE_BATCH;
}

/* What waits for a report may get one in that time. */
static void flush_outbox(struct replica *replica)
{
    struct timespec deadline = sync_deadline(REPLICA_FLUSH_MS);
    struct timespec now = sync_deadline(0);

    while (!outbox_is_empty(&replica->outbox) &&
           (now.tv_sec < deadline.tv_sec || (now.tv_sec == deadline.tv_sec &&
                                             now.tv_nsec < deadline.tv_nsec))) {
        wait_for_queues(replica, outbox_wait_ms(&replica->outbox));
        take_turn(replica);
        now = sync_deadline(0);
    }
    outbox_give_up(&replica->outbox);
    if (replica->target->committed != NULL)
        replica->target->committed(replica->target->context);
}

static void *run_loop(void *context)
{
    struct replica *replica = context;
    bool more = false;

    while (!atomic_load(&replica->stopping)) {
        if (!more)
            wait_for_queues(replica, outbox_wait_ms(&replica->outbox));
        more = take_turn(replica);
    }
    flush_outbox(replica);
    return NULL;
}

bool replica_loop_start(struct replica *replica)
{
    return pthread_create(&replica->thread, NULL, run_loop, replica) == 0;
}

void replica_loop_stop(struct replica *replica)
{
    outbox_close(&replica->outbox);
    atomic_store(&replica->stopping, true);
    outbox_wake(&replica->outbox);
    sync_join(replica->thread);
}
