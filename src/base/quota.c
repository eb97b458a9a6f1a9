/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counted memory. Bytes are added to the count before the allocation and
 * subtracted after the memory is freed. So `used` is never less than the
 * memory that is held, and no allocation takes it past the limit, whatever
 * other threads do at the same time.
 */
#include "base/quota.h"

#include <stdint.h>
#include <stdlib.h>

/* How many bytes an allocation of `size` counts as; 0 for none. */
static size_t allocation_cost(size_t size)
{
    return size == 0 ? 0 : size + QUOTA_OVERHEAD;
}

/*
 * Add `amount` to the count, if it fits. The counter guards no other data
 * (memory is handed over by its pointer), so relaxed order is enough: each
 * change only has to be atomic.
 */
static bool count_bytes(struct quota *quota, size_t amount)
{
    size_t used = atomic_load_explicit(&quota->used, memory_order_relaxed);
    do {
        if (used > quota->limit || amount > quota->limit - used)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &quota->used, &used, used + amount, memory_order_relaxed,
        memory_order_relaxed));
    return true;
}

static void uncount_bytes(struct quota *quota, size_t amount)
{
    atomic_fetch_sub_explicit(&quota->used, amount, memory_order_relaxed);
}

void quota_init(struct quota *quota, size_t limit, size_t used)
{
    quota->limit = limit;
    quota->reserve_limit = limit;
    atomic_init(&quota->used, used);
    atomic_init(&quota->reserved, 0);
}

static void *grow_memory(struct quota *quota, void *memory, size_t old_size,
                         size_t new_size)
{
    if (new_size > SIZE_MAX - QUOTA_OVERHEAD)
        return NULL;
    size_t more = allocation_cost(new_size) - allocation_cost(old_size);
    if (!count_bytes(quota, more))
        return NULL;
    void *grown = realloc(memory, new_size);
    if (grown == NULL)
        uncount_bytes(quota, more);
    return grown;
}

static void *shrink_memory(struct quota *quota, void *memory, size_t old_size,
                           size_t new_size)
{
    void *shrunk = realloc(memory, new_size);
    if (shrunk != NULL)
        uncount_bytes(quota,
                      allocation_cost(old_size) - allocation_cost(new_size));
    return shrunk;
}

void *quota_resize(struct quota *quota, void *memory, size_t old_size,
                   size_t new_size)
{
    if (new_size == 0) {
        free(memory);
        uncount_bytes(quota, allocation_cost(old_size));
        return NULL;
    }
    if (new_size > old_size)
        return grow_memory(quota, memory, old_size, new_size);
    return shrink_memory(quota, memory, old_size, new_size);
}

size_t quota_used(const struct quota *quota)
{
    return atomic_load_explicit(&quota->used, memory_order_relaxed);
}

void quota_limit_reservations(struct quota *quota, size_t limit)
{
    quota->limit = SIZE_MAX;
    quota->reserve_limit = limit;
}

/*
 * Reserved first, compared then, so that two threads cannot both take the last
 * bytes. They may both be refused, although one would fit.
 *
 * `used` is read last. If another thread has given back a reservation before
 * this one was made (acquire, release), what it allocated before is in `used`:
 * at every moment its bytes are counted at least once.
 */
bool quota_reserve(struct quota *quota, size_t amount)
{
    if (amount == 0)
        return true;

    size_t reserved = atomic_fetch_add_explicit(&quota->reserved, amount,
                                                memory_order_acquire);
    size_t used = quota_used(quota);
    size_t limit = quota->reserve_limit;
    size_t room = used < limit ? limit - used : 0;
    if (reserved <= room && amount <= room - reserved)
        return true;
    quota_unreserve(quota, amount);
    return false;
}

void quota_unreserve(struct quota *quota, size_t amount)
{
    if (amount > 0)
        atomic_fetch_sub_explicit(&quota->reserved, amount,
                                  memory_order_release);
}

size_t quota_taken(const struct quota *quota)
{
    return atomic_load_explicit(&quota->reserved, memory_order_acquire) +
           quota_used(quota);
}
