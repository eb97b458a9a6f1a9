/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, times and paths as people read them in the log.
 */
#ifndef LUNAR_READABLE_H
#define LUNAR_READABLE_H

#include <stdint.h>

#include "base/readable_number.h"
#include "config.h"

/* "3 h 12 min": in its two largest units. */
struct readable_time {
    char text[48];
};

/* A path of the configuration, escaped by log_escape(). */
struct readable_path {
    char text[4 * CONFIG_MAX_PATH + 1];
};

struct readable_time readable_time(uint64_t seconds);
struct readable_path readable_path(const char *path);

#endif
