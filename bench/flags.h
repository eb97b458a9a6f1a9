/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of the benchmark programs: flags of the form -name=number,
 * or -name=file. Also die(), by which these programs end on failure.
 */
#ifndef LUNAR_BENCH_FLAGS_H
#define LUNAR_BENCH_FLAGS_H

#include <stdint.h>

struct flag {
    const char *name; /* NULL ends an array of flags */
    /* Has the default: a uint64_t, or if `max` is 0 a const char *, a file. */
    void *value;
    uint64_t min, max; /* `max` 1: a switch, so that -name means -name=1 */
};

/*
 * Read the arguments of main() into the values of `flags`, which borrow texts.
 * An invalid argument, such as -help, prints the flags and exits with 2.
 */
void flags_read(int argc, char *argv[], const struct flag *flags);

/* Print "program: ..." and a LF on stderr, and exit with 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format,
                                                         ...);

/* die() with "`what`: " and the text of errno. */
__attribute__((noreturn)) void die_errno(const char *what);

#endif
