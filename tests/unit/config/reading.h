/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads command lines and environments, which are strings here, and compares
 * what they set.
 */
#ifndef LUNAR_TESTS_UNIT_CONFIG_READING_H
#define LUNAR_TESTS_UNIT_CONFIG_READING_H

#include <stddef.h>

#include "config/config.h"

enum { READING_WORDS = 13 /* of a command line, or of an environment */ };

/* Half of its memory is 7 MiB. */
extern const struct machine reading_machine;

/* A command line and an environment, and the result of reading them. */
struct reading {
    char arguments[512], variables[512];
    char *argv[READING_WORDS + 2];
    char *environment[READING_WORDS + 1];
    struct config config;
    struct config_report report;
};

struct reading_case {
    const char *arguments, *variables; /* each split at its spaces */
    /*
     * What differs from the defaults, as "port=9000 host=:: "; "help",
     * "version" or the error.
     */
    const char *outcome;
};

/* Errors that several tests expect. */
#define PORT "expected a number from 0 to 65535, or none"
#define THREADS "expected a number from 1 to 256, or per-connection"
#define BACKUP                                                                 \
    "expected a file, as in /backup/lunar.backup, of at most 400 bytes"
#define REFUSED(argument, expected)                                            \
    {                                                                          \
        argument, "", argument ": " expected                                   \
    }

/*
 * Read them on that machine.
 * Ownership: `reading` must outlive its config, which points into it.
 */
enum config_result reading_read(struct reading *reading, const char *arguments,
                                const char *variables);

/* Fail unless each case has its outcome. */
void reading_check(const struct reading_case *cases, size_t count);

#endif
