/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, times and paths as people read them in the log.
 */
#ifndef LUNAR_BASE_READABLE_H
#define LUNAR_BASE_READABLE_H

#include <stdint.h>

enum { READABLE_PATH = 400 /* bytes of a path; longer ones are cut */ };

/* "1,234,567": a comma before each three digits. */
struct readable_number {
    char text[27]; /* UINT64_MAX */
};

/* "3 h 12 min": in its two largest units. */
struct readable_time {
    char text[48];
};

/* A path, escaped by log_escape(). */
struct readable_path {
    char text[4 * READABLE_PATH + 1];
};

struct readable_number readable_number(uint64_t value);
struct readable_time readable_time(uint64_t seconds);
struct readable_path readable_path(const char *path);

#endif
