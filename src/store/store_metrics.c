/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of the store. The journal counts commits; the others are read
 * from its status when somebody looks.
 */
#include "store_metrics.h"

#include "base/metrics.h"
#include "store/store.h"

enum { MICROSECONDS = 6 /* decimals */ };

static const struct metric_family commits = {
    .type = METRIC_COUNTER,
    .name = "lunar_journal_commits_total",
    .help = "Commits of the journal, each with one sync of the disk.",
};

static const uint64_t second_bounds[] = {
    100,   250,   500,    1000,   2500,   5000,    10000,
    25000, 50000, 100000, 250000, 500000, 1000000, 2500000};

static const struct metric_family seconds = {
    .type = METRIC_HISTOGRAM,
    .name = "lunar_journal_commit_seconds",
    .help = "Time of a commit, until it is durable.",
    .decimals = MICROSECONDS,
    .bounds = second_bounds,
    .bound_count = sizeof(second_bounds) / sizeof(second_bounds[0]),
};

static const uint64_t message_bounds[] = {1, 4, 16, 64, 256, 1024, 4096, 16384};

static const struct metric_family messages = {
    .type = METRIC_HISTOGRAM,
    .name = "lunar_journal_commit_messages",
    .help = "Messages of a commit.",
    .bounds = message_bounds,
    .bound_count = sizeof(message_bounds) / sizeof(message_bounds[0]),
};

static const struct metric_family refused = {
    .type = METRIC_COUNTER,
    .name = "lunar_journal_refused_total",
    .help = "Messages that were refused as the journal could not be written.",
};

static struct journal_status status_of(void *context)
{
    struct journal_status status;

    store_status(context, &status);
    return status;
}

static void read_bytes(void *context, uint64_t values[])
{
    values[0] = status_of(context).bytes;
}

static const struct metric_family bytes = {
    .type = METRIC_GAUGE,
    .name = "lunar_journal_bytes",
    .help = "Bytes of the journal on the disk.",
    .read = read_bytes,
};

static void read_position(void *context, uint64_t values[])
{
    values[0] = status_of(context).position;
}

static const struct metric_family position = {
    .type = METRIC_GAUGE,
    .name = "lunar_journal_position",
    .help = "Position of the last message that is durable and applied.",
    .read = read_position,
};

static void read_queue(void *context, uint64_t values[])
{
    values[0] = status_of(context).queued;
}

static const struct metric_family queue = {
    .type = METRIC_GAUGE,
    .name = "lunar_journal_queue",
    .help = "Bytes of messages that wait for a commit.",
    .read = read_queue,
};

static void read_writable(void *context, uint64_t values[])
{
    values[0] = status_of(context).problem == NULL;
}

static const struct metric_family writable = {
    .type = METRIC_GAUGE,
    .name = "lunar_journal_writable",
    .help = "1 while the journal can be written, else 0.",
    .read = read_writable,
};

static void read_recovery(void *context, uint64_t values[])
{
    values[0] = store_recovery_us(context);
}

static const struct metric_family recovery = {
    .type = METRIC_GAUGE,
    .name = "lunar_journal_recovery_seconds",
    .help = "Time that it took at the start to read the journal.",
    .decimals = MICROSECONDS,
    .zero_is_unknown = true,
    .read = read_recovery,
};

struct journal_counts store_metrics_add(struct metrics *metrics,
                                        struct store *store)
{
    struct journal_counts counts = {
        .commits = metrics_add(metrics, &commits, NULL),
        .seconds = metrics_add(metrics, &seconds, NULL),
        .messages = metrics_add(metrics, &messages, NULL),
        .refused = metrics_add(metrics, &refused, NULL),
    };

    metrics_add(metrics, &bytes, store);
    metrics_add(metrics, &position, store);
    metrics_add(metrics, &queue, store);
    metrics_add(metrics, &writable, store);
    metrics_add(metrics, &recovery, store);
    return counts;
}
