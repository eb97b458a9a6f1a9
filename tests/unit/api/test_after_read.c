/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of reads that wait until the journal, which instances share, has come
 * to a position: when they end, and with what.
 */
#include "lib/unit_check.h"

#include <semaphore.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "base/workers.h"
#include "http/request.h"
#include "http/response.h"
#include "lib/access_scene.h"
#include "lib/messages.h"
#include "lib/toy_store.h"
#include "table/table.h"

enum { MAX_READS = 8 };

#define SINCE(revision) "/rockets?since=0000000000001234-" revision
#define EVENTS(revision) "/events?last_event_id=0000000000001234-" revision

/* A request, as the server keeps it until its response is complete. */
struct reading {
    struct http_request request;
    struct http_response response;
    struct http_waiter waiter;
    sem_t wakes;
    char decoded[256];
};

struct scene {
    struct api api;
    struct http_app app;
    struct store store;
    struct reading reads[MAX_READS];
    uint64_t next; /* number of the next message */
};

static void wake(struct http_waiter *first)
{
    while (first != NULL) {
        struct http_waiter *next = first->next;
        struct reading *read = container_of(first, struct reading, waiter);
        sync_semaphore_post(&read->wakes);
        first = next;
    }
}

/* From another instance, to the next position, which it has as its number. */
static void apply(struct scene *scene)
{
    struct message message = message_speed("a", ++scene->next, 1);

    toy_store_apply(&scene->store, &message);
}

static int begin(void **context, bool shared)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    api_init(&scene->api, table_new(SIZE_MAX), workers_start(1), metrics_new());
    toy_store_init(&scene->store);
    if (shared)
        toy_store_share(&scene->store);
    if (!api_use_store(&scene->api, &scene->store) ||
        !api_start_live(&scene->api, 1000))
        abort();
    scene->app = api_app(&scene->api);
    for (size_t i = 0; i < MAX_READS; i++) {
        scene->reads[i].waiter.wake = wake;
        sync_semaphore_init(&scene->reads[i].wakes);
        http_response_init(&scene->reads[i].response);
    }
    apply(scene);
    *context = scene;
    return 0;
}

static int set_up(void **context)
{
    return begin(context, true);
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    for (size_t i = 0; i < MAX_READS; i++) {
        http_response_release(&scene->reads[i].response);
        sem_destroy(&scene->reads[i].wakes);
    }
    assert_int_equal(position_waits_count(&scene->api.waits), 0);
    api_end_live(&scene->api);
    api_free_live(&scene->api);
    toy_store_release(&scene->store);
    workers_free(scene->api.workers);
    table_free(scene->api.table);
    metrics_free(scene->api.registry);
    free(scene);
    return 0;
}

/* Send it, and start what its response waits for, if it is deferred. */
static struct reading *send(struct scene *scene, size_t index,
                            const char *target, const char *after)
{
    struct reading *read = &scene->reads[index];
    struct http_response *response = &read->response;

    http_response_release(response);
    read->request.method = HTTP_GET;
    read->request.fields.lunar_after =
        after == NULL ? (struct text){NULL, 0} : text_of(after);
    http_request_set_target(&read->request, text_of(target), read->decoded);
    assert_null(scene->app.open(scene->app.context, &read->request, response));
    scene->app.answer(scene->app.context, &read->request, response);
    if (response->deferred != NULL)
        response->deferred->start(response->deferred, &read->waiter);
    return read;
}

static bool is_woken(struct reading *read)
{
    return sem_trywait(&read->wakes) == 0;
}

/* It was woken: the response, or the next wait for it. */
static void go_on(struct reading *read)
{
    struct http_deferred *deferred = read->response.deferred;

    assert_non_null(deferred);
    http_response_init(&read->response);
    deferred->finish(deferred, &read->response);
    if (read->response.deferred != NULL)
        read->response.deferred->start(read->response.deferred, &read->waiter);
}

static void expect(const struct reading *read, unsigned status,
                   const char *body)
{
    const struct http_response *response = &read->response;
    struct text text = response->fixed.data != NULL
                           ? response->fixed
                           : buffer_text(&response->body);

    assert_null(response->deferred);
    assert_int_equal(response->status, status);
    if (memmem(text.data, text.length, body, strlen(body)) == NULL)
        fail_msg("no %s in %.*s", body, (int)text.length, text.data);
}

/* The waits are over, however long they were. */
static void end_time(struct scene *scene)
{
    http_wake_all(position_waits_reach(&scene->api.waits, 0, UINT64_MAX, NULL));
}

static void read_of_what_is_applied_does_not_wait(void **context)
{
    static const char *const positions[] = {NULL, "0", "1"};
    struct scene *scene = *context;

    for (size_t i = 0; i < COUNT(positions); i++)
        expect(send(scene, 0, "/rockets/a", positions[i]), 200, "\"id\":\"a\"");
}

static void read_waits_until_its_position_is_applied(void **context)
{
    struct scene *scene = *context;
    struct reading *second = send(scene, 0, "/rockets/a", "2");
    struct reading *third = send(scene, 1, "/rockets/a/gaps", "3");

    assert_true(second->response.long_lived);
    toy_store_tick(&scene->store);
    assert_false(is_woken(second));
    apply(scene);
    assert_true(is_woken(second));
    assert_false(is_woken(third));
    go_on(second);
    expect(second, 200, "\"lastMessageNumber\":2");
    apply(scene);
    assert_true(is_woken(third));
    go_on(third);
    expect(third, 200, "\"gaps\":[]");
}

/* What was counted before is not what the client has posted. */
static void fleet_is_counted_after_the_position(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, "/fleet", NULL);

    sync_semaphore_wait(&read->wakes);
    go_on(read);
    expect(read, 200, "\"revision\":1,");
    expect(send(scene, 0, "/fleet", "1"), 200, "\"revision\":1,");
    read = send(scene, 0, "/fleet", "2");
    apply(scene);
    for (unsigned i = 0; i < 2; i++) {
        sync_semaphore_wait(&read->wakes);
        go_on(read);
    }
    expect(read, 200, "\"revision\":2,");
    expect(send(scene, 0, "/fleet", "2"), 200, "\"revision\":2,");
}

/* A record that changes nothing here is applied like any other. */
static void position_of_a_duplicate_is_reached(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, "/rockets/a", "2");

    scene->next--;
    apply(scene);
    assert_true(is_woken(read));
    go_on(read);
    expect(read, 200, "\"revision\":1");
    expect(send(scene, 0, SINCE("2"), NULL), 200, "[]");
}

static void read_that_waits_too_long_says_where_the_instance_is(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, "/rockets/a", "3");

    apply(scene);
    assert_false(is_woken(read));
    end_time(scene);
    assert_true(is_woken(read));
    go_on(read);
    expect(read, 503, "it is at 2; try again, or read from another instance");
}

/* The time is the clock's: a second at least. */
static void read_waits_for_a_second(void **context)
{
    struct scene *scene = *context;
    uint64_t began = clock_us(CLOCK_MONOTONIC);
    struct reading *read = send(scene, 0, "/rockets/a", "3");

    while (!is_woken(read))
        toy_store_tick(&scene->store);
    assert_true(clock_us(CLOCK_MONOTONIC) - began >= 1000000);
    go_on(read);
    expect(read, 503, "it is at 1");
}

static void position_must_be_one_number(void **context)
{
    static const char *const values[] = {
        "", "-1", "+1", "1.0", "1,2", "x", ",", "9223372036854775808", "1 2"};
    struct scene *scene = *context;

    for (size_t i = 0; i < COUNT(values); i++)
        expect(send(scene, 0, "/rockets", values[i]), 400,
               "Lunar-After must be one position");
}

/* Health, metrics and files are of the instance, not of the state. */
static void only_reads_of_the_state_wait(void **context)
{
    struct scene *scene = *context;

    expect(send(scene, 0, "/health", "x"), 200, "\"status\":\"ok\"");
    expect(send(scene, 0, "/health/ready", "99"), 200, "ready");
    expect(send(scene, 0, "/openapi.yaml", "99"), 200, "openapi:");
    assert_non_null(send(scene, 0, "/metrics", "99")->response.deferred);
    sync_semaphore_wait(&scene->reads[0].wakes);
    go_on(&scene->reads[0]);
    expect(&scene->reads[0], 200, "lunar_");
}

static int set_up_alone(void **context)
{
    return begin(context, false);
}

static void single_instance_ignores_the_header(void **context)
{
    struct scene *scene = *context;

    expect(send(scene, 0, "/rockets/a", "99"), 200, "\"id\":\"a\"");
    expect(send(scene, 0, "/rockets/a", "x"), 200, "\"id\":\"a\"");
    expect(send(scene, 0, SINCE("99"), NULL), 410, "since");
}

/* The dashboard goes on with another instance, which is behind. */
static void revision_of_another_instance_is_waited_for(void **context)
{
    struct scene *scene = *context;
    struct reading *changes = send(scene, 0, SINCE("2"), NULL);
    struct reading *events = send(scene, 1, EVENTS("2"), NULL);

    assert_non_null(changes->response.deferred);
    assert_non_null(events->response.deferred);
    assert_true(changes->response.long_lived);
    apply(scene);
    assert_true(is_woken(changes));
    assert_true(is_woken(events));
    go_on(changes);
    expect(changes, 200, "[]");
    go_on(events);
    assert_int_equal(events->response.status, 200);
    assert_non_null(events->response.stream);
}

static void revision_that_does_not_come_is_unknown(void **context)
{
    struct scene *scene = *context;
    struct reading *changes = send(scene, 0, SINCE("3"), NULL);
    struct reading *events = send(scene, 1, EVENTS("3"), NULL);

    apply(scene);
    assert_false(is_woken(changes));
    end_time(scene);
    assert_true(is_woken(changes));
    assert_true(is_woken(events));
    go_on(changes);
    expect(changes, 410, "since is not a revision of this state");
    go_on(events);
    assert_non_null(events->response.stream);
}

/* Another instance is ahead only in the same history. */
static void revision_of_another_history_is_not_waited_for(void **context)
{
    struct scene *scene = *context;

    expect(send(scene, 0, "/rockets?since=0000000000001235-9", NULL), 410,
           "since");
    assert_non_null(
        send(scene, 0, "/events?last_event_id=0000000000001235-9", NULL)
            ->response.stream);
}

static void header_of_events_is_waited_for_too(void **context)
{
    struct scene *scene = *context;

    scene->reads[0].request.fields.last_event_id = TEXT("0000000000001234-2");
    struct reading *events = send(scene, 0, EVENTS("1"), NULL);
    assert_non_null(events->response.deferred);
    apply(scene);
    assert_true(is_woken(events));
    go_on(events);
    assert_non_null(events->response.stream);
}

/* It could take all places, and read nothing of it. */
static void page_of_another_site_does_not_wait(void **context)
{
    struct scene *scene = *context;

    scene->reads[0].request.site = HTTP_SITE_OTHER;
    expect(send(scene, 0, SINCE("9"), NULL), 410, "since");
    expect(send(scene, 0, "/rockets", "9"), 503, "it is at 1");
}

static void number_of_waits_is_bounded(void **context)
{
    struct scene *scene = *context;

    scene->api.waits.most = 2;
    for (size_t times = 0; times < 3; times++) {
        send(scene, 0, "/rockets/a", "9");
        send(scene, 1, SINCE("9"), NULL);
        expect(send(scene, 2, "/rockets/a", "9"), 503, "as many reads wait");
        expect(send(scene, 2, SINCE("9"), NULL), 503, "as many reads wait");
        expect(send(scene, 2, "/rockets/a", "1"), 200, "\"id\":\"a\"");
        end_time(scene);
        for (size_t i = 0; i < 2; i++) {
            assert_true(is_woken(&scene->reads[i]));
            go_on(&scene->reads[i]);
        }
    }
}

/* The server frees what it does not finish. */
static void client_that_goes_away_gives_its_place_back(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, "/rockets/a", "9");
    struct http_deferred *deferred = read->response.deferred;

    deferred->cancel(deferred);
    assert_true(is_woken(read));
    assert_int_equal(position_waits_count(&scene->api.waits), 1);
    http_response_release(&read->response);
    assert_int_equal(position_waits_count(&scene->api.waits), 0);
    /* One that has only ended its side gets an answer. */
    read = send(scene, 0, "/rockets/a", "9");
    read->response.deferred->cancel(read->response.deferred);
    assert_true(is_woken(read));
    go_on(read);
    expect(read, 503, "it is at 1");
}

/* Also of those that begin later. */
static void stop_ends_all_waits(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, "/rockets/a", "9");

    api_set_stopping(&scene->api);
    api_end_live(&scene->api);
    assert_true(is_woken(read));
    read->response.deferred->cancel(read->response.deferred);
    assert_false(is_woken(read));
    go_on(read);
    expect(read, 503, "the service is stopping");
    read = send(scene, 0, SINCE("9"), NULL);
    assert_true(is_woken(read));
    go_on(read);
    expect(read, 503, "the service is stopping");
}

/* What is woken by a commit and what by its position are woken at once. */
static void wait_after_the_look_is_not_missed(void **context)
{
    struct scene *scene = *context;
    struct reading *read = &scene->reads[0];
    struct http_response *response = &read->response;

    read->request.method = HTTP_GET;
    read->request.fields.lunar_after = TEXT("2");
    http_request_set_target(&read->request, TEXT("/rockets/a"), read->decoded);
    scene->app.open(scene->app.context, &read->request, response);
    scene->app.answer(scene->app.context, &read->request, response);
    assert_non_null(response->deferred);
    apply(scene);
    response->deferred->start(response->deferred, &read->waiter);
    assert_true(is_woken(read));
    go_on(read);
    expect(read, 200, "\"lastMessageNumber\":2");
}

/* What permitted the read was removed while it waited. */
static void read_ends_with_its_token(void **context)
{
    struct scene *scene = *context;
    struct access_scene access;
    char line[TOKENS_LINE];

    access_scene_init(&access);
    assert_true(access_scene_open(
        &access, access_scene_line(line, "a", "a-token", "read"), 0, 0));
    api_use_access(&scene->api, access.access);
    for (size_t i = 0; i < 2; i++) {
        scene->reads[i].request.fields.authorization = TEXT("Bearer a-token");
        send(scene, i, "/rockets/a", i == 0 ? "2" : "3");
    }
    apply(scene);
    assert_true(is_woken(&scene->reads[0]));
    go_on(&scene->reads[0]);
    expect(&scene->reads[0], 200, "\"lastMessageNumber\":2");
    assert_true(access_scene_reload(&access, ""));
    apply(scene);
    assert_true(is_woken(&scene->reads[1]));
    go_on(&scene->reads[1]);
    expect(&scene->reads[1], 401, "not known");
    api_use_access(&scene->api, NULL);
    access_scene_release(&access);
}

#define ALONE_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, set_up_alone, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(read_of_what_is_applied_does_not_wait),
        FIXTURE_TEST(read_waits_until_its_position_is_applied),
        FIXTURE_TEST(fleet_is_counted_after_the_position),
        FIXTURE_TEST(position_of_a_duplicate_is_reached),
        FIXTURE_TEST(read_that_waits_too_long_says_where_the_instance_is),
        FIXTURE_TEST(read_waits_for_a_second),
        FIXTURE_TEST(position_must_be_one_number),
        FIXTURE_TEST(only_reads_of_the_state_wait),
        ALONE_TEST(single_instance_ignores_the_header),
        FIXTURE_TEST(revision_of_another_instance_is_waited_for),
        FIXTURE_TEST(revision_that_does_not_come_is_unknown),
        FIXTURE_TEST(revision_of_another_history_is_not_waited_for),
        FIXTURE_TEST(header_of_events_is_waited_for_too),
        FIXTURE_TEST(page_of_another_site_does_not_wait),
        FIXTURE_TEST(number_of_waits_is_bounded),
        FIXTURE_TEST(client_that_goes_away_gives_its_place_back),
        FIXTURE_TEST(stop_ends_all_waits),
        FIXTURE_TEST(wait_after_the_look_is_not_missed),
        FIXTURE_TEST(read_ends_with_its_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
