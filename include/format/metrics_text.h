/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes metrics in Prometheus's text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
#ifndef LUNAR_FORMAT_METRICS_TEXT_H
#define LUNAR_FORMAT_METRICS_TEXT_H

struct buffer;
struct metrics;

/* The media type of the format, as Prometheus spells it. */
#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Append all families of `metrics`, in their order, with all of their values;
 * nothing if it is NULL. Families whose values are not known are left out. A
 * family is read as a whole before it is written. If
 * memory is exhausted, `out` fails (buffer_failed()).
 * Locking: safe from any thread.
 */
void metrics_text_write(struct metrics *metrics, struct buffer *out);

#endif
