/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread has a block of counters, on cache lines of its own, from its first
 * count to its end. Only this thread writes to the block, so it needs no atomic
 * addition, only loads and stores that readers may see at any moment. The end
 * of a thread leaves the block, with its counts, to the next new thread: so
 * nothing is lost, and there are never more blocks than threads at a time.
 */
#include "counters.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/sync.h"

struct block {
    _Alignas(64) _Atomic uint64_t counts[COUNTERS_MAX];
    struct block *next_left; /* guarded by the lock of the counters */
    /* Set when the block is made, then read-only. */
    struct counters *counters;
    struct block *next;
};

struct counters {
    pthread_key_t key; /* the thread's block */
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct block *first; /* of all blocks */
    struct block *left;  /* of those whose threads have ended */
    /* Of threads for which there was no memory: shared by all of them. */
    _Atomic uint64_t shared[COUNTERS_MAX];
};

/* A thread ends. */
static void leave_block(void *context)
{
    struct block *block = context;
    struct counters *counters = block->counters;

    sync_lock(&counters->lock);
    block->next_left = counters->left;
    counters->left = block;
    sync_unlock(&counters->lock);
}

struct counters *counters_new(void)
{
    struct counters *counters = calloc(1, sizeof(*counters));

    if (counters == NULL)
        return NULL;
    if (pthread_key_create(&counters->key, leave_block) != 0) {
        free(counters);
        return NULL;
    }
    sync_mutex_init(&counters->lock);
    return counters;
}

void counters_free(struct counters *counters)
{
    if (counters == NULL)
        return;
    /* The calling thread's end must not find its block. */
    pthread_key_delete(counters->key);
    while (counters->first != NULL) {
        struct block *block = counters->first;
        counters->first = block->next;
        free(block);
    }
    pthread_mutex_destroy(&counters->lock);
    free(counters);
}

/* NULL if memory is exhausted. */
static struct block *make_block(struct counters *counters)
{
    struct block *block = aligned_alloc(_Alignof(struct block), sizeof(*block));

    if (block == NULL)
        return NULL;
    for (size_t i = 0; i < COUNTERS_MAX; i++)
        atomic_init(&block->counts[i], 0);
    block->counters = counters;
    sync_lock(&counters->lock);
    block->next = counters->first;
    counters->first = block;
    sync_unlock(&counters->lock);
    return block;
}

/*
 * A block that a thread has left, if there is one. The lock makes its counts
 * visible to the new thread.
 */
static struct block *reuse_block(struct counters *counters)
{
    sync_lock(&counters->lock);
    struct block *block = counters->left;
    if (block != NULL)
        counters->left = block->next_left;
    sync_unlock(&counters->lock);
    return block;
}

/* The block of a thread that has none yet. NULL if memory is exhausted. */
static struct block *take_block(struct counters *counters)
{
    struct block *block = reuse_block(counters);

    if (block == NULL)
        block = make_block(counters);
    if (block == NULL || pthread_setspecific(counters->key, block) == 0)
        return block;
    leave_block(block);
    return NULL;
}

/* Only the block's thread writes to it. */
static void add_to_block(struct block *block, size_t counter, uint64_t number)
{
    _Atomic uint64_t *count = &block->counts[counter];

    atomic_store_explicit(
        count, atomic_load_explicit(count, memory_order_relaxed) + number,
        memory_order_relaxed);
}

/* The first count of a thread. Not inline, as it would slow all others down. */
__attribute__((cold, noinline)) static void
add_first(struct counters *counters, size_t counter, uint64_t number)
{
    struct block *block = take_block(counters);

    if (block != NULL)
        add_to_block(block, counter, number);
    else
        atomic_fetch_add_explicit(&counters->shared[counter], number,
                                  memory_order_relaxed);
}

void counters_add(struct counters *counters, size_t counter, uint64_t number)
{
    struct block *block = pthread_getspecific(counters->key);

    assert(counter < COUNTERS_MAX);
    if (block != NULL)
        add_to_block(block, counter, number);
    else
        add_first(counters, counter, number);
}

static uint64_t load(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

void counters_read(struct counters *counters, size_t first, size_t count,
                   uint64_t sums[])
{
    assert(first + count <= COUNTERS_MAX);
    for (size_t i = 0; i < count; i++)
        sums[i] = load(&counters->shared[first + i]);
    sync_lock(&counters->lock);
    for (struct block *block = counters->first; block != NULL;
         block = block->next)
        for (size_t i = 0; i < count; i++)
            sums[i] += load(&block->counts[first + i]);
    sync_unlock(&counters->lock);
}
