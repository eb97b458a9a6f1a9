/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A family that is counted has a range of counters, in the order in which its
 * values are read.
 */
#include "base/metrics.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"

struct metric {
    struct metric_family family;
    void *context;
    bool forgotten; /* the context has gone */
    struct counters *counters;
    size_t first; /* of its counters */
};

struct metrics {
    struct counters *counters;
    struct metric metrics[METRICS_MAX_FAMILIES];
    size_t count;
    size_t counters_used;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics == NULL)
        return NULL;
    metrics->counters = counters_new();
    if (metrics->counters != NULL)
        return metrics;
    free(metrics);
    return NULL;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    counters_free(metrics->counters);
    free(metrics);
}

size_t metric_series(const struct metric_family *family)
{
    size_t series = 1;

    for (size_t i = 0; i < METRICS_MAX_LABELS; i++)
        if (family->labels[i].name != NULL)
            series *= family->labels[i].count;
    return series;
}

/* How many values a series has: those of a histogram end with their sum. */
static size_t values_of_series(const struct metric_family *family)
{
    return family->type == METRIC_HISTOGRAM ? family->bound_count + 2 : 1;
}

static size_t values_of(const struct metric_family *family)
{
    return metric_series(family) * values_of_series(family);
}

struct metric *metrics_add(struct metrics *metrics,
                           const struct metric_family *family, void *context)
{
    if (metrics == NULL)
        return NULL;
    assert(metrics->count < METRICS_MAX_FAMILIES);
    assert(values_of(family) <= METRICS_MAX_VALUES);
    struct metric *metric = &metrics->metrics[metrics->count++];
    *metric = (struct metric){*family, context, false, metrics->counters,
                              metrics->counters_used};
    if (family->read == NULL)
        metrics->counters_used += values_of(family);
    assert(metrics->counters_used <= COUNTERS_MAX);
    return metric;
}

void metrics_forget(struct metrics *metrics, const void *context)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < metrics->count; i++)
        if (metrics->metrics[i].context == context)
            metrics->metrics[i].forgotten = true;
}

void metric_add(struct metric *metric, size_t series, uint64_t number)
{
    if (metric == NULL)
        return;
    assert(metric->family.type != METRIC_HISTOGRAM);
    counters_add(metric->counters, metric->first + series, number);
}

void metric_observe(struct metric *metric, size_t series, uint64_t value)
{
    size_t bucket = 0;

    if (metric == NULL)
        return;
    const struct metric_family *family = &metric->family;
    assert(family->type == METRIC_HISTOGRAM);
    size_t first = metric->first + series * values_of_series(family);
    while (bucket < family->bound_count && value > family->bounds[bucket])
        bucket++;
    counters_add(metric->counters, first + bucket, 1);
    counters_add(metric->counters, first + family->bound_count + 1, value);
}

struct metric *metrics_at(struct metrics *metrics, size_t index)
{
    return metrics != NULL && index < metrics->count ? &metrics->metrics[index]
                                                     : NULL;
}

struct metric *metrics_find(struct metrics *metrics, const char *name)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (strcmp(metrics->metrics[i].family.name, name) == 0)
            return &metrics->metrics[i];
    return NULL;
}

const struct metric_family *metric_family(const struct metric *metric)
{
    return &metric->family;
}

size_t metric_read(struct metric *metric, uint64_t values[METRICS_MAX_VALUES])
{
    const struct metric_family *family = &metric->family;
    size_t count = values_of(family);

    memset(values, 0, count * sizeof(values[0]));
    if (family->read == NULL)
        counters_read(metric->counters, metric->first, count, values);
    else if (!metric->forgotten)
        family->read(metric->context, values);
    return count;
}

uint64_t metric_value(struct metric *metric, size_t series)
{
    uint64_t values[METRICS_MAX_VALUES];

    if (metric == NULL)
        return 0;
    assert(metric->family.type != METRIC_HISTOGRAM);
    metric_read(metric, values);
    return values[series];
}

uint64_t metric_total(struct metric *metric)
{
    uint64_t values[METRICS_MAX_VALUES], total = 0;

    if (metric == NULL)
        return 0;
    assert(metric->family.type != METRIC_HISTOGRAM);
    for (size_t i = metric_read(metric, values); i > 0; i--)
        total += values[i - 1];
    return total;
}
