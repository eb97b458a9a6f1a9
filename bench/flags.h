/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of the benchmark programs: flags of the form -name=value.
 * A table of flags drives the parser and the help. Also die(), by which these
 * programs end on failure.
 */
#ifndef LUNAR_BENCH_FLAGS_H
#define LUNAR_BENCH_FLAGS_H

#include <stddef.h>
#include <stdint.h>

struct flag {
    const char *name;
    const char *help;

    /* A number from `min` to `max`; or `word`, if not NULL, which gives 0. */
    uint64_t *number;
    uint64_t min, max;
    const char *word;

    /* If `number` is NULL: any text. */
    const char **text;
};

/*
 * Read the arguments of main() into the variables that `flags` point to. An
 * element with a NULL name ends `flags`. A variable whose flag is not given
 * keeps its value. -help prints `about` and the flags and exits with 0; an
 * invalid argument prints them on stderr and exits with 2.
 */
void flags_read(int argc, char *argv[], const struct flag *flags,
                const char *about);

/* Print "program: ..." and a LF on stderr, and exit with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format,
                                                         ...);

/* die() with "`what`: " and the text of errno. */
__attribute__((noreturn)) void die_errno(const char *what);

#endif
