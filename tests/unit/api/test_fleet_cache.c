/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the cache of GET /fleet: how often it counts, with a clock that the
 * test sets, and a worker that it holds.
 */
#include "lib/unit_check.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "api/fleet_cache.h"
#include "base/sync.h"
#include "base/workers.h"
#include "http/deferred.h"

enum { MANY = 100, BEGAN = 5000000 /* microseconds */ };

/* Of the count. Only its worker changes them, while the test waits for it. */
static _Atomic uint64_t now;    /* what the clock says */
static _Atomic uint64_t spent;  /* what that of the thread says */
static _Atomic uint64_t takes;  /* microseconds of a count by both ... */
static _Atomic uint64_t sleeps; /* ... and by the first one only */
static _Atomic unsigned counts; /* how many there were */
static _Atomic bool fails;

/* Posted when a count begins, and awaited by it, if `holds`. */
static _Atomic bool holds;
static sem_t begun, released;

static sem_t woken;

struct scene {
    struct workers *workers;
    struct fleet_cache *cache;
};

static uint64_t read_clock(void)
{
    return now;
}

static uint64_t read_thread_clock(void)
{
    return spent;
}

/* The result is the number of the count. */
static void count(void *context, struct buffer *out)
{
    assert_ptr_equal(context, &woken);
    counts++;
    spent += takes;
    now += takes + sleeps;
    if (holds) {
        sync_semaphore_post(&begun);
        sync_semaphore_wait(&released);
    }
    buffer_append_unsigned(out, counts);
    out->failed = out->failed || fails;
}

static _Atomic uint64_t position;

static uint64_t read_position(void *context)
{
    assert_ptr_equal(context, &woken);
    return position;
}

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    now = BEGAN;
    position = 0;
    spent = 12345;
    takes = 0;
    sleeps = 0;
    counts = 0;
    fails = false;
    holds = false;
    sync_semaphore_init(&begun);
    sync_semaphore_init(&released);
    sync_semaphore_init(&woken);
    scene->workers = workers_start(1);
    scene->cache = fleet_cache_new_with(&(struct fleet_cache_options){
        .workers = scene->workers,
        .count = count,
        .position = read_position,
        .context = &woken,
        .clock = read_clock,
        .thread_clock = read_thread_clock,
    });
    *context = scene;
    return scene->workers != NULL && scene->cache != NULL ? 0 : -1;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    workers_free(scene->workers);
    fleet_cache_free(scene->cache);
    sem_destroy(&begun);
    sem_destroy(&released);
    sem_destroy(&woken);
    free(scene);
    return 0;
}

static void note_wakes(struct http_waiter *first)
{
    while (first != NULL) {
        struct http_waiter *next = first->next;
        first->wake = NULL; /* so that a second one crashes */
        sync_semaphore_post(&woken);
        first = next;
    }
}

/* Expect this result of a read; NULL: that there is none. */
static void expect(struct fleet_cache *cache,
                   bool (*read)(struct fleet_cache *, struct buffer *),
                   const char *result)
{
    struct buffer out = BUFFER_INIT;

    assert_int_equal(read(cache, &out), result != NULL);
    unit_check_text(buffer_text(&out), text_of(result));
    buffer_release(&out);
}

/* Ask, and wait for the wake. */
static void ask(struct fleet_cache *cache)
{
    struct http_waiter waiter = {.wake = note_wakes};

    fleet_cache_wait(cache, &waiter);
    sync_semaphore_wait(&woken);
}

static void result_is_kept_for_a_second(void **context)
{
    struct scene *scene = *context;

    expect(scene->cache, fleet_cache_read_fresh, NULL);
    expect(scene->cache, fleet_cache_read_last, NULL);
    ask(scene->cache);
    expect(scene->cache, fleet_cache_read_last, "1");
    now = BEGAN + 999999;
    expect(scene->cache, fleet_cache_read_fresh, "1");
    now = BEGAN + 1000000;
    expect(scene->cache, fleet_cache_read_fresh, NULL);
    expect(scene->cache, fleet_cache_read_last, "1");
    ask(scene->cache);
    expect(scene->cache, fleet_cache_read_fresh, "2");
}

static void slow_count_is_kept_ten_times_as_long_as_it_took(void **context)
{
    struct scene *scene = *context;

    takes = 200000;
    ask(scene->cache);
    now = BEGAN + 200000 + 1999999;
    expect(scene->cache, fleet_cache_read_fresh, "1");
    now = BEGAN + 200000 + 2000000;
    expect(scene->cache, fleet_cache_read_fresh, NULL);
}

/* Other programs had the processor meanwhile. */
static void slow_count_of_little_work_is_kept_for_a_second(void **context)
{
    struct scene *scene = *context;

    takes = 100000;
    sleeps = 5000000;
    ask(scene->cache);
    now += 999999;
    expect(scene->cache, fleet_cache_read_fresh, "1");
    now += 1;
    expect(scene->cache, fleet_cache_read_fresh, NULL);
}

static void
who_waits_for_a_fresh_result_is_woken_without_a_count(void **context)
{
    struct scene *scene = *context;

    ask(scene->cache);
    now = BEGAN + 999999;
    ask(scene->cache);
    assert_int_equal(counts, 1);
    expect(scene->cache, fleet_cache_read_last, "1");
}

/* Also if some ask before the worker has begun, and some meanwhile. */
static void many_who_ask_together_share_one_count(void **context)
{
    struct scene *scene = *context;
    struct http_waiter waiters[MANY];

    holds = true;
    for (size_t i = 0; i < MANY; i++) {
        waiters[i] = (struct http_waiter){.wake = note_wakes};
        fleet_cache_wait(scene->cache, &waiters[i]);
        if (i == MANY / 2)
            sync_semaphore_wait(&begun);
    }
    assert_int_equal(sem_trywait(&woken), -1);
    sync_semaphore_post(&released);
    for (size_t i = 0; i < MANY; i++)
        sync_semaphore_wait(&woken);
    assert_int_equal(counts, 1);
    expect(scene->cache, fleet_cache_read_fresh, "1");
}

/* The old result is read while a worker makes the next one. */
static void old_result_is_not_fresh_while_the_next_is_counted(void **context)
{
    struct scene *scene = *context;
    struct http_waiter waiter = {.wake = note_wakes};

    ask(scene->cache);
    now = BEGAN + 1000000;
    holds = true;
    fleet_cache_wait(scene->cache, &waiter);
    sync_semaphore_wait(&begun);
    expect(scene->cache, fleet_cache_read_fresh, NULL);
    expect(scene->cache, fleet_cache_read_last, "1");
    sync_semaphore_post(&released);
    sync_semaphore_wait(&woken);
    expect(scene->cache, fleet_cache_read_fresh, "2");
}

static void
without_memory_there_is_no_result_and_the_next_counts(void **context)
{
    struct scene *scene = *context;

    ask(scene->cache);
    now = BEGAN + 1000000;
    fails = true;
    ask(scene->cache);
    expect(scene->cache, fleet_cache_read_fresh, NULL);
    expect(scene->cache, fleet_cache_read_last, NULL);
    fails = false;
    ask(scene->cache);
    expect(scene->cache, fleet_cache_read_fresh, "3");
}

static void expect_at(struct fleet_cache *cache, uint64_t at,
                      const char *result)
{
    struct buffer out = BUFFER_INIT;

    assert_int_equal(fleet_cache_read_at(cache, at, &out), result != NULL);
    unit_check_text(buffer_text(&out), text_of(result));
    buffer_release(&out);
}

/* However fresh it is. */
static void result_of_an_earlier_position_is_counted_anew(void **context)
{
    struct scene *scene = *context;
    struct http_waiter waiter = {.wake = note_wakes};

    position = 7;
    ask(scene->cache);
    expect_at(scene->cache, 7, "1");
    assert_false(fleet_cache_is_behind(scene->cache, 7));
    expect_at(scene->cache, 8, NULL);
    assert_true(fleet_cache_is_behind(scene->cache, 8));
    position = 9;
    fleet_cache_wait_at(scene->cache, 7, &waiter);
    sync_semaphore_wait(&woken);
    expect_at(scene->cache, 7, "1");
    waiter.wake = note_wakes;
    fleet_cache_wait_at(scene->cache, 8, &waiter);
    sync_semaphore_wait(&woken);
    expect_at(scene->cache, 9, "2");
    expect(scene->cache, fleet_cache_read_fresh, "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(result_is_kept_for_a_second),
        FIXTURE_TEST(slow_count_is_kept_ten_times_as_long_as_it_took),
        FIXTURE_TEST(slow_count_of_little_work_is_kept_for_a_second),
        FIXTURE_TEST(who_waits_for_a_fresh_result_is_woken_without_a_count),
        FIXTURE_TEST(many_who_ask_together_share_one_count),
        FIXTURE_TEST(old_result_is_not_fresh_while_the_next_is_counted),
        FIXTURE_TEST(without_memory_there_is_no_result_and_the_next_counts),
        FIXTURE_TEST(result_of_an_earlier_position_is_counted_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
