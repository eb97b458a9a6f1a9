/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares a rocket of the service, field by field, with the expected state.
 * Texts must be equal byte by byte. Differences are printed on stdout.
 */
#ifndef ROCKETS_COMPARE_H
#define ROCKETS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "expected.h"

enum { COMPARE_MAX_SHOWN = 100 /* differences that are printed */ };

struct comparison {
    size_t differences; /* fields that differ */
    /* What the numbers of the messages say; both may be true. */
    bool lost;       /* messages that were delivered are missing */
    bool extra;      /* there are messages that were not sent */
    bool unreadable; /* there are no such numbers: this is no rocket */
};

/*
 * Compare one rocket with `text`, the body of the service's response. `*shown`
 * counts all differences found so far; from COMPARE_MAX_SHOWN on, none is
 * printed.
 */
struct comparison compare_rocket(const char *id,
                                 const struct expected *expected,
                                 const char *text, size_t length,
                                 size_t *shown);

/*
 * Count, and unless there are too many print, a difference of the rocket. What
 * the service sent is made printable, and cut if it is very long.
 */
__attribute__((format(printf, 3, 4))) void
compare_print(const char *id, size_t *shown, const char *format, ...);

#endif
