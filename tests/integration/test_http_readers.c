/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients at once that send requests and never read a response: whole
 * lists, long pages, many short responses. TCP flow control stops the service
 * from sending (RFC 9293 section 3.8.6). This must take no more memory than
 * documented, not delay other clients, and end soon (RFC 9112 section 9.5: a
 * server may close inactive connections). There is no next request: the
 * connection is closed.
 */
#include "lib/harness.h"

#include "lib/bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TICK = 1000,   /* milliseconds */
    STALL = 30,    /* seconds without progress, after which it is closed */
    SLACK = 30,    /* seconds: how late the service may be */
    BATCH = 20000, /* rockets launched by a request */
    SHORT = 10000, /* rockets of the service with the shorter list */
    LONG_LISTS = 6,
    SHORT_LISTS = 40,
    PAGES = 60,
    SERIES = 40,
    /* the maximum of clients of a service */
    MOST = SHORT_LISTS + PAGES + SERIES,
    MAX_DESCRIPTORS = 2 * MOST,
    MEGABYTE = 1024 * 1024,
    /*
     * As documented: lists at a time, bytes a rocket in each, bytes of other
     * unsent responses.
     */
    MAX_LISTS = 16,
    LIST_KEY = 24,
    MAX_UNSENT = 128 * MEGABYTE,
/* Memory of connections, buffers, what malloc(3) keeps, or a sanitizer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    OTHERS = 512 * MEGABYTE,
#else
    OTHERS = 64 * MEGABYTE,
#endif
};

/* A service and the clients that do not read from it. */
struct scene {
    struct instance instance;
    struct connection *mutes;
    size_t count;
    size_t descriptors; /* of the service, without connections */
    uint64_t posted;
    size_t before, most; /* bytes of memory: at first, and the maximum */
};

/* Return the resident set size of the service in bytes. */
static size_t memory_of(const struct instance *instance)
{
    char path[64], line[128];
    size_t kilobytes = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)instance->process.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kilobytes = strtoul(line + 6, NULL, 10);
    fclose(file);
    assert_int_not_equal(kilobytes, 0);
    return kilobytes * 1024;
}

static size_t count_descriptors(const struct instance *instance)
{
    size_t count = 0;

    for (int fd = 0; fd < MAX_DESCRIPTORS; fd++) {
        char path[64];
        struct stat status;

        snprintf(path, sizeof(path), "/proc/%d/fd/%d",
                 (int)instance->process.pid, fd);
        count += lstat(path, &status) == 0 ? 1 : 0;
    }
    return count;
}

/*
 * Launch rockets `first` to `end` - 1 in one batch, with missions of `padding`
 * bytes.
 */
static void launch_batch(const struct instance *instance, size_t first,
                         size_t end_scene, size_t padding)
{
    char mission[257] = "A";
    struct connection connection;
    struct bulk bulk;

    memset(mission, 'm', padding);
    bulk_begin(&bulk);
    for (size_t i = first; i < end_scene; i++) {
        char id[32];
        snprintf(id, sizeof(id), "mute-%07zu", i);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", (long)i, mission);
        fprintf(bulk.stream, "%s\n", message.body);
    }
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, end_scene - first);
    connection_close(&connection);
    free(bulk.text);
}

/*
 * Return the number of descriptors once the connections of batches are closed:
 * the minimum over a second.
 */
static size_t wait_for_quiet(const struct instance *instance)
{
    int64_t deadline = process_clock() + TICK;
    size_t fewest = count_descriptors(instance);

    while (process_clock() < deadline) {
        size_t count = count_descriptors(instance);
        fewest = count < fewest ? count : fewest;
        process_wait_until(process_clock() + TICK / 20);
    }
    return fewest;
}

static void start_scene(struct scene *scene, size_t rockets, size_t padding)
{
    *scene = (struct scene){.count = 0};
    scene->mutes = calloc(MOST, sizeof(*scene->mutes));
    assert_non_null(scene->mutes);
    instance_start(&scene->instance, NULL);
    for (size_t i = 0; i < rockets; i += BATCH)
        launch_batch(&scene->instance, i,
                     i + BATCH < rockets ? i + BATCH : rockets, padding);
    scene->before = scene->most = memory_of(&scene->instance);
    scene->descriptors = wait_for_quiet(&scene->instance);
}

static struct connection *add_mute(struct scene *scene)
{
    struct connection *mute = &scene->mutes[scene->count++];

    assert_true(connection_open_narrow(mute, scene->instance.port));
    return mute;
}

static void send_gets(struct scene *scene, size_t count, const char *target)
{
    for (size_t i = 0; i < count; i++)
        assert_true(connection_get(add_mute(scene), target));
}

/* Send many requests on each of SERIES connections without waiting. */
static void send_series(struct scene *scene, const char *target)
{
    enum { REQUESTS = 400 };

    for (size_t i = 0; i < SERIES; i++) {
        struct connection *mute = add_mute(scene);
        for (int j = 0; j < REQUESTS; j++)
            assert_true(connection_get(mute, target));
    }
}

/* Expect that another client is served, and update the maximum of memory. */
static void expect_service(struct scene *scene)
{
    static const char *const targets[] = {
        "/health", "/rockets/mute-0000007",
        "/rockets?sort=speed&order=desc&limit=10"};
    struct fleet_message message =
        fleet_faster("mute-other", ++scene->posted, 1);
    struct connection other;

    instance_connect(&scene->instance, &other);
    fleet_post(&other, &message);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        assert_true(connection_get(&other, targets[i]));
        connection_expect_status(&other, 200);
    }
    connection_close(&other);
    size_t memory = memory_of(&scene->instance);
    if (memory > scene->most)
        scene->most = memory;
}

/*
 * Whole lists of so many rockets take long, one by one. Another client does not
 * wait for them: at most half of them have begun when it is served.
 */
static void expect_service_before_lists(struct scene *scene)
{
    size_t begun = 0;

    expect_service(scene);
    for (size_t i = 0; i < LONG_LISTS; i++)
        begun += connection_has_news(&scene->mutes[i]) ? 1 : 0;
    print_message("%zu of %d lists had begun\n", begun, LONG_LISTS);
    assert_in_range(begun, 0, LONG_LISTS / 2);
}

/*
 * Return the number of connections that the service still has open. Data that
 * it has written is in the kernel, which may keep it for longer.
 */
static size_t count_open(const struct scene *scene)
{
    return count_descriptors(&scene->instance) - scene->descriptors;
}

static void end_scene(struct scene *scene, const char *name, size_t limit)
{
    print_message("%s: %zu clients, %zu MB before, at most %zu MB\n", name,
                  scene->count, scene->before / MEGABYTE,
                  scene->most / MEGABYTE);
    assert_int_equal(count_open(scene), 0);
    assert_in_range(scene->most, 0, scene->before + limit + OTHERS);
    for (size_t i = 0; i < scene->count; i++)
        connection_close(&scene->mutes[i]);
    assert_int_equal(bulk_messages_of(&scene->instance, "mute-other"),
                     scene->posted);
    free(scene->mutes);
    instance_stop(&scene->instance);
}

static void clients_that_never_read_are_bounded_and_closed(void **state)
{
    size_t rockets = strtoul(process_setting("LUNAR_MANY_ROCKETS"), NULL, 10);
    struct scene few, many;

    (void)state;
    start_scene(&few, SHORT, 256);
    start_scene(&many, rockets, 1);
    int64_t start = process_clock();
    send_gets(&many, LONG_LISTS, "/rockets?sort=speed");
    expect_service_before_lists(&many);
    send_gets(&few, SHORT_LISTS, "/rockets?sort=speed");
    send_gets(&few, PAGES, "/rockets?limit=10000");
    send_series(&few, "/rockets/mute-0000001");
    send_series(&many, "/openapi.yaml");
    while (count_open(&few) + count_open(&many) > 0 &&
           process_clock() - start < (int64_t)(STALL + SLACK) * TICK) {
        int64_t next = process_clock() + TICK;
        expect_service(&few);
        expect_service(&many);
        process_wait_until(next);
    }
    print_message("all closed within %jd ms\n",
                  (intmax_t)(process_clock() - start));
    end_scene(&few, "a short list, and long pages",
              MAX_UNSENT + (size_t)MAX_LISTS * LIST_KEY * SHORT);
    end_scene(&many, "a long list", (size_t)LONG_LISTS * LIST_KEY * rockets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_never_read_are_bounded_and_closed),
    };
    connection_raise_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
