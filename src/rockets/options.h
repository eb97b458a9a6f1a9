/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: `rockets launch URL [flags]`, `rockets help`, `rockets
 * version`. `--seed=7`, `--seed 7` and `-seed=7` are the same; flags and the
 * URL come in any order.
 */
#ifndef ROCKETS_OPTIONS_H
#define ROCKETS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"

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
    bool verify; /* then `url` ends in "/messages" */
};

enum options_command {
    OPTIONS_LAUNCH,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_INVALID, /* `error` is one line that says what to do */
};

/*
 * Read `argv` as main() has it; what is not given has its default.
 * Ownership: `options` borrows from `argv`.
 */
enum options_command options_read(struct options *options, int argc,
                                  char *const argv[], char *error,
                                  size_t error_size);

/*
 * Read a duration in Go's notation: numbers with units one after the other,
 * "500ms", "1m30s", "1.5s", "250us", or "0". Units: ns, us, ms, s, m, h.
 * False for anything else, a sign, or more than 292 years.
 */
bool options_duration(const char *text, int64_t *nanoseconds);

/* The text of `rockets help`. */
const char *options_help(void);

#endif
