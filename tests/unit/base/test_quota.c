/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the quota: the count of bytes is exact and never exceeds the limit,
 * also with several threads.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <sched.h>

#include "base/quota.h"

/* What a block of `size` bytes counts. */
static size_t counted(size_t size)
{
    return size == 0 ? 0 : size + QUOTA_OVERHEAD;
}

/* Resize a block. Its content must be kept, in any case. */
static void check_resize(size_t limit, size_t from, size_t to, bool granted)
{
    struct quota quota;

    quota_init(&quota, limit, 0);
    assert_int_equal(quota_used(&quota), 0);
    char *memory = quota_resize(&quota, NULL, 0, from);
    assert_int_equal(memory != NULL, from > 0);
    assert_int_equal(quota_used(&quota), counted(from));
    if (memory != NULL)
        memset(memory, 'a', from);

    char *resized = quota_resize(&quota, memory, from, to);
    assert_int_equal(resized != NULL, granted && to > 0);
    size_t size = granted ? to : from;
    assert_int_equal(quota_used(&quota), counted(size));
    if (granted)
        memory = resized;
    for (size_t i = 0; memory != NULL && i < size && i < from; i++)
        assert_int_equal(memory[i], 'a');
    quota_resize(&quota, memory, size, 0);
    assert_int_equal(quota_used(&quota), 0);
}

static void each_block_counts_its_size_and_overhead(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 50, 100, 300};

    for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes); i++)
        check_resize(1000, sizes[i % COUNT(sizes)], sizes[i / COUNT(sizes)],
                     true);
}

static void limit_can_be_reached_but_not_exceeded(void **state)
{
    (void)state;
    enum { LIMIT = 200, MOST = LIMIT - QUOTA_OVERHEAD };
    struct quota quota;

    check_resize(LIMIT, 0, MOST, true);
    check_resize(LIMIT, 0, MOST + 1, false);
    check_resize(LIMIT, 50, MOST, true);
    check_resize(LIMIT, 50, MOST + 1, false);
    check_resize(LIMIT, MOST, MOST + 1, false);
    quota_init(&quota, LIMIT, LIMIT + 1);
    assert_null(quota_resize(&quota, NULL, 0, 1));
}

static void sums_beyond_size_max_are_refused(void **state)
{
    (void)state;
    check_resize(SIZE_MAX, 0, SIZE_MAX, false);
    check_resize(SIZE_MAX, 0, SIZE_MAX - QUOTA_OVERHEAD + 1, false);
}

static void reservations_count_against_the_limit_with_what_is_used(void **state)
{
    (void)state;
    struct quota quota;

    quota_init(&quota, 100, 40);
    assert_true(quota_reserve(&quota, 30));
    assert_int_equal(quota_used(&quota), 40);
    assert_int_equal(quota_taken(&quota), 70);
    assert_false(quota_reserve(&quota, 31));
    assert_false(quota_reserve(&quota, SIZE_MAX));
    assert_int_equal(quota_taken(&quota), 70);
    assert_true(quota_reserve(&quota, 30));
    assert_false(quota_reserve(&quota, 1));
    assert_true(quota_reserve(&quota, 0));
    quota_unreserve(&quota, 60);
    assert_int_equal(quota_taken(&quota), 40);
}

/* As when the limit is lower than what has to be held. */
static void limit_of_reservations_refuses_no_allocation(void **state)
{
    (void)state;
    struct quota quota;

    quota_init(&quota, 100, 40);
    quota_limit_reservations(&quota, 100);
    void *memory = quota_resize(&quota, NULL, 0, 1000);
    assert_non_null(memory);
    assert_false(quota_reserve(&quota, 1));
    assert_true(quota_reserve(&quota, 0));
    quota_resize(&quota, memory, 1000, 0);
    assert_true(quota_reserve(&quota, 60));
    assert_false(quota_reserve(&quota, 1));
}

enum {
    THREADS = 4,
    ROUNDS = 20000,
    COLLECTIONS = 2000,
    BLOCK = 48,  /* bytes; with the overhead, 64 */
    FITTING = 6, /* blocks in the quota */
    WANTED = 3,  /* blocks that each thread tries to hold */
};

struct competitor {
    struct quota *quota;
    pthread_barrier_t *barrier;
    size_t over;      /* how often more than the limit was in use */
    size_t collected; /* blocks, in all collections */
};

/* Allocate up to WANTED blocks, grow the first one, and free all of them. */
static void compete_once(struct competitor *self)
{
    void *blocks[WANTED];
    size_t sizes[WANTED];

    for (size_t i = 0; i < WANTED; i++) {
        blocks[i] = quota_resize(self->quota, NULL, 0, BLOCK);
        sizes[i] = blocks[i] == NULL ? 0 : BLOCK;
        /* Let the threads that hold the memory run and free it. */
        if (blocks[i] == NULL)
            sched_yield();
        if (quota_used(self->quota) > self->quota->limit)
            self->over++;
    }
    void *grown =
        quota_resize(self->quota, blocks[0], sizes[0], 2 * (size_t)BLOCK);
    if (grown != NULL) {
        blocks[0] = grown;
        sizes[0] = 2 * (size_t)BLOCK;
    }
    for (size_t i = 0; i < WANTED; i++)
        quota_resize(self->quota, blocks[i], sizes[i], 0);
}

/* Allocate until it is refused. Free all once the others have done so too. */
static void collect_once(struct competitor *self)
{
    void *blocks[FITTING + 1];
    size_t count = 0;

    pthread_barrier_wait(self->barrier);
    while (count <= FITTING &&
           (blocks[count] = quota_resize(self->quota, NULL, 0, BLOCK)) != NULL)
        count++;
    pthread_barrier_wait(self->barrier);
    self->collected += count;
    while (count > 0)
        quota_resize(self->quota, blocks[--count], BLOCK, 0);
}

static void *compete(void *argument)
{
    pthread_barrier_wait(((struct competitor *)argument)->barrier);
    for (int round = 0; round < ROUNDS; round++)
        compete_once(argument);
    for (int round = 0; round < COLLECTIONS; round++)
        collect_once(argument);
    return NULL;
}

/*
 * Together the threads want twice as many blocks as fit, so they often reach
 * the limit. After a lost update the count would not be 0 at the end; an
 * update that was not checked against the newest count would exceed the limit.
 * In each collection they must together get exactly the blocks that fit.
 */
static void concurrent_updates_are_counted_exactly(void **state)
{
    (void)state;
    struct quota quota;
    pthread_barrier_t barrier;
    pthread_t threads[THREADS];
    struct competitor competitors[THREADS];
    size_t over = 0, collected = 0;

    quota_init(&quota, (size_t)FITTING * (BLOCK + QUOTA_OVERHEAD), 0);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        competitors[i] =
            (struct competitor){.quota = &quota, .barrier = &barrier};
        assert_int_equal(
            pthread_create(&threads[i], NULL, compete, &competitors[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        over += competitors[i].over;
        collected += competitors[i].collected;
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(quota_used(&quota), 0);
    assert_int_equal(over, 0);
    assert_int_equal(collected, COLLECTIONS * FITTING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_block_counts_its_size_and_overhead),
        cmocka_unit_test(limit_can_be_reached_but_not_exceeded),
        cmocka_unit_test(sums_beyond_size_max_are_refused),
        cmocka_unit_test(
            reservations_count_against_the_limit_with_what_is_used),
        cmocka_unit_test(limit_of_reservations_refuses_no_allocation),
        cmocka_unit_test(concurrent_updates_are_counted_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
