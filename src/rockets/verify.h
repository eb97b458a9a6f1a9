/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the rockets back from the service and compares them, field by field
 * and texts byte by byte, with what their messages add up to.
 */
#ifndef ROCKETS_VERIFY_H
#define ROCKETS_VERIFY_H

#include <stddef.h>

#include "expected.h"
#include "traffic.h"

enum { VERIFY_MAX_SHOWN = 100 /* differences that are printed */ };

struct verify_result {
    size_t rockets;     /* compared; those that were sent no message aren't */
    size_t differences; /* a field, or a rocket that can't be read */
};

/*
 * Get each rocket from beside `messages_url`, which ends in "/messages", and
 * print each difference on stdout. Returns 0, or -1 where memory ends.
 */
int verify_rockets(struct verify_result *result, const char *messages_url,
                   const struct traffic *traffic,
                   const struct expected *expected);

/*
 * Compare one rocket with the text that the service gave for it, print the
 * differences, and return how many there are. `shown` counts what has been
 * printed.
 */
size_t verify_text(const char *id, const struct expected *expected,
                   const char *text, size_t length, size_t *shown);

#endif
