/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the process, by the names that Prometheus's client libraries
 * give them, so that dashboards for any program show this one too.
 */
#ifndef LUNAR_BASE_PROCESS_METRICS_H
#define LUNAR_BASE_PROCESS_METRICS_H

#include <stdint.h>

struct metrics;

struct process_metrics {
    const char *root;
    uint64_t start; /* milliseconds since 1970, UTC */
};

/*
 * Add the families to `metrics`. `root` is put before the paths of /proc: "",
 * or a folder with copies of its files. What the system does not say is not
 * shown, and without the time of the start it is now.
 * Ownership: `process` and `root` are borrowed.
 */
void process_metrics_add(struct process_metrics *process, const char *root,
                         struct metrics *metrics);

#endif
