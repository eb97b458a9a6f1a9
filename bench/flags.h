/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of the programs here: -name=value, read by a table, which
 * also gives the help.
 */
#ifndef LUNAR_BENCH_FLAGS_H
#define LUNAR_BENCH_FLAGS_H

#include <stddef.h>
#include <stdint.h>

struct flag {
    const char *name;
    const char *help;

    /* A number from `min` to `max`, or `word`, if there is one, for 0. */
    uint64_t *number;
    uint64_t min, max;
    const char *word;

    /* Or, where `number` is NULL, any text. */
    const char **text;
};

/*
 * Read the arguments of main() into what `flags`, ended by one without a
 * name, point to; what is not given keeps its value. -help prints `about`
 * and the flags, and ends the program; so does a mistake, with status 2.
 */
void flags_read(int argc, char *argv[], const struct flag *flags,
                const char *about);

/* Print "program: ..." to stderr, with a line's end, and exit with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format,
                                                         ...);

/* The same with what went wrong, by errno. */
__attribute__((noreturn)) void die_errno(const char *what);

#endif
