/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of figures of bench_parts. Each measures `rounds` rounds, its
 * figures in turn in each of them, and prints them. What goes wrong ends the
 * program.
 */
#ifndef LUNAR_BENCH_PARTS_H
#define LUNAR_BENCH_PARTS_H

#include "parts_report.h"

struct parts_options {
    enum parts_format format;
    unsigned rounds;  /* 1 to PARTS_MAX_ROUNDS */
    const char *only; /* the group that is wanted; NULL: all */
};

enum { PARTS_MILLION = 1000000 };

/*
 * Resident memory of a million rockets, and the time that they take to
 * come. In child processes; comes first, while our own heap is clean.
 */
void parts_memory(const struct parts_options *options);

/* Whole workloads of messages, with several workers. */
void parts_workload(const struct parts_options *options);

/* Texts to messages. */
void parts_parse(const struct parts_options *options);

/* Rockets and times to text, and times from it. */
void parts_write(const struct parts_options *options);

/* Messages into tables of 20 and of a million rockets. */
void parts_apply(const struct parts_options *options);

/* Lists of a million rockets. */
void parts_listing(const struct parts_options *options);

#endif
