/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of the journal, each for the threads that journal.h names, and
 * its begin and end.
 */
#include "replica/replica.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sync.h"
#include "client/token.h"
#include "peer.h"
#include "peer_get.h"
#include "replica_error.h"
#include "replica_parts.h"

static struct replica *of_journal(struct journal *journal)
{
    return container_of(journal, struct replica, journal);
}

/* What the clients have last said, for texts about what is awaited. */
static void describe_problem(void *context, char text[JOURNAL_ERROR])
{
    struct replica *replica = context;
    char last[CLIENT_LOG_ERROR];

    client_log_last(&replica->clients.log, last);
    replica_error(text, "%s", last);
}

static void serve_clients(void *context)
{
    struct replica *replica = context;

    clients_serve(&replica->clients);
    clients_serve_consumer(&replica->clients);
}

static struct prepare_topic topic_of(struct replica *replica)
{
    return (struct prepare_topic){
        .producer = replica->clients.producer,
        .produced = replica->clients.produced,
        .consumer = replica->clients.consumer,
        .consumed = replica->clients.consumed,
        .brokers = replica->options.brokers,
        .has_peers = replica->options.peers != NULL,
        .problem = describe_problem,
        .serve = serve_clients,
        .context = replica,
    };
}

static enum journal_replayed prepare(struct journal *journal,
                                     const struct journal_place *snapshot,
                                     bool *needs_snapshot,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR])
{
    struct replica *self = of_journal(journal);
    struct prepare_topic topic = topic_of(self);
    enum journal_replayed result =
        prepare_run(&topic, snapshot, watch, &self->prepared, error);

    if (result != JOURNAL_COMPLETE)
        return result;
    journal->id = self->prepared.id;
    *needs_snapshot = self->prepared.needs_snapshot;
    return JOURNAL_COMPLETE;
}

static enum journal_replayed fetch(struct journal *journal, const char *path,
                                   const struct journal_watch *watch,
                                   char error[JOURNAL_ERROR])
{
    const struct replica_options *options = &of_journal(journal)->options;
    const struct peer_access access = {options->peer_token, options->ca_file};

    return peer_fetch(options->peers, &access, path, watch, error);
}

static enum journal_replayed replay(struct journal *journal, uint64_t after,
                                    const struct journal_target *target,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    struct replica *self = of_journal(journal);
    struct prepare_topic topic = topic_of(self);
    const struct prepare_records records = {
        .prepared = &self->prepared,
        .intake = self->intake,
        .target = target,
        .after = after,
    };
    enum journal_replayed result =
        prepare_replay(&topic, &records, watch, error);

    if (result == JOURNAL_COMPLETE)
        atomic_store(&self->caught_up, true);
    return result;
}

static bool start(struct journal *journal, const struct journal_target *target)
{
    struct replica *self = of_journal(journal);

    self->target = target;
    intake_serve(self->intake);
    atomic_store(&self->watch,
                 topic_watch_start(self->clients.consumer,
                                   self->clients.consumed, self->intake,
                                   self->prepared.born));
    if (atomic_load(&self->watch) == NULL)
        return false;
    outbox_open(&self->outbox, target, intake_next(self->intake));
    self->started = replica_loop_start(self);
    return self->started;
}

static bool append(struct journal *journal, struct journal_ticket *ticket)
{
    struct replica *self = of_journal(journal);

    /* The journal's thread closes the outbox, but a moment later. */
    return intake_halted(self->intake) == NULL &&
           outbox_append(&self->outbox, ticket);
}

static void read_status(struct journal *journal, struct journal_status *status)
{
    struct replica *self = of_journal(journal);
    struct intake_status intake;

    intake_status(self->intake, &intake);
    *status = (struct journal_status){
        .position = intake.position,
        .bytes = intake.bytes - atomic_load(&self->forgotten),
        .queued = outbox_bytes(&self->outbox),
        .problem = outbox_problem(&self->outbox),
    };
}

static void read_shared_status(struct journal *journal,
                               struct journal_shared_status *status)
{
    struct replica *self = of_journal(journal);
    struct topic_watch *watch = atomic_load(&self->watch);
    struct intake_status intake;

    intake_status(self->intake, &intake);
    *status = (struct journal_shared_status){
        .topic = self->options.topic,
        .end = intake.position,
        .caught_up = atomic_load(&self->caught_up),
        .halted = intake_halted(self->intake),
        .last_skipped = intake.last_skipped,
        .last_reason = intake.last_reason,
    };
    memcpy(status->skipped, intake.skipped, sizeof(status->skipped));
    if (status->caught_up && watch != NULL)
        topic_watch_status(watch, &status->end, &status->lag_ms);
}

/* The topic has no segments of ours: the place is where the snapshot begins. */
static uint64_t roll(struct journal *journal)
{
    struct replica *self = of_journal(journal);
    struct intake_status intake;

    /* In this order what is counted as rolled is never too much. */
    intake_status(self->intake, &intake);
    intake_place(self->intake, &self->rolled);
    self->rolled_bytes = intake.bytes;
    return self->rolled.position;
}

static void describe_roll(struct journal *journal, struct journal_place *place)
{
    struct replica *self = of_journal(journal);

    place->check = self->rolled.check;
    place->rules = self->rolled.rules;
}

/* Records are deleted from the topic by -trim-topic only. */
static bool forget(struct journal *journal, uint64_t position,
                   const _Atomic bool *stop)
{
    struct replica *self = of_journal(journal);

    (void)stop;
    if (position == self->rolled.position)
        atomic_store(&self->forgotten, self->rolled_bytes);
    return true;
}

static bool tidy(struct journal *journal)
{
    (void)journal;
    return true;
}

static void free_replica(struct replica *replica)
{
    replica_metrics_forget(replica);
    intake_free(replica->intake);
    clients_close(&replica->clients);
    outbox_release(&replica->outbox);
    if (replica->wake_fd >= 0)
        close(replica->wake_fd);
    free(replica);
}

/*
 * The threads end before what they use. Reports that come from the purge are
 * not awaited: no ticket is left, and the parcels are freed without them.
 */
static void stop(struct journal *journal)
{
    struct replica *self = of_journal(journal);

    topic_watch_end(atomic_load(&self->watch));
    if (self->started)
        replica_loop_stop(self);
    topic_watch_stop(atomic_load(&self->watch));
    clients_purge(&self->clients);
    free_replica(self);
}

static const struct journal_methods methods = {
    .prepare = prepare,
    .fetch = fetch,
    .replay = replay,
    .start = start,
    .append = append,
    .status = read_status,
    .shared_status = read_shared_status,
    .roll = roll,
    .describe_roll = describe_roll,
    .forget = forget,
    .tidy = tidy,
    .stop = stop,
};

/* The same without peers: nobody can be asked for a snapshot. */
static const struct journal_methods methods_alone = {
    .prepare = prepare,
    .replay = replay,
    .start = start,
    .append = append,
    .status = read_status,
    .shared_status = read_shared_status,
    .roll = roll,
    .describe_roll = describe_roll,
    .forget = forget,
    .tidy = tidy,
    .stop = stop,
};

bool replica_is_built(void)
{
    return true;
}

/* All that needs the clients. False with a text. */
static bool make_parts(struct replica *replica, char error[JOURNAL_ERROR])
{
    struct intake_options intake = {
        .consumer = replica->clients.consumer,
        .topic = replica->clients.consumed,
        .queue = replica->clients.records,
        .applied = replica->counts.applied,
        .skipped = replica->counts.skipped,
    };

    replica->intake = intake_new(&intake);
    replica->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int number = errno;
    outbox_init(&replica->outbox, &replica->options.limits,
                replica->clients.produced, &replica->counts, replica->wake_fd);
    if (replica->intake != NULL && replica->wake_fd >= 0)
        return true;
    replica_error(error, "cannot start the journal on Kafka: %s",
                  replica->intake == NULL ? "memory is exhausted"
                                          : strerrordesc_np(number));
    return false;
}

/* At the start, not when a peer is asked, which is rare. */
static bool check_files(const struct replica_options *options,
                        char error[JOURNAL_ERROR])
{
    return (options->peer_token == NULL ||
            client_check_token(options->peer_token, error)) &&
           (options->ca_file == NULL ||
            client_check_authorities(options->ca_file, error));
}

struct journal *replica_open(const struct replica_options *options,
                             char error[JOURNAL_ERROR])
{
    struct replica *replica = calloc(1, sizeof(*replica));
    const struct clients_reports reports = {
        outbox_report, replica == NULL ? NULL : &replica->outbox};

    if (replica == NULL) {
        replica_error(error, "memory is exhausted");
        return NULL;
    }
    replica->journal = (struct journal){
        .methods = options->peers == NULL ? &methods_alone : &methods,
        .shared = true,
    };
    replica->options = *options;
    replica->wake_fd = -1;
    if (!check_files(options, error) ||
        !clients_open(&replica->clients, options, &reports, error)) {
        free(replica);
        return NULL;
    }
    replica_metrics_add(replica);
    if (make_parts(replica, error))
        return &replica->journal;
    free_replica(replica);
    return NULL;
}
