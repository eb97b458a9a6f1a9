/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: `rockets launch URL [flags]`, `rockets watch URL [flags]`,
 * `rockets help`, `rockets version`.
 */
#ifndef ROCKETS_OPTIONS_H
#define ROCKETS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "access.h"
#include "console.h"
#include "flags.h"
#include "watch_options.h"

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
    struct access access;
    bool verify; /* implies that `url` ends in "/messages" */

    struct watch_options
        watch; /* of OPTIONS_WATCH, to which all else is none */
};

enum options_command {
    OPTIONS_LAUNCH,
    OPTIONS_WATCH,
    OPTIONS_HELP,
    OPTIONS_WATCH_HELP,
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

/* The flags of `rockets launch`. */
extern const struct flag_table options_flags;

/* Write the text of `rockets help`. */
void options_write_help(FILE *out);

/* Write the text of `rockets watch --help`. */
void options_write_watch_help(FILE *out);

#endif
