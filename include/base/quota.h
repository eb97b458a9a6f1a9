/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with a limit: malloc(3) with a counter. The table allocates all its
 * memory through one quota. So -max-memory is an exact limit, and reaching it
 * causes an error response, not the end of the process.
 *
 * An allocation counts as its requested size plus QUOTA_OVERHEAD, an estimate
 * of the allocator's own bookkeeping.
 *
 * What is going to be allocated can be reserved. A quota may enforce its limit
 * on reservations only: for an owner who must not fail once it has accepted
 * something.
 */
#ifndef LUNAR_BASE_QUOTA_H
#define LUNAR_BASE_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUOTA_OVERHEAD = 16 /* bytes per allocation */ };

struct quota {
    /* In bytes. Set at start, then read-only. */
    size_t limit;         /* of `used` */
    size_t reserve_limit; /* of both; not of `used` alone */
    /* In bytes. */
    _Atomic size_t used;
    _Atomic size_t reserved;
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

/*
 * From now on only quota_reserve() enforces a limit, `limit` bytes, and only
 * malloc(3) limits allocations. Locking: before other threads use the quota.
 */
void quota_limit_reservations(struct quota *quota, size_t limit);

/*
 * Reserve `amount` bytes. False, with nothing reserved, if they do not fit
 * under the limit together with all that is used and reserved. Nothing always
 * fits, and touches no shared memory. Locking: safe from any thread.
 */
bool quota_reserve(struct quota *quota, size_t amount);

/*
 * Give back `amount` reserved bytes: after they were allocated, which counts
 * them twice for a moment, or when they are not needed.
 * Locking: safe from any thread.
 */
void quota_unreserve(struct quota *quota, size_t amount);

/* The bytes that are used or reserved. */
size_t quota_taken(const struct quota *quota);

#endif
