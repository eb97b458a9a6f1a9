/* SPDX-License-Identifier: Apache-2.0 */
#include "replica_metrics.h"

#include "base/metrics.h"
#include "replica_parts.h"

enum { MILLISECONDS = 3, MICROSECONDS = 6 /* decimals */ };

static const char *const reasons[JOURNAL_SKIP_REASONS] = {
    [JOURNAL_SKIP_INVALID] = "invalid",
    [JOURNAL_SKIP_KEY] = "key",
    [JOURNAL_SKIP_TOMBSTONE] = "tombstone",
};

static const char *const results[] = {
    [REPLICA_ACKNOWLEDGED] = "acknowledged",
    [REPLICA_REFUSED] = "refused",
    [REPLICA_UNKNOWN] = "unknown",
};

static const uint64_t second_bounds[] = {
    250,   500,    1000,   2500,   5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000};

static struct journal_shared_status shared_status_of(void *context)
{
    struct replica *replica = context;
    struct journal_shared_status status;

    replica->journal.methods->shared_status(&replica->journal, &status);
    return status;
}

static uint64_t position_of(void *context)
{
    struct replica *replica = context;
    struct intake_status status;

    intake_status(replica->intake, &status);
    return status.position;
}

static void read_lag(void *context, uint64_t values[])
{
    values[0] = shared_status_of(context).lag_ms;
}

static void read_lag_messages(void *context, uint64_t values[])
{
    uint64_t position = position_of(context);
    uint64_t end = shared_status_of(context).end;

    values[0] = end > position ? end - position : 0;
}

static void read_position(void *context, uint64_t values[])
{
    values[0] = position_of(context);
}

static void read_end(void *context, uint64_t values[])
{
    values[0] = shared_status_of(context).end;
}

static void read_breaker(void *context, uint64_t values[])
{
    struct replica *replica = context;

    values[0] = breaker_is_open(&replica->outbox.breaker);
}

static void read_halted(void *context, uint64_t values[])
{
    struct replica *replica = context;

    values[0] = intake_halted(replica->intake) != NULL;
}

static void read_pending(void *context, uint64_t values[])
{
    struct replica *replica = context;

    values[0] = outbox_messages(&replica->outbox);
}

static const struct metric_family applied = {
    .type = METRIC_COUNTER,
    .name = "lunar_replica_applied_total",
    .help = "Messages of the topic that were applied, since the start.",
};

static const struct metric_family skipped = {
    .type = METRIC_COUNTER,
    .name = "lunar_replica_skipped_total",
    .help = "Records of the topic that are no messages, and were skipped.",
    .labels = {{"reason", reasons, JOURNAL_SKIP_REASONS}},
};

static const struct metric_family produced = {
    .type = METRIC_COUNTER,
    .name = "lunar_replica_produced_total",
    .help = "Messages that this instance has produced, by the report.",
    .labels = {{"result", results, sizeof(results) / sizeof(results[0])}},
};

static const struct metric_family acknowledgement = {
    .type = METRIC_HISTOGRAM,
    .name = "lunar_replica_acknowledgement_seconds",
    .help = "Time from taking a message until it is acknowledged.",
    .decimals = MICROSECONDS,
    .bounds = second_bounds,
    .bound_count = sizeof(second_bounds) / sizeof(second_bounds[0]),
};

static const struct metric_family gauges[] = {
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_lag_seconds",
        .help = "Time since all records of the topic were known to be applied.",
        .decimals = MILLISECONDS,
        .read = read_lag,
    },
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_lag_messages",
        .help = "Records of the topic that are not applied, as far as known.",
        .read = read_lag_messages,
    },
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_position",
        .help = "Offset of the last record that is applied or skipped.",
        .read = read_position,
    },
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_end",
        .help = "Offset of the last record of the topic, as far as known.",
        .read = read_end,
    },
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_breaker_open",
        .help = "1 while messages are refused as none are acknowledged.",
        .read = read_breaker,
    },
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_halted",
        .help = "1 if this instance applies no more records.",
        .read = read_halted,
    },
    {
        .type = METRIC_GAUGE,
        .name = "lunar_replica_pending_messages",
        .help = "Messages of this instance that are not acknowledged yet.",
        .read = read_pending,
    },
};

void replica_metrics_add(struct replica *replica)
{
    struct metrics *metrics = replica->options.metrics;

    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
        metrics_add(metrics, &gauges[i], replica);
    replica->counts = (struct replica_counts){
        .applied = metrics_add(metrics, &applied, NULL),
        .skipped = metrics_add(metrics, &skipped, NULL),
        .produced = metrics_add(metrics, &produced, NULL),
        .acknowledgement = metrics_add(metrics, &acknowledgement, NULL),
    };
}

void replica_metrics_forget(struct replica *replica)
{
    if (replica->options.metrics != NULL)
        metrics_forget(replica->options.metrics, replica);
}
