/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as people read them in the log.
 */
#ifndef LUNAR_BASE_READABLE_NUMBER_H
#define LUNAR_BASE_READABLE_NUMBER_H

#include <stdint.h>

/* "1,234,567": a comma before each three digits. */
struct readable_number {
    char text[27]; /* UINT64_MAX */
};

struct readable_number readable_number(uint64_t value);

#endif
