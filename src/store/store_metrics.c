/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of the store. The journal counts commits, and the thread that
 * takes snapshots counts these; the others are read from their status when
 * somebody looks.
 */
#include "store_metrics.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "snapshots.h"
#include "store/store.h"

enum { MILLISECONDS = 3, MICROSECONDS = 6 /* decimals */ };

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

static const char *const results[SNAPSHOTS_RESULTS] = {
    [SNAPSHOTS_WRITTEN] = "written",
    [SNAPSHOTS_FAILED] = "failed",
};

static const struct metric_family snapshots = {
    .type = METRIC_COUNTER,
    .name = "lunar_snapshots_total",
    .help = "Snapshots that were tried, by their result.",
    .labels = {{"result", results, SNAPSHOTS_RESULTS}},
};

static struct store_snapshot_status snapshot_of(void *context)
{
    struct store_snapshot_status status;

    store_snapshot_status(context, &status);
    return status;
}

static void read_snapshot_time(void *context, uint64_t values[])
{
    values[0] = snapshot_of(context).took_us;
}

static const struct metric_family snapshot_seconds = {
    .type = METRIC_GAUGE,
    .name = "lunar_snapshot_seconds",
    .help = "Time that the last snapshot took.",
    .decimals = MICROSECONDS,
    .zero_is_unknown = true,
    .read = read_snapshot_time,
};

/* Not 0, which would be unknown, also if the clock was set back. */
static void read_snapshot_age(void *context, uint64_t values[])
{
    const struct store_snapshot_status status = snapshot_of(context);
    uint64_t now = clock_ms(CLOCK_REALTIME);
    uint64_t then = (uint64_t)status.time * 1000;

    if (status.exists)
        values[0] = now > then ? now - then : 1;
}

static const struct metric_family snapshot_age = {
    .type = METRIC_GAUGE,
    .name = "lunar_snapshot_age_seconds",
    .help = "Time since the last snapshot was complete.",
    .decimals = MILLISECONDS,
    .zero_is_unknown = true,
    .read = read_snapshot_age,
};

static void read_snapshot_bytes(void *context, uint64_t values[])
{
    values[0] = snapshot_of(context).bytes;
}

static const struct metric_family snapshot_bytes = {
    .type = METRIC_GAUGE,
    .name = "lunar_snapshot_bytes",
    .help = "Bytes of the last snapshot.",
    .zero_is_unknown = true,
    .read = read_snapshot_bytes,
};

static void read_snapshot_position(void *context, uint64_t values[])
{
    values[0] = snapshot_of(context).position;
}

static const struct metric_family snapshot_position = {
    .type = METRIC_GAUGE,
    .name = "lunar_snapshot_position",
    .help = "Position up to which the last snapshot has all messages.",
    .zero_is_unknown = true,
    .read = read_snapshot_position,
};

/* Of a journal whose commits and bytes are those of a disk. */
static struct journal_counts add_own_journal(struct metrics *metrics,
                                             struct store *store)
{
    metrics_add(metrics, &bytes, store);
    return (struct journal_counts){
        .commits = metrics_add(metrics, &commits, NULL),
        .seconds = metrics_add(metrics, &seconds, NULL),
        .messages = metrics_add(metrics, &messages, NULL),
        .refused = metrics_add(metrics, &refused, NULL),
    };
}

struct store_counts store_metrics_add(struct metrics *metrics,
                                      struct store *store, bool shared)
{
    struct store_counts counts = {0};

    if (!shared)
        counts.journal = add_own_journal(metrics, store);
    counts.snapshots = metrics_add(metrics, &snapshots, NULL);
    metrics_add(metrics, &position, store);
    metrics_add(metrics, &queue, store);
    metrics_add(metrics, &writable, store);
    metrics_add(metrics, &recovery, store);
    metrics_add(metrics, &snapshot_seconds, store);
    metrics_add(metrics, &snapshot_age, store);
    metrics_add(metrics, &snapshot_bytes, store);
    metrics_add(metrics, &snapshot_position, store);
    return counts;
}
