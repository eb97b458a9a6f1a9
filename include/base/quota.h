/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with a limit: malloc(3) with a counter. The table allocates all its
 * memory through one quota. So -max-memory is an exact limit, and reaching it
 * causes an error response, not the end of the process.
 *
 * An allocation counts as its requested size plus QUOTA_OVERHEAD, an estimate
 * of the allocator's own bookkeeping.
 */
#ifndef LUNAR_BASE_QUOTA_H
#define LUNAR_BASE_QUOTA_H

#include <stdatomic.h>
#include <stddef.h>

enum { QUOTA_OVERHEAD = 16 /* bytes per allocation */ };

struct quota {
    size_t limit;        /* bytes; set at start, then read-only */
    _Atomic size_t used; /* bytes */
};

/* `used`: bytes that the caller has allocated elsewhere and counts here. */
void quota_init(struct quota *quota, size_t limit, size_t used);

/*
 * Resize `memory`, as realloc(3), from `old_size` bytes (NULL and 0 to
 * allocate) to `new_size` bytes (0 to free). Returns NULL if memory or the
 * quota is exhausted, with the old memory untouched, and after a free.
 * Locking: safe from any thread.
 */
void *quota_resize(struct quota *quota, void *memory, size_t old_size,
                   size_t new_size);

size_t quota_used(const struct quota *quota);

#endif
