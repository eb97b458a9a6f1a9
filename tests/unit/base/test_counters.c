/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the counters: of several threads, while they run and after their
 * end. tests/fault/test_fault_parts.c has those without memory.
 */
#include "lib/unit_check.h"

#include <pthread.h>

#include "base/counters.h"
#include "base/sync.h"

enum { THREADS = 8, TIMES = 20000 };

/* Counters. */
enum { FIRST = 0, UNUSED = 7, LAST = COUNTERS_MAX - 1 };

static uint64_t read_one(struct counters *counters, size_t counter)
{
    uint64_t sum;

    counters_read(counters, counter, 1, &sum);
    return sum;
}

/* A thread that counts, says so, and waits until it may end. */
struct counting {
    pthread_t thread;
    struct counters *counters;
    sem_t counted, may_end;
};

static void *run_counting(void *context)
{
    struct counting *counting = context;

    for (unsigned i = 0; i < TIMES; i++) {
        counters_add(counting->counters, FIRST, 1);
        if (i % 2 == 0)
            counters_add(counting->counters, LAST, 3);
    }
    sync_semaphore_post(&counting->counted);
    sync_semaphore_wait(&counting->may_end);
    return NULL;
}

static void start_counting(struct counting *counting, struct counters *counters)
{
    counting->counters = counters;
    sync_semaphore_init(&counting->counted);
    sync_semaphore_init(&counting->may_end);
    assert_int_equal(
        pthread_create(&counting->thread, NULL, run_counting, counting), 0);
}

static void end_counting(struct counting *counting)
{
    sync_semaphore_post(&counting->may_end);
    sync_join(counting->thread);
}

static void expect_counts(struct counters *counters, uint64_t threads)
{
    assert_int_equal(read_one(counters, FIRST), threads * TIMES);
    assert_int_equal(read_one(counters, LAST), threads * TIMES / 2 * 3);
    assert_int_equal(read_one(counters, UNUSED), 0);
}

static void counts_of_all_threads_are_added(void **state)
{
    struct counters *counters = counters_new();
    struct counting counting[THREADS];

    (void)state;
    assert_non_null(counters);
    expect_counts(counters, 0);
    for (unsigned i = 0; i < THREADS; i++)
        start_counting(&counting[i], counters);
    for (unsigned i = 0; i < THREADS; i++) {
        /* A sum that is read meanwhile is at most the last one. */
        assert_in_range(read_one(counters, FIRST), 0, THREADS * TIMES);
        sync_semaphore_wait(&counting[i].counted);
    }
    expect_counts(counters, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        end_counting(&counting[i]);
    expect_counts(counters, THREADS);
    counters_free(counters);
}

static void counts_stay_when_threads_end_and_others_begin(void **state)
{
    struct counters *counters = counters_new();

    (void)state;
    assert_non_null(counters);
    for (unsigned i = 0; i < THREADS; i++) {
        struct counting counting;
        start_counting(&counting, counters);
        end_counting(&counting);
        expect_counts(counters, i + 1);
    }
    counters_free(counters);
}

static void every_counter_is_a_count_of_its_own(void **state)
{
    struct counters *counters = counters_new(), *others = counters_new();

    (void)state;
    assert_non_null(counters);
    assert_non_null(others);
    for (size_t i = 0; i < COUNTERS_MAX; i++)
        counters_add(counters, i, UINT64_C(10000000000) + i);
    for (size_t i = 0; i < COUNTERS_MAX; i++) {
        assert_true(read_one(counters, i) == UINT64_C(10000000000) + i);
        assert_int_equal(read_one(others, i), 0);
    }
    counters_free(others);
    counters_free(counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_all_threads_are_added),
        cmocka_unit_test(counts_stay_when_threads_end_and_others_begin),
        cmocka_unit_test(every_counter_is_a_count_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
