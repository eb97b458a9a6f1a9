/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of the application, and what an outcome adds to them.
 */
#include "api_metrics.h"

#include "api/api.h"
#include "base/metrics.h"
#include "base/workers.h"
#include "store/commit.h"
#include "table/table.h"

static const char *const results[API_RESULT_COUNT] = {
    [API_APPLIED] = "applied",     [API_DUPLICATE] = "duplicate",
    [API_STALE] = "stale",         [API_REJECTED] = "rejected",
    [API_NO_MEMORY] = "no_memory", [API_NOT_WRITTEN] = "not_written",
    [API_UNKNOWN] = "unknown",
};

static const struct metric_family messages = {
    .type = METRIC_COUNTER,
    .name = "lunar_messages_total",
    .help = "Messages, each one of a batch as well, by what became of them.",
    .labels = {{"result", results, API_RESULT_COUNT}},
};

static const struct metric_family launches = {
    .type = METRIC_COUNTER,
    .name = "lunar_launches_total",
    .help = "Messages of type RocketLaunched that were applied.",
};

static const struct metric_family explosions = {
    .type = METRIC_COUNTER,
    .name = "lunar_explosions_total",
    .help = "Messages of type RocketExploded that were applied.",
};

static const uint64_t batch_bounds[] = {1,     10,     100,    1000,
                                        10000, 100000, 1000000};

static const struct metric_family batches = {
    .type = METRIC_HISTOGRAM,
    .name = "lunar_batch_messages",
    .help = "Lines of a batch that has arrived as a whole, without blank ones.",
    .bounds = batch_bounds,
    .bound_count = sizeof(batch_bounds) / sizeof(batch_bounds[0]),
};

static const char *const auth_failure_reasons[API_AUTH_FAILURE_COUNT] = {
    [API_AUTH_MISSING] = "missing", [API_AUTH_INVALID_TOKEN] = "invalid_token",
    [API_AUTH_SESSION] = "session", [API_AUTH_SCOPE] = "scope",
    [API_AUTH_LOGIN] = "login",
};

static const struct metric_family auth_failures = {
    .type = METRIC_COUNTER,
    .name = "lunar_auth_failures_total",
    .help = "Requests that were refused for want of a token or its scope.",
    .labels = {{"reason", auth_failure_reasons, API_AUTH_FAILURE_COUNT}},
};

static void read_lists(void *context, uint64_t values[])
{
    struct api *api = context;

    values[0] = atomic_load(&api->streams);
}

static const struct metric_family lists = {
    .type = METRIC_GAUGE,
    .name = "lunar_lists_streaming",
    .help = "Whole lists that are being sent.",
    .read = read_lists,
};

static void read_queued(void *context, uint64_t values[])
{
    const struct api *api = context;

    values[0] = workers_queued(api->workers);
}

static const struct metric_family queued = {
    .type = METRIC_GAUGE,
    .name = "lunar_workers_queued",
    .help = "Jobs that wait for a worker thread.",
    .read = read_queued,
};

/* In the order of the label's values. */
static void read_rockets(void *context, uint64_t values[])
{
    const struct api *api = context;
    struct table_summary summary = table_summary(api->table);

    values[0] = summary.rockets - summary.exploded;
    values[1] = summary.exploded;
}

static const char *const statuses[] = {"active", "exploded"};

static const struct metric_family rockets = {
    .type = METRIC_GAUGE,
    .name = "lunar_rockets",
    .help = "Rockets by their status.",
    .labels = {{"status", statuses, 2}},
    .read = read_rockets,
};

static void read_unlaunched(void *context, uint64_t values[])
{
    const struct api *api = context;

    values[0] = table_summary(api->table).unlaunched;
}

static const struct metric_family unlaunched = {
    .type = METRIC_GAUGE,
    .name = "lunar_rockets_unlaunched",
    .help = "Rockets whose launch has not arrived.",
    .read = read_unlaunched,
};

static void read_incomplete(void *context, uint64_t values[])
{
    const struct api *api = context;

    values[0] = table_summary(api->table).incomplete;
}

static const struct metric_family incomplete = {
    .type = METRIC_GAUGE,
    .name = "lunar_rockets_incomplete",
    .help = "Rockets with missing messages.",
    .read = read_incomplete,
};

static void read_missing(void *context, uint64_t values[])
{
    const struct api *api = context;

    values[0] = table_summary(api->table).missing;
}

static const struct metric_family missing = {
    .type = METRIC_GAUGE,
    .name = "lunar_missing_messages",
    .help = "Missing messages of all rockets.",
    .read = read_missing,
};

static void read_memory(void *context, uint64_t values[])
{
    const struct api *api = context;

    values[0] = table_memory(api->table);
}

static const struct metric_family memory = {
    .type = METRIC_GAUGE,
    .name = "lunar_table_memory_bytes",
    .help = "Memory of the rockets, as counted against the limit.",
    .read = read_memory,
};

static void read_memory_limit(void *context, uint64_t values[])
{
    const struct api *api = context;

    values[0] = table_memory_limit(api->table);
}

static const struct metric_family memory_limit = {
    .type = METRIC_GAUGE,
    .name = "lunar_table_memory_limit_bytes",
    .help = "The limit of that memory, -max-memory.",
    .read = read_memory_limit,
};

static void read_build(void *context, uint64_t values[])
{
    (void)context;
    values[0] = 1;
}

static const char *const version[] = {LUNAR_VERSION};

static const struct metric_family build = {
    .type = METRIC_GAUGE,
    .name = "lunar_build_info",
    .help = "1; the label is the version.",
    .labels = {{"version", version, 1}},
    .read = read_build,
};

void api_metrics_add(struct api *api, struct metrics *metrics)
{
    api->counts = (struct api_metrics){
        .messages = metrics_add(metrics, &messages, NULL),
        .launches = metrics_add(metrics, &launches, NULL),
        .explosions = metrics_add(metrics, &explosions, NULL),
        .batches = metrics_add(metrics, &batches, NULL),
        .auth_failures = metrics_add(metrics, &auth_failures, NULL),
    };
    metrics_add(metrics, &rockets, api);
    metrics_add(metrics, &unlaunched, api);
    metrics_add(metrics, &incomplete, api);
    metrics_add(metrics, &missing, api);
    metrics_add(metrics, &lists, api);
    metrics_add(metrics, &queued, api);
    metrics_add(metrics, &memory, api);
    metrics_add(metrics, &memory_limit, api);
    metrics_add(metrics, &build, api);
}

void api_metrics_count(const struct api_metrics *counts,
                       enum message_outcome outcome, uint64_t number)
{
    static const enum api_result counted_as[] = {
        [MESSAGE_APPLIED] = API_APPLIED,
        [MESSAGE_DUPLICATE] = API_DUPLICATE,
        [MESSAGE_STALE] = API_STALE,
        [MESSAGE_NO_MEMORY] = API_NO_MEMORY,
    };

    if (number > 0)
        metric_add(counts->messages, counted_as[outcome], number);
}

void api_metrics_count_ticket(const struct api_metrics *counts,
                              const struct commit_ticket *ticket)
{
    for (enum message_outcome i = MESSAGE_APPLIED; i < MESSAGE_NO_MEMORY; i++)
        api_metrics_count(counts, i, ticket->outcomes[i]);
    if (ticket->launches > 0)
        metric_add(counts->launches, 0, ticket->launches);
    if (ticket->explosions > 0)
        metric_add(counts->explosions, 0, ticket->explosions);
}
