/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of GET /snapshot: when one is taken, what is sent, and what is freed.
 */
#include "lib/unit_check.h"

#include <fcntl.h>
#include <semaphore.h>
#include <unistd.h>

#include "api/api.h"
#include "api/operations.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "base/workers.h"
#include "http/request.h"
#include "http/response.h"
#include "lib/access_scene.h"
#include "lib/messages.h"
#include "lib/toy_store.h"
#include "table/table.h"

enum {
    MAX_READS = API_MAX_SNAPSHOTS + 1,
    BYTES = 3 * HTTP_STREAM_BLOCK - 1,
};

/* A request, as the server keeps it until its response is sent. */
struct reading {
    struct http_request request;
    struct http_response response;
    struct http_waiter waiter;
    sem_t wakes;
    char decoded[32];
};

struct scene {
    struct api api;
    struct http_app app;
    struct store store;
    struct reading reads[MAX_READS];
    char bytes[BYTES]; /* of the file */
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

static int begin(void **context, bool shared)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    api_init(&scene->api, table_new(SIZE_MAX), workers_start(1), metrics_new());
    toy_store_init(&scene->store);
    if (shared)
        toy_store_share(&scene->store);
    if (!api_use_store(&scene->api, &scene->store))
        abort();
    scene->app = api_app(&scene->api);
    for (size_t i = 0; i < MAX_READS; i++) {
        scene->reads[i].waiter.wake = wake;
        sync_semaphore_init(&scene->reads[i].wakes);
        http_response_init(&scene->reads[i].response);
    }
    for (size_t i = 0; i < BYTES; i++)
        scene->bytes[i] = (char)(i * 31 / 7);
    *context = scene;
    return 0;
}

static int set_up(void **context)
{
    return begin(context, true);
}

static int set_up_alone(void **context)
{
    return begin(context, false);
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    for (size_t i = 0; i < MAX_READS; i++)
        http_response_release(&scene->reads[i].response);
    workers_free(scene->api.workers);
    assert_int_equal(position_waits_count(&scene->api.snapshot_waits), 0);
    for (size_t i = 0; i < MAX_READS; i++)
        sem_destroy(&scene->reads[i].wakes);
    if (scene->store.file >= 0)
        close(scene->store.file);
    toy_store_release(&scene->store);
    table_free(scene->api.table);
    metrics_free(scene->api.registry);
    free(scene);
    return 0;
}

/* The store has a snapshot up to `position` now. */
static void take_snapshot(struct scene *scene, uint64_t position)
{
    char path[] = "/tmp/lunar-test-XXXXXX";
    int file = mkstemp(path);

    if (file < 0 || unlink(path) != 0 ||
        pwrite(file, scene->bytes, BYTES, 0) != BYTES)
        abort();
    if (scene->store.file >= 0)
        close(scene->store.file);
    scene->store.file = file;
    scene->store.snapshot = (struct store_snapshot_status){
        .exists = true, .position = position, .bytes = BYTES};
    toy_store_tick(&scene->store);
}

static void apply(struct scene *scene, uint64_t number)
{
    struct message message = message_speed("a", number, 1);

    toy_store_apply(&scene->store, &message);
}

static struct reading *send(struct scene *scene, size_t index,
                            const char *after)
{
    struct reading *read = &scene->reads[index];
    struct http_response *response = &read->response;

    http_response_release(response);
    read->request.method = HTTP_GET;
    read->request.fields.lunar_after =
        after == NULL ? (struct text){NULL, 0} : text_of(after);
    http_request_set_target(&read->request, TEXT("/snapshot"), read->decoded);
    assert_null(scene->app.open(scene->app.context, &read->request, response));
    scene->app.answer(scene->app.context, &read->request, response);
    if (response->deferred != NULL)
        response->deferred->start(response->deferred, &read->waiter);
    return read;
}

/* After a wake: the response, or the next wait for it. */
static void go_on(struct reading *read)
{
    struct http_deferred *deferred = read->response.deferred;

    assert_non_null(deferred);
    sync_semaphore_wait(&read->wakes);
    http_response_init(&read->response);
    deferred->finish(deferred, &read->response);
    if (read->response.deferred != NULL)
        read->response.deferred->start(read->response.deferred, &read->waiter);
}

static bool is_woken(struct reading *read)
{
    int wakes;

    sem_getvalue(&read->wakes, &wakes);
    return wakes > 0;
}

static const char *header(const struct reading *read, const char *name)
{
    for (size_t i = 0; i < read->response.header_count; i++)
        if (strcmp(read->response.headers[i].name, name) == 0)
            return read->response.headers[i].value;
    return NULL;
}

static void expect_problem(const struct reading *read, unsigned status,
                           const char *detail)
{
    const struct buffer *body = &read->response.body;

    assert_null(read->response.deferred);
    assert_int_equal(read->response.status, status);
    assert_non_null(memmem(body->data, body->length, detail, strlen(detail)));
}

/* Read all of the stream. */
static void expect_file(struct scene *scene, struct reading *read,
                        const char *position)
{
    struct http_stream *stream = read->response.stream;
    struct buffer block = BUFFER_INIT;
    enum http_flow flow = HTTP_MORE;
    size_t length = 0;

    assert_null(read->response.deferred);
    assert_int_equal(read->response.status, 200);
    assert_string_equal(header(read, "Content-Type"),
                        "application/vnd.sqlite3");
    assert_string_equal(header(read, "Lunar-Position"), position);
    assert_int_equal(read->response.stream_length, BYTES);
    while (flow != HTTP_DONE) {
        buffer_clear(&block);
        flow = stream->next(stream, &block, &read->waiter);
        assert_int_not_equal(flow, HTTP_FAILED);
        if (flow == HTTP_WAIT) {
            sync_semaphore_wait(&read->wakes);
            continue;
        }
        assert_true(length + block.length <= BYTES);
        assert_memory_equal(block.data, scene->bytes + length, block.length);
        length += block.length;
    }
    assert_int_equal(length, BYTES);
    buffer_release(&block);
    http_response_release(&read->response);
}

static void last_snapshot_is_sent(void **context)
{
    struct scene *scene = *context;

    take_snapshot(scene, 17);
    struct reading *read = send(scene, 0, NULL);
    go_on(read);
    expect_file(scene, read, "17");
    assert_int_equal(scene->store.wants, 0);
}

static void snapshot_is_taken_if_there_is_none(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, NULL);

    assert_int_equal(scene->store.wants, 1);
    assert_true(read->response.long_lived);
    toy_store_tick(&scene->store);
    assert_false(is_woken(read));
    take_snapshot(scene, 0);
    go_on(read);
    assert_false(read->response.long_lived);
    go_on(read);
    expect_file(scene, read, "0");
}

static void snapshot_is_taken_if_the_last_one_is_too_old(void **context)
{
    struct scene *scene = *context;

    take_snapshot(scene, 1);
    apply(scene, 1);
    struct reading *read = send(scene, 0, "1");
    go_on(read);
    expect_file(scene, read, "1");
    apply(scene, 2);
    read = send(scene, 0, "2");
    assert_int_equal(scene->store.wants, 1);
    assert_int_equal(scene->store.wanted, 2);
    toy_store_tick(&scene->store);
    assert_false(is_woken(read));
    take_snapshot(scene, 3);
    go_on(read);
    go_on(read);
    expect_file(scene, read, "3");
}

/* First the position, then the snapshot. */
static void position_that_is_not_applied_is_waited_for(void **context)
{
    struct scene *scene = *context;

    take_snapshot(scene, 0);
    struct reading *read = send(scene, 0, "1");
    assert_int_equal(scene->store.wants, 0);
    apply(scene, 1);
    go_on(read);
    assert_int_equal(scene->store.wanted, 1);
    take_snapshot(scene, 1);
    go_on(read);
    go_on(read);
    expect_file(scene, read, "1");
    read = send(scene, 0, "x");
    expect_problem(read, 400, "Lunar-After must be one position");
}

/*
 * Each wait ends with the question whether the token still has the scope admin;
 * it needs no other one.
 */
static void wait_ends_with_the_scope_admin(void **context)
{
    struct scene *scene = *context;
    struct access_scene access;
    char line[TOKENS_LINE];

    access_scene_init(&access);
    assert_true(access_scene_open(
        &access, access_scene_line(line, "a", "a-token", "admin"), 0, 0));
    api_use_access(&scene->api, access.access);
    for (size_t i = 0; i < 3; i++)
        scene->reads[i].request.fields.authorization = TEXT("Bearer a-token");
    take_snapshot(scene, 0);
    struct reading *read = send(scene, 0, "1");
    apply(scene, 1);
    go_on(read);
    take_snapshot(scene, 1);
    go_on(read);
    go_on(read);
    expect_file(scene, read, "1");

    struct reading *for_position = send(scene, 1, "2");
    access_scene_reload(&access,
                        access_scene_line(line, "a", "a-token", "read"));
    apply(scene, 2);
    go_on(for_position);
    expect_problem(for_position, 403, "needs the scope admin");

    access_scene_reload(&access,
                        access_scene_line(line, "a", "a-token", "admin"));
    struct reading *for_snapshot = send(scene, 2, "2");
    access_scene_reload(&access, "");
    take_snapshot(scene, 2);
    go_on(for_snapshot);
    expect_problem(for_snapshot, 401, "not known");
    api_use_access(&scene->api, NULL);
    access_scene_release(&access);
}

static void snapshot_that_does_not_come_is_503(void **context)
{
    static const char *const problems[] = {NULL, "the disk is full: free some"};
    struct scene *scene = *context;

    for (size_t i = 0; i < COUNT(problems); i++) {
        struct reading *read = send(scene, 0, NULL);

        scene->store.snapshot.problem = problems[i];
        http_wake_all(position_waits_reach(&scene->api.snapshot_waits, 0,
                                           UINT64_MAX, NULL));
        go_on(read);
        expect_problem(read, 503,
                       i == 0 ? "there is no such snapshot yet" : problems[i]);
        assert_string_equal(header(read, "Retry-After"), "10");
    }
}

/* Who waits may ask another instance, rather than wait for this disk. */
static void failed_snapshot_is_not_waited_for(void **context)
{
    struct scene *scene = *context;
    struct reading *read = send(scene, 0, NULL);

    scene->store.snapshot.problem = "the disk is full: free some";
    scene->store.snapshot.running = true; /* again */
    http_wake_all(snapshot_wake(&scene->api, 0, NULL));
    assert_false(is_woken(read));
    scene->store.snapshot.running = false;
    http_wake_all(snapshot_wake(&scene->api, 0, NULL));
    assert_true(is_woken(read));
    go_on(read);
    expect_problem(read, 503, "the disk is full: free some");
}

/* It is deleted between the look and the opening. */
static void snapshot_that_is_gone_is_503(void **context)
{
    struct scene *scene = *context;

    take_snapshot(scene, 1);
    close(scene->store.file);
    scene->store.file = -1;
    struct reading *read = send(scene, 0, NULL);
    go_on(read);
    expect_problem(read, 503, "there is no such snapshot yet");
}

/* Nothing but the length would tell the client. */
static void snapshot_that_is_cut_off_fails(void **context)
{
    struct scene *scene = *context;
    struct buffer block = BUFFER_INIT;
    enum http_flow flow = HTTP_MORE;

    take_snapshot(scene, 1);
    if (ftruncate(scene->store.file, HTTP_STREAM_BLOCK) != 0)
        abort();
    struct reading *read = send(scene, 0, NULL);
    go_on(read);
    struct http_stream *stream = read->response.stream;
    while (flow == HTTP_MORE || flow == HTTP_WAIT) {
        buffer_clear(&block);
        flow = stream->next(stream, &block, &read->waiter);
        if (flow == HTTP_WAIT)
            sync_semaphore_wait(&read->wakes);
    }
    assert_int_equal(flow, HTTP_FAILED);
    buffer_release(&block);
}

static void number_of_snapshots_is_bounded(void **context)
{
    struct scene *scene = *context;

    for (size_t times = 0; times < 3; times++) {
        for (size_t i = 0; i < API_MAX_SNAPSHOTS; i++)
            send(scene, i, NULL);
        struct reading *last = send(scene, API_MAX_SNAPSHOTS, NULL);
        if (times == 0) {
            expect_problem(last, 503, "4 snapshots are being sent already");
            take_snapshot(scene, 1);
            for (size_t i = 0; i < API_MAX_SNAPSHOTS; i++)
                go_on(&scene->reads[i]);
        }
        for (size_t i = 0; i < API_MAX_SNAPSHOTS; i++) {
            go_on(&scene->reads[i]);
            expect_file(scene, &scene->reads[i], "1");
        }
    }
}

/* Wherever it is: in the wait, in the opening, in the middle of the file. */
static void client_that_goes_away_gives_its_place_back(void **context)
{
    struct scene *scene = *context;
    struct buffer block = BUFFER_INIT;
    struct reading *read = send(scene, 0, NULL);

    read->response.deferred->cancel(read->response.deferred);
    sync_semaphore_wait(&read->wakes);
    http_response_release(&read->response);
    assert_int_equal(position_waits_count(&scene->api.snapshot_waits), 0);
    take_snapshot(scene, 1);
    read = send(scene, 0, NULL);
    sync_semaphore_wait(&read->wakes);
    http_response_release(&read->response);
    assert_int_equal(position_waits_count(&scene->api.snapshot_waits), 0);
    read = send(scene, 0, NULL);
    go_on(read);
    assert_int_equal(read->response.stream->next(read->response.stream, &block,
                                                 &read->waiter),
                     HTTP_MORE);
    /* The worker may be at the next block: tear_down() looks at the places. */
    http_response_release(&read->response);
    buffer_release(&block);
}

static void page_of_another_site_gets_none(void **context)
{
    struct scene *scene = *context;

    take_snapshot(scene, 1);
    scene->reads[0].request.site = HTTP_SITE_OTHER;
    expect_problem(send(scene, 0, NULL), 403, "may not take the snapshot");
}

static void single_instance_has_none(void **context)
{
    struct scene *scene = *context;

    expect_problem(send(scene, 0, NULL), 404,
                   "only instances that share a topic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(last_snapshot_is_sent),
        FIXTURE_TEST(snapshot_is_taken_if_there_is_none),
        FIXTURE_TEST(snapshot_is_taken_if_the_last_one_is_too_old),
        FIXTURE_TEST(position_that_is_not_applied_is_waited_for),
        FIXTURE_TEST(wait_ends_with_the_scope_admin),
        FIXTURE_TEST(snapshot_that_does_not_come_is_503),
        FIXTURE_TEST(failed_snapshot_is_not_waited_for),
        FIXTURE_TEST(snapshot_that_is_gone_is_503),
        FIXTURE_TEST(snapshot_that_is_cut_off_fails),
        FIXTURE_TEST(number_of_snapshots_is_bounded),
        FIXTURE_TEST(client_that_goes_away_gives_its_place_back),
        FIXTURE_TEST(page_of_another_site_gets_none),
        cmocka_unit_test_setup_teardown(single_instance_has_none, set_up_alone,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
