/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of figures of bench_parts. Each function measures its figures in
 * turn in each of `rounds` rounds, and then prints them. A failure ends the
 * program (die() in flags.h).
 */
#ifndef LUNAR_BENCH_PARTS_H
#define LUNAR_BENCH_PARTS_H

#include "parts_report.h"

struct parts_options {
    enum parts_format format;
    unsigned rounds;  /* 1 to PARTS_MAX_ROUNDS */
    const char *only; /* name of the only group to measure; NULL: all */
};

enum { PARTS_MILLION = 1000000 };

/*
 * Resident memory of a million rockets, and the rate of launching them.
 * Measured in child processes. Runs first, because the children inherit this
 * process's heap.
 */
void parts_memory(const struct parts_options *options);

/* Whole workloads of messages, with one or more workers. */
void parts_workload(const struct parts_options *options);

/* Parsing of JSON texts to messages. */
void parts_parse(const struct parts_options *options);

/* Writing of rockets as JSON; parsing and formatting of times. */
void parts_write(const struct parts_options *options);

/* Applying messages to tables of 20 and of a million rockets. */
void parts_apply(const struct parts_options *options);

/* Lists of a million rockets. */
void parts_listing(const struct parts_options *options);

#endif
