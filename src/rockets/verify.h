/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the rockets from the service and compares them, field by field, with
 * the expected state. Texts must be equal byte by byte.
 */
#ifndef ROCKETS_VERIFY_H
#define ROCKETS_VERIFY_H

#include <stddef.h>

#include "expected.h"
#include "traffic.h"

enum { VERIFY_MAX_SHOWN = 100 /* differences that are printed */ };

struct verify_result {
    size_t rockets;     /* compared: those of which messages were sent */
    size_t differences; /* fields that differ, rockets that can't be read */
};

/*
 * Compare all rockets of which messages were sent, and print the differences
 * on stdout, at most VERIFY_MAX_SHOWN. `messages_url` ends in "/messages";
 * the rockets are read from ".../rockets/ID". Returns 0, or -1 if out of
 * memory.
 */
int verify_rockets(struct verify_result *result, const char *messages_url,
                   const struct traffic *traffic,
                   const struct expected *expected);

/*
 * Compare one rocket with `text`, the body of the service's response, and
 * print the differences. Returns their number. `*shown` counts all
 * differences found so far; from VERIFY_MAX_SHOWN on, none is printed.
 */
size_t verify_text(const char *id, const struct expected *expected,
                   const char *text, size_t length, size_t *shown);

#endif
