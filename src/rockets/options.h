/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: `rockets launch URL [flags]`, `rockets help`, `rockets
 * version`. `--seed=7`, `--seed 7` and `-seed=7` are equivalent. Flags and
 * the URL may come in any order.
 */
#ifndef ROCKETS_OPTIONS_H
#define ROCKETS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"

enum { OPTIONS_MAX_URL = 2048 /* bytes */ };

struct options {
    const char *url;
    int64_t message_delay;      /* nanoseconds */
    uint32_t concurrency_level; /* 1 to 1,000 */
    uint32_t max_messages;      /* 1 to 100,000,000 */
    uint64_t seed;
    enum console_level log_level;
    bool keep_alive;
    uint32_t rockets;  /* 1 to 1,000,000 */
    uint32_t shuffle;  /* window in messages, 0: none */
    double duplicates; /* 0 to 1 */
    bool drop_launch;
    bool verify; /* implies that `url` ends in "/messages" */
};

enum options_command {
    OPTIONS_LAUNCH,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_INVALID, /* `error` is one line that says what was expected */
};

/*
 * Read the arguments of main(). A flag that is not given has its default.
 * Ownership: `options` borrows from `argv`.
 */
enum options_command options_read(struct options *options, int argc,
                                  char *const argv[], char *error,
                                  size_t error_size);

/*
 * Read a duration in Go's notation: a sequence of decimal numbers, each with
 * a unit, as in "500ms", "1m30s", "1.5s" and "250us"; or "0". The units are
 * ns, us, ms, s, m and h. Returns false for any other text, a sign, and more
 * than 292 years.
 */
bool options_duration(const char *text, int64_t *nanoseconds);

/* The text of `rockets help`. */
const char *options_help(void);

#endif
