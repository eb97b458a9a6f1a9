/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever follows the rockets has the list in the end, whatever happens: random
 * messages, and several followers at once, which are cut off at any byte and
 * come again, while the service is stopped and killed. With a store, nobody
 * gets a reset after that; without one, everybody does.
 *
 * The environment variable LUNAR_SEED repeats a run, as far as threads can.
 */
#include "events_scene.h"
#include "follower.h"

#include "lib/traffic.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUNDS = 48,
    RESTARTS = 8,   /* rounds between two */
    MANY = 1100,    /* new rockets: several events of an update */
    MANY_AFTER = 9, /* rounds between two times of these */
    FOLLOWERS = 6,
};

static const char *const names[] = {"a0-rocket-0", "b0-r",    "c1-rocket-2",
                                    "marker",      "many-17", NULL};

struct run {
    struct events_scene *scene;
    struct followed_site site;
    struct follower followers[FOLLOWERS];
    struct random random;
    uint64_t markers;
};

static uint64_t choose_seed(void)
{
    const char *given =
        getenv("LUNAR_SEED"); /* NOLINT(concurrency-mt-unsafe) */
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given != NULL
                        ? strtoull(given, NULL, 0)
                        : (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec;
    print_message("LUNAR_SEED=%" PRIu64 "\n", seed);
    return seed;
}

static void start_followers(struct run *run)
{
    static const enum follower_kind kinds[FOLLOWERS] = {
        FOLLOWER_ALL, FOLLOWER_IDS,   FOLLOWER_SINCE,
        FOLLOWER_ALL, FOLLOWER_SINCE, FOLLOWER_ALL};

    for (size_t i = 0; i < FOLLOWERS; i++) {
        struct follower *follower = &run->followers[i];
        follower->kind = kinds[i];
        follower->site = &run->site;
        follower->random = (struct random){random_next(&run->random)};
        if (follower->kind == FOLLOWER_IDS)
            memcpy(follower->ids, names, sizeof(names));
        follower_start(follower);
    }
}

static bool have_ended(const struct run *run)
{
    for (size_t i = 0; i < FOLLOWERS; i++)
        if (!atomic_load(&run->followers[i].ended))
            return false;
    return true;
}

/* A follower that has failed ends before the others. */
static void expect_no_end(const struct run *run)
{
    for (size_t i = 0; i < FOLLOWERS; i++)
        if (atomic_load(&run->followers[i].ended))
            fail_msg("a follower of kind %d: %s", run->followers[i].kind,
                     run->followers[i].problem);
}

static void post_marker(struct run *run)
{
    events_post(&run->scene->instance,
                fleet_faster("marker", ++run->markers, 1));
}

/*
 * Stop it, or kill it in the middle of a batch: nobody knows how many of its
 * messages were applied.
 */
static void restart_service(struct run *run, bool kill)
{
    struct instance *instance = &run->scene->instance;
    struct bulk bulk = traffic_make("b", random_next(&run->random), 2);
    struct connection connection;

    instance_connect(instance, &connection);
    followed_site_move(&run->site, 0);
    if (kill) {
        (void)connection_post_bytes(&connection, BULK_TYPE, bulk.text,
                                    bulk.length);
        process_signal(&instance->process, SIGKILL);
        process_wait(&instance->process, INSTANCE_PATIENCE);
        instance_release(instance);
    }
    connection_close(&connection);
    free(bulk.text);
    if (!kill)
        instance_stop(instance);
    if (run->site.forgets)
        run->markers = 0;
    events_restart(run->scene);
    followed_site_move(&run->site, instance->port);
}

/*
 * In one batch, most of which is in one update then. Other rockets each time,
 * so that what a follower has lost of an update stays lost.
 */
static void add_many(const struct instance *instance, size_t time)
{
    struct connection connection;
    struct bulk bulk;

    bulk_begin(&bulk);
    for (size_t i = time * MANY; i < (time + 1) * MANY; i++) {
        char id[32];
        snprintf(id, sizeof(id), "many-%zu", i);
        bulk_add(&bulk, id, 1);
    }
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, MANY);
    connection_close(&connection);
    free(bulk.text);
}

static void run_round(struct run *run, unsigned round)
{
    static const char *const prefixes[] = {"a", "b", "c"};
    struct random *random = &run->random;

    followed_site_forget_news(&run->site);
    traffic_post(&run->scene->instance, prefixes[random_below(random, 3)],
                 random_next(random), 1 + random_below(random, 3));
    if (round % MANY_AFTER == MANY_AFTER - 1)
        add_many(&run->scene->instance, round / MANY_AFTER);
    /* A batch may have nothing new. */
    post_marker(run);
    followed_site_await_news(&run->site, &run->scene->instance.process);
    expect_no_end(run);
    if (round % RESTARTS == RESTARTS - 1)
        restart_service(run, round / RESTARTS % 2 == 0);
}

/* The list, and the revision in its ETag. */
static uint64_t read_final_list(const struct run *run, struct view *list)
{
    struct response response;
    char problem[VIEW_PROBLEM], id[EVENTS_MAX_ID];

    instance_get(&run->scene->instance, "/rockets", &response);
    response_expect_status(&response, 200);
    if (!view_merge_text(list, response.body, problem))
        fail_msg("%s", problem);
    const char *etag = response_header(&response, "ETag");
    assert_non_null(etag);
    assert_int_equal(sscanf(etag, "W/\"%63[^\"]\"", id), 1);
    response_release(&response);
    return events_revision(id);
}

static void expect_lists(struct run *run)
{
    struct view list = {0};
    uint64_t revision = read_final_list(run, &list);

    followed_site_end(&run->site, &list, revision);
    while (!have_ended(run)) {
        post_marker(run);
        followed_site_await_news(&run->site, &run->scene->instance.process);
    }
    for (size_t i = 0; i < FOLLOWERS; i++) {
        struct follower *follower = &run->followers[i];
        follower_expect_list(follower);
        print_message("follower %zu: %u events, resumed %u times, %u resets, "
                      "%u lists\n",
                      i, follower->events, follower->resumed, follower->resets,
                      follower->lists);
        if (run->site.forgets)
            assert_true(follower->resets > 0);
    }
    view_clear(&list);
}

static void followers_have_the_list_in_the_end(void **state)
{
    struct run *run = calloc(1, sizeof(*run));

    assert_non_null(run);
    run->scene = *state;
    run->random = (struct random){choose_seed()};
    followed_site_init(&run->site, run->scene->data == NULL);
    traffic_post(&run->scene->instance, "a", random_next(&run->random), 2);
    followed_site_move(&run->site, run->scene->instance.port);
    start_followers(run);
    for (unsigned round = 0; round < ROUNDS; round++)
        run_round(run, round);
    expect_lists(run);
    followed_site_release(&run->site);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(followers_have_the_list_in_the_end),
    };
    return EVENTS_RUN_IN_ALL_WAYS(tests);
}
