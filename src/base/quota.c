/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counted memory. The count is taken before memory is asked for and given
 * back after it is let go, so `used` never understates what is held, and
 * never passes the limit, whatever other threads do meanwhile.
 */
#include "base/quota.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* What `size` bytes count for; nothing costs nothing. */
static size_t cost(size_t size)
{
    return size == 0 ? 0 : size + QUOTA_OVERHEAD;
}

/*
 * The counter guards no other data (memory is handed over by its pointer),
 * so relaxed order is enough: what counts is that each change is atomic.
 */
static bool take(struct quota *quota, size_t amount)
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

static void give_back(struct quota *quota, size_t amount)
{
    atomic_fetch_sub_explicit(&quota->used, amount, memory_order_relaxed);
}

void quota_init(struct quota *quota, size_t limit, size_t used)
{
    quota->limit = limit;
    atomic_init(&quota->used, used);
}

static void *grow(struct quota *quota, void *memory, size_t old_size,
                  size_t new_size)
{
    if (new_size > SIZE_MAX - QUOTA_OVERHEAD)
        return NULL;
    size_t more = cost(new_size) - cost(old_size);
    if (!take(quota, more))
        return NULL;
    void *grown = realloc(memory, new_size);
    if (grown == NULL)
        give_back(quota, more);
    return grown;
}

static void *shrink(struct quota *quota, void *memory, size_t old_size,
                    size_t new_size)
{
    void *shrunk = realloc(memory, new_size);
    if (shrunk != NULL)
        give_back(quota, cost(old_size) - cost(new_size));
    return shrunk;
}

void *quota_resize(struct quota *quota, void *memory, size_t old_size,
                   size_t new_size)
{
    if (new_size == 0) {
        free(memory);
        give_back(quota, cost(old_size));
        return NULL;
    }
    if (new_size > old_size)
        return grow(quota, memory, old_size, new_size);
    return shrink(quota, memory, old_size, new_size);
}

size_t quota_used(const struct quota *quota)
{
    return atomic_load_explicit(&quota->used, memory_order_relaxed);
}
