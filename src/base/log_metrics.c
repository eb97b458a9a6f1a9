/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_metrics.h"

#include "base/log.h"
#include "base/metrics.h"

static void read_lines(void *context, uint64_t values[])
{
    (void)context;
    for (int i = 0; i < LOG_LEVEL_COUNT; i++)
        values[i] = log_lines((enum log_level)i);
}

static const struct metric_family lines = {
    .type = METRIC_COUNTER,
    .name = "lunar_log_lines_total",
    .help = "Lines of the log, by level, those that were dropped as well.",
    .labels = {{"level", log_level_names, LOG_LEVEL_COUNT}},
    .read = read_lines,
};

static void read_dropped(void *context, uint64_t values[])
{
    (void)context;
    values[0] = log_lines_dropped();
}

static const struct metric_family dropped = {
    .type = METRIC_COUNTER,
    .name = "lunar_log_lines_dropped_total",
    .help = "Lines of the log that stderr did not take.",
    .read = read_dropped,
};

void log_metrics_add(struct metrics *metrics)
{
    metrics_add(metrics, &lines, NULL);
    metrics_add(metrics, &dropped, NULL);
}
