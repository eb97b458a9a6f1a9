/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with a limit: malloc(3) that counts. Everything the table holds is
 * allocated through one quota, so that -max-memory bounds it exactly and a
 * refusal is an ordinary answer, not a death.
 *
 * Sizes are what was asked for plus QUOTA_OVERHEAD, which stands for the
 * allocator's own bookkeeping.
 */
#ifndef LUNAR_BASE_QUOTA_H
#define LUNAR_BASE_QUOTA_H

#include <stdatomic.h>
#include <stddef.h>

enum { QUOTA_OVERHEAD = 16 /* bytes an allocation */ };

struct quota {
    size_t limit;        /* bytes; set at start, then read-only */
    _Atomic size_t used; /* bytes */
};

/* `used`: what the caller has allocated otherwise, and counts here. */
void quota_init(struct quota *quota, size_t limit, size_t used);

/*
 * Resize `memory`, which has `old_size` bytes (NULL and 0 to allocate), to
 * `new_size` bytes (0 to free). As realloc(3): NULL where memory or the
 * quota ends, with the old memory untouched; NULL also after a free.
 * Locking: safe from any thread.
 */
void *quota_resize(struct quota *quota, void *memory, size_t old_size,
                   size_t new_size);

size_t quota_used(const struct quota *quota);

#endif
