/* SPDX-License-Identifier: Apache-2.0 */
#include "api_metrics.h"

#include "api/api.h"
#include "base/metrics.h"

static const char *const results[API_RESULT_COUNT] = {
    [API_APPLIED] = "applied",     [API_DUPLICATE] = "duplicate",
    [API_STALE] = "stale",         [API_REJECTED] = "rejected",
    [API_NO_MEMORY] = "no_memory",
};

static const struct metric_family messages = {
    .type = METRIC_COUNTER,
    .name = "lunar_messages_total",
    .help = "Messages, each one of a batch as well, by what became of them.",
    .labels = {{"result", results, API_RESULT_COUNT}},
};

void api_metrics_add(struct api *api, struct metrics *metrics)
{
    api->messages = metrics_add(metrics, &messages, NULL);
}
