/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the quota: the count of bytes is exact and never exceeds the limit,
 * also with several threads.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/quota.h"

/* By default the sanitizers' allocators abort where malloc(3) fails. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void allocations_are_counted_with_overhead(void **state)
{
    (void)state;
    struct quota quota;
    quota_init(&quota, 1000, 0);
    assert_int_equal(quota_used(&quota), 0);

    char *memory = quota_resize(&quota, NULL, 0, 100);
    assert_non_null(memory);
    assert_int_equal(quota_used(&quota), 100 + QUOTA_OVERHEAD);
    memset(memory, 'a', 100);

    memory = quota_resize(&quota, memory, 100, 300);
    assert_non_null(memory);
    assert_int_equal(quota_used(&quota), 300 + QUOTA_OVERHEAD);
    assert_int_equal(memory[99], 'a');
    memset(memory, 'b', 300);

    memory = quota_resize(&quota, memory, 300, 50);
    assert_non_null(memory);
    assert_int_equal(quota_used(&quota), 50 + QUOTA_OVERHEAD);
    assert_int_equal(memory[49], 'b');

    memory = quota_resize(&quota, memory, 50, 50);
    assert_non_null(memory);
    assert_int_equal(quota_used(&quota), 50 + QUOTA_OVERHEAD);

    assert_null(quota_resize(&quota, memory, 50, 0));
    assert_int_equal(quota_used(&quota), 0);
    assert_null(quota_resize(&quota, NULL, 0, 0));
    assert_int_equal(quota_used(&quota), 0);
}

static void limit_can_be_reached_but_not_exceeded(void **state)
{
    (void)state;
    struct quota quota;
    quota_init(&quota, 200, 0);
    assert_null(quota_resize(&quota, NULL, 0, 200 - QUOTA_OVERHEAD + 1));
    assert_int_equal(quota_used(&quota), 0);
    void *memory = quota_resize(&quota, NULL, 0, 200 - QUOTA_OVERHEAD);
    assert_non_null(memory);
    assert_int_equal(quota_used(&quota), 200);
    assert_null(quota_resize(&quota, NULL, 0, 1));
    assert_int_equal(quota_used(&quota), 200);
    quota_resize(&quota, memory, 200 - QUOTA_OVERHEAD, 0);
    assert_int_equal(quota_used(&quota), 0);
}

static void refusal_leaves_the_memory_untouched(void **state)
{
    (void)state;
    struct quota quota;
    quota_init(&quota, 100, 0);
    char *memory = quota_resize(&quota, NULL, 0, 50);
    assert_non_null(memory);
    memset(memory, 'a', 50);
    assert_null(quota_resize(&quota, memory, 50, 100));
    assert_int_equal(memory[0], 'a');
    assert_int_equal(memory[49], 'a');
    assert_int_equal(quota_used(&quota), 50 + QUOTA_OVERHEAD);
    quota_resize(&quota, memory, 50, 0);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    struct quota quota;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - QUOTA_OVERHEAD + 1,
                                   SIZE_MAX - QUOTA_OVERHEAD};
    /* The last size is within the quota, but more than any machine has. */
    quota_init(&quota, SIZE_MAX, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_null(quota_resize(&quota, NULL, 0, sizes[i]));
        assert_int_equal(quota_used(&quota), 0);
    }
}

enum {
    THREADS = 4,
    ROUNDS = 20000,
    BLOCK = 48,  /* bytes; with the overhead, 64 */
    FITTING = 6, /* blocks in the quota */
    WANTED = 3,  /* blocks that each thread tries to hold */
};

struct competitor {
    struct quota *quota;
    pthread_barrier_t *start;
    size_t over; /* how often more than the limit was in use */
};

/* Allocate up to WANTED blocks, grow the first one, and free all of them. */
static void compete_once(struct competitor *self)
{
    void *blocks[WANTED];
    for (size_t i = 0; i < WANTED; i++) {
        blocks[i] = quota_resize(self->quota, NULL, 0, BLOCK);
        /* Let the threads that hold the memory run and free it. */
        if (blocks[i] == NULL)
            sched_yield();
        if (quota_used(self->quota) > self->quota->limit)
            self->over++;
    }
    for (size_t i = 0; i < WANTED; i++) {
        size_t size = BLOCK;
        void *grown = NULL;
        if (blocks[i] == NULL)
            continue;
        if (i == 0)
            grown =
                quota_resize(self->quota, blocks[0], BLOCK, 2 * (size_t)BLOCK);
        if (grown != NULL) {
            blocks[0] = grown;
            size = 2 * (size_t)BLOCK;
        }
        quota_resize(self->quota, blocks[i], size, 0);
    }
}

static void *compete(void *argument)
{
    struct competitor *self = argument;
    pthread_barrier_wait(self->start);
    for (int round = 0; round < ROUNDS; round++)
        compete_once(self);
    return NULL;
}

/*
 * Together the threads want twice as many blocks as fit, so they often reach
 * the limit. After a lost update the count would not be 0 at the end; an
 * update that was not checked against the newest count would exceed the limit.
 */
static void concurrent_updates_are_counted_exactly(void **state)
{
    (void)state;
    struct quota quota;
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    struct competitor competitors[THREADS];
    quota_init(&quota, (size_t)FITTING * (BLOCK + QUOTA_OVERHEAD), 0);
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        competitors[i] = (struct competitor){.quota = &quota, .start = &start};
        assert_int_equal(
            pthread_create(&threads[i], NULL, compete, &competitors[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&start);

    assert_int_equal(quota_used(&quota), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(competitors[i].over, 0);
}

enum { FITS = 1000 /* blocks that fit into the quota of the collectors */ };

struct collector {
    struct quota *quota;
    pthread_barrier_t *start;
    void *blocks[FITS + 1];
    size_t count;
};

static void *collect(void *argument)
{
    struct collector *self = argument;
    pthread_barrier_wait(self->start);
    while (self->count <= FITS) {
        void *block = quota_resize(self->quota, NULL, 0, BLOCK);
        if (block == NULL)
            break;
        self->blocks[self->count++] = block;
    }
    return NULL;
}

/*
 * Threads that allocate, without freeing, until they are refused must together
 * get exactly the blocks that fit.
 */
static void threads_together_get_all_that_fits(void **state)
{
    (void)state;
    static struct collector collectors[THREADS];
    struct quota quota;
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    quota_init(&quota, (size_t)FITS * (BLOCK + QUOTA_OVERHEAD), 0);
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        collectors[i].quota = &quota;
        collectors[i].start = &start;
        assert_int_equal(
            pthread_create(&threads[i], NULL, collect, &collectors[i]), 0);
    }
    size_t granted = 0;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        granted += collectors[i].count;
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(granted, FITS);
    assert_int_equal(quota_used(&quota), quota.limit);
    for (size_t i = 0; i < THREADS; i++) {
        for (size_t j = 0; j < collectors[i].count; j++)
            quota_resize(&quota, collectors[i].blocks[j], BLOCK, 0);
    }
    assert_int_equal(quota_used(&quota), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_counted_with_overhead),
        cmocka_unit_test(limit_can_be_reached_but_not_exceeded),
        cmocka_unit_test(refusal_leaves_the_memory_untouched),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(concurrent_updates_are_counted_exactly),
        cmocka_unit_test(threads_together_get_all_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
