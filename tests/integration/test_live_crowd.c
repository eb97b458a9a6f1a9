/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As many streams of events as the service takes, each of its own rocket; and
 * clients that never read, or that vanish while nothing is sent to them.
 */
#include "lib/data_folder.h"
#include "lib/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MOST = 1000, /* readers of a service with event loops */
    FEW = 100,   /* with a thread for each */
    DESCRIPTORS = MOST + 200,
    FAST_ROUNDS = 60, /* of changes for one who never reads */
    FAST_ROCKETS = 2000,
    WITHOUT_PROGRESS = 20000, /* milliseconds, less than the service allows */
    IDLE_BYTES = 24 * 1024,   /* of memory for a reader that waits */
    ROCKET_BYTES = 2 * 1024,  /* of its rocket */
    MEGABYTE = 1024 * 1024,
/* What a slow reader may cost, with buffers; or a sanitizer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SLOW_BYTES = 512 * MEGABYTE,
#else
    SLOW_BYTES = 80 * MEGABYTE,
#endif
};

struct crowd {
    struct instance instance;
    size_t size; /* the most readers that it takes */
    struct event_stream streams[MOST];
};

static int set_up(void **state, const char *threads, size_t size)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    char limit[64];

    if (crowd == NULL)
        return -1;
    snprintf(limit, sizeof(limit), "-max-connections=%zu", 4 * size);
    crowd->size = size;
    instance_start(&crowd->instance, INSTANCE_FLAGS(threads, limit));
    *state = crowd;
    return 0;
}

static int set_up_loops(void **state)
{
    return set_up(state, "-threads=2", MOST);
}

static int set_up_threads(void **state)
{
    return set_up(state, "-threads=per-connection", FEW);
}

/* Each test ends with a service without readers. */
static int tear_down(void **state)
{
    struct crowd *crowd = *state;

    for (size_t i = 0; i < crowd->size; i++)
        if (crowd->streams[i].connection.data != NULL)
            events_close(&crowd->streams[i]);
    instance_release(&crowd->instance);
    free(crowd);
    return 0;
}

static double count_readers(const struct instance *instance)
{
    return scrape_value(instance, "lunar_event_streams");
}

static double read_memory(const struct instance *instance)
{
    return scrape_value(instance, "process_resident_memory_bytes");
}

/* Each stream is of the rocket with its number. */
static void gather(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->size; i++) {
        char target[64];
        snprintf(target, sizeof(target), "/events?events=rockets&id=own-%zu",
                 i);
        events_open(&crowd->instance, &crowd->streams[i], target, "");
    }
    for (size_t i = 0; i < crowd->size; i++)
        events_skip(&crowd->streams[i], "hello");
}

/* Change the rocket of each, and expect that each gets its change alone. */
static void expect_changes(struct crowd *crowd, uint64_t number)
{
    struct connection connection;
    struct bulk bulk;

    bulk_begin(&bulk);
    for (size_t i = 0; i < crowd->size; i++) {
        char id[32];
        snprintf(id, sizeof(id), "own-%zu", i);
        bulk_add(&bulk, id, number);
    }
    bulk_end(&bulk);
    instance_connect(&crowd->instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, crowd->size);
    connection_close(&connection);
    free(bulk.text);
    for (size_t i = 0; i < crowd->size; i++) {
        struct event event;
        char begin[64];
        events_expect(&crowd->streams[i], "rockets", &event);
        snprintf(begin, sizeof(begin), "[{\"id\":\"own-%zu\",", i);
        if (strncmp(event.data, begin, strlen(begin)) != 0)
            fail_msg("expected own-%zu, got %s", i, event.data);
        assert_null(strstr(event.data, "},{"));
        event_release(&event);
    }
}

static void expect_no_place(const struct instance *instance)
{
    EXCHANGE(instance, .target = "/events", .status = 503,
             .header = "Retry-After", .value = "5");
    EXCHANGE(instance, .target = "/events?id=own-0", .status = 503,
             .header = "Retry-After", .value = "5");
}

/*
 * The service has nothing to send to them, so that it does not find out by
 * itself: their places must come back all the same.
 */
static void expect_places_back(struct crowd *crowd)
{
    size_t kept = crowd->size / 2;

    for (size_t i = 0; i < crowd->size; i += 2)
        events_close(&crowd->streams[i]);
    scrape_wait_for(&crowd->instance, "lunar_event_streams", (double)kept);
    for (size_t i = 0; i < crowd->size; i += 2) {
        char target[64];
        snprintf(target, sizeof(target), "/events?events=rockets&id=own-%zu",
                 i);
        events_open(&crowd->instance, &crowd->streams[i], target, "");
        events_skip(&crowd->streams[i], "hello");
    }
}

static void expect_clean_ends(struct crowd *crowd)
{
    process_signal(&crowd->instance.process, SIGTERM);
    for (size_t i = 0; i < crowd->size; i++) {
        struct event event;
        enum events_result result;
        while ((result = events_receive(&crowd->streams[i], &event)) ==
               EVENTS_EVENT)
            event_release(&event);
        assert_int_equal(result, EVENTS_END);
        events_close(&crowd->streams[i]);
    }
    instance_expect_end(&crowd->instance, 0);
}

/*
 * `others`: bytes of something else for each. The stack of a thread is more;
 * and sanitizers need more.
 */
static void expect_little_memory(const struct crowd *crowd, double before,
                                 double others)
{
    double each =
        (read_memory(&crowd->instance) - before) / (double)crowd->size;

    (void)others;
    print_message("%zu readers that wait: %.0f bytes each\n", crowd->size,
                  each);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (crowd->size == MOST)
        assert_true(each < IDLE_BYTES + others);
#endif
}

static void each_of_the_crowd_gets_its_rocket(void **state)
{
    struct crowd *crowd = *state;

    if (sysconf(_SC_OPEN_MAX) < DESCRIPTORS)
        skip(); /* see ulimit -Hn */
    double before = read_memory(&crowd->instance);
    gather(crowd);
    assert_true(count_readers(&crowd->instance) == (double)crowd->size);
    expect_little_memory(crowd, before, 0);
    expect_no_place(&crowd->instance);
    expect_changes(crowd, 1);
    expect_changes(crowd, 2);
    expect_little_memory(crowd, before, ROCKET_BYTES);
    expect_places_back(crowd);
    expect_no_place(&crowd->instance);
    expect_changes(crowd, 3);
    expect_clean_ends(crowd);
}

/* A batch that changes many rockets, again and again. */
static void change_fast(const struct instance *instance)
{
    struct connection connection;

    instance_connect(instance, &connection);
    for (uint64_t round = 1; round <= FAST_ROUNDS; round++) {
        struct bulk bulk;
        bulk_begin(&bulk);
        for (size_t i = 0; i < FAST_ROCKETS; i++) {
            char id[32];
            snprintf(id, sizeof(id), "fast-%zu", i);
            bulk_add(&bulk, id, round);
        }
        bulk_end(&bulk);
        assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
        bulk_expect_applied(&connection, FAST_ROCKETS);
        free(bulk.text);
        /* So that each of them is an update of its own. */
        process_wait_until(process_clock() + 100);
    }
    connection_close(&connection);
}

/* Read on until the newest state of each rocket has come, or a reset. */
static bool ends_well(struct event_stream *stream)
{
    char newest[64];
    bool reset = false, last = false;

    snprintf(newest, sizeof(newest), "\"lastMessageNumber\":%u,",
             (unsigned)FAST_ROUNDS);
    while (!reset && !last) {
        struct event event;
        if (events_receive(stream, &event) != EVENTS_EVENT)
            return false;
        reset = strcmp(event.type, "reset") == 0;
        last = strstr(event.data, newest) != NULL;
        event_release(&event);
    }
    print_message("it gets %s\n", reset ? "a reset" : "the newest state");
    return true;
}

/* The kernel's buffers take some of it, so it must be much more. */
static void one_that_never_reads_costs_little(void **state)
{
    static const char *const targets[] = {"/events?interval=100",
                                          "/events?interval=100&id=fast-7"};
    struct crowd *crowd = *state;

    for (size_t i = 0; i < 2; i++) {
        struct event_stream *stream = &crowd->streams[i];
        *stream = (struct event_stream){.connection.socket = -1};
        assert_true(
            connection_open_narrow(&stream->connection, crowd->instance.port));
        connection_get(&stream->connection, targets[i]);
    }
    scrape_wait_for(&crowd->instance, "lunar_event_streams", 2);
    double before = read_memory(&crowd->instance);
    int64_t begun = process_clock();
    change_fast(&crowd->instance);
    bool may_be_cut = process_clock() - begun > WITHOUT_PROGRESS;
    double more = read_memory(&crowd->instance) - before;
    print_message("two that never read: %.1f MB\n", more / MEGABYTE);
    assert_true(more < SLOW_BYTES);
    for (size_t i = 0; i < 2; i++) {
        struct event_stream *stream = &crowd->streams[i];
        connection_widen(&stream->connection);
        assert_true(events_begin(stream));
        assert_true(ends_well(stream) || may_be_cut);
        events_close(stream);
    }
    instance_stop(&crowd->instance);
}

int main(void)
{
    const struct CMUnitTest loops[] = {
        cmocka_unit_test_setup_teardown(each_of_the_crowd_gets_its_rocket,
                                        set_up_loops, tear_down),
        cmocka_unit_test_setup_teardown(one_that_never_reads_costs_little,
                                        set_up_loops, tear_down),
    };
    const struct CMUnitTest threads[] = {
        cmocka_unit_test_setup_teardown(each_of_the_crowd_gets_its_rocket,
                                        set_up_threads, tear_down),
        cmocka_unit_test_setup_teardown(one_that_never_reads_costs_little,
                                        set_up_threads, tear_down),
    };
    connection_raise_limit();
    return cmocka_run_group_tests_name("event loops", loops, NULL, NULL) +
           cmocka_run_group_tests_name("a thread for each connection", threads,
                                       NULL, NULL);
}
