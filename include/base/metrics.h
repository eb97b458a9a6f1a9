/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service counts and measures, for people and for Prometheus: families
 * of metrics, each with a name, a type, and one value for each combination of
 * its labels' values, which are fixed
 * (https://prometheus.io/docs/concepts/data_model/). Every room adds its own
 * families; whoever shows them knows no room.
 *
 * A family is either counted here, by any thread, at next to no cost; or its
 * values are read from their owner when somebody wants to see them.
 *
 * Values are integers. Those of a family with `decimals` stand for fractions:
 * 1500 with 6 decimals is 0.0015. So microseconds are shown as seconds,
 * exactly.
 */
#ifndef LUNAR_BASE_METRICS_H
#define LUNAR_BASE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    METRICS_MAX_FAMILIES = 64,
    METRICS_MAX_LABELS = 2, /* of a family */
    METRICS_MAX_VALUES = 320,
};

enum metric_type {
    METRIC_COUNTER, /* only grows */
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
};

struct metric_label {
    const char *name; /* NULL: no label */
    const char *const *values;
    size_t count;
};

struct metric_family {
    enum metric_type type;
    const char *name; /* "lunar_connections_closed_total" */
    const char *help; /* a sentence, without a newline */
    struct metric_label labels[METRICS_MAX_LABELS];
    unsigned decimals;
    /*
     * The family is not shown while all of its values are 0: what has no such
     * value is not known then, and a 0 would look like a measurement.
     */
    bool zero_is_unknown;
    /*
     * Of a histogram: the upper bounds of its buckets, rising. The last bucket
     * has none.
     */
    const uint64_t *bounds;
    size_t bound_count;
    /*
     * Fill in all values, as metric_read(); they are 0 before. Called from any
     * thread. NULL: the values are counted.
     */
    void (*read)(void *context, uint64_t values[]);
};

struct metrics;

/* A family that was added. */
struct metric;

/* Without a family. NULL if memory is exhausted. */
struct metrics *metrics_new(void);

/* No other thread may count any more. NULL does nothing. */
void metrics_free(struct metrics *metrics);

/*
 * Add a family; they are shown in this order. `context` is for its `read`. If
 * `metrics` is NULL, the result is NULL, for which nothing is counted.
 * Ownership: `family` is copied, but what it points to is borrowed, and so is
 * `context`; the result is of `metrics`.
 * Locking: only while no other thread uses `metrics`.
 */
struct metric *metrics_add(struct metrics *metrics,
                           const struct metric_family *family, void *context);

/*
 * `context` will not exist any more: the families that are read from it are
 * 0 from now on. Locking: as metrics_add().
 */
void metrics_forget(struct metrics *metrics, const void *context);

/*
 * Add `number` to a counter. `series` numbers the combinations of the labels'
 * values: that of the last label counts fastest.
 * Locking: safe from any thread.
 */
void metric_add(struct metric *metric, size_t series, uint64_t number);

/* Put `value` into its bucket of a histogram, and add it to the sum. */
void metric_observe(struct metric *metric, size_t series, uint64_t value);

/* The families, in their order: up to NULL. `metrics` may be NULL. */
struct metric *metrics_at(struct metrics *metrics, size_t index);

/* The family with this name; NULL if there is none. */
struct metric *metrics_find(struct metrics *metrics, const char *name);

const struct metric_family *metric_family(const struct metric *metric);

/* How many combinations of its labels' values a family has: at least 1. */
size_t metric_series(const struct metric_family *family);

/*
 * Read all values: one for each series; of a histogram the buckets, each
 * without those below it, then the sum of what was observed, for each series.
 * Returns how many.
 * Locking: safe from any thread.
 */
size_t metric_read(struct metric *metric, uint64_t values[METRICS_MAX_VALUES]);

/* The value of one series of a counter or gauge. 0 if `metric` is NULL. */
uint64_t metric_value(struct metric *metric, size_t series);

/* The sum of all values of a counter or gauge. 0 if `metric` is NULL. */
uint64_t metric_total(struct metric *metric);

#endif
