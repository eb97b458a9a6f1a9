/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of single messages with a store: when each is answered, with what, and
 * that it is counted once, whatever becomes of the client.
 */
#include "lib/unit_check.h"

#include "api/api.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "http/request.h"
#include "http/response.h"
#include "lib/batch_lines.h"
#include "lib/gzip_data.h"
#include "lib/toy_store.h"
#include "table/table.h"

#define LAUNCH LINE_LAUNCHED("a")
#define FASTER LINE_FASTER("a", "2")
#define EXPLODE BATCH_LINE("a", "3", "RocketExploded", "\"reason\":\"R\"")
#define ESCAPED                                                                \
    BATCH_LINE("\\u0061", "2", "RocketMissionChanged",                         \
               "\"newMission\":\"\\u0042\"")
#define RECEIPT(number, processed, result)                                     \
    "{\"channel\":\"a\",\"messageNumber\":" #number                            \
    ",\"processed\":" #processed ",\"result\":\"" result "\"}"
#define DISK_FULL "the disk is full: free some space"

enum { MAX_POSTS = 8, FEW_KB = 64 * 1024 };

/* A request, as the server keeps it until its response is complete. */
struct post {
    struct http_request request;
    struct http_response response;
    struct http_waiter waiter;
    bool woken;
    char decoded[32];
};

struct scene {
    struct api api;
    struct http_app app;
    struct store store;
    struct post posts[MAX_POSTS];
};

static unsigned wakes; /* calls of wake() */

static void wake(struct http_waiter *first)
{
    wakes++;
    while (first != NULL) {
        struct http_waiter *next = first->next;
        struct post *post = container_of(first, struct post, waiter);
        assert_false(post->woken);
        post->woken = true;
        first = next;
    }
}

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    api_init(&scene->api, table_new(SIZE_MAX), NULL, metrics_new());
    toy_store_init(&scene->store);
    if (!api_use_store(&scene->api, &scene->store))
        abort();
    scene->app = api_app(&scene->api);
    for (size_t i = 0; i < MAX_POSTS; i++) {
        struct post *post = &scene->posts[i];
        post->request.memory = malloc(scene->app.request_memory);
        post->waiter.wake = wake;
        http_response_init(&post->response);
    }
    wakes = 0;
    *context = scene;
    return 0;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    for (size_t i = 0; i < MAX_POSTS; i++) {
        http_response_release(&scene->posts[i].response);
        free(scene->posts[i].request.memory);
    }
    toy_store_release(&scene->store);
    table_free(scene->api.table);
    metrics_free(scene->api.registry);
    free(scene);
    return 0;
}

/* Send it, and start what its response waits for, if it is deferred. */
static struct post *send_body(struct scene *scene, size_t index,
                              struct text body, struct text coding)
{
    struct post *post = &scene->posts[index];
    struct http_response *response = &post->response;

    http_response_release(response);
    post->request.method = HTTP_POST;
    post->request.fields.content_encoding = coding;
    post->request.body = body;
    post->woken = false;
    http_request_set_target(&post->request, TEXT("/messages"), post->decoded);
    assert_null(scene->app.open(scene->app.context, &post->request, response));
    scene->app.answer(scene->app.context, &post->request, response);
    if (response->deferred != NULL)
        response->deferred->start(response->deferred, &post->waiter);
    return post;
}

static struct post *send_post(struct scene *scene, size_t index,
                              const char *body)
{
    return send_body(scene, index, text_of(body), (struct text){NULL, 0});
}

/* The response, once the post was woken. */
static void finish_post(struct post *post)
{
    struct http_deferred *deferred = post->response.deferred;

    assert_non_null(deferred);
    assert_true(post->woken);
    post->response.deferred = NULL;
    deferred->finish(deferred, &post->response);
}

static void expect(const struct post *post, unsigned status, const char *body,
                   const char *retry_after)
{
    const struct http_response *response = &post->response;
    const char *found = NULL;

    assert_null(response->deferred);
    assert_int_equal(response->status, status);
    if (memmem(response->body.data, response->body.length, body,
               strlen(body)) == NULL)
        fail_msg("no %s in %.*s", body, (int)response->body.length,
                 response->body.data);
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, "Retry-After") == 0)
            found = response->headers[i].value;
    if (retry_after == NULL || found == NULL)
        assert_true(retry_after == NULL && found == NULL);
    else
        assert_string_equal(found, retry_after);
}

static uint64_t counted(struct scene *scene, enum api_result result)
{
    return metric_value(scene->api.counts.messages, result);
}

/* How many messages were counted, with any result. */
static uint64_t counted_all(struct scene *scene)
{
    return metric_total(scene->api.counts.messages);
}

static void message_is_answered_once_it_is_durable(void **context)
{
    struct scene *scene = *context;
    struct post *post = send_post(scene, 0, LAUNCH);

    assert_false(post->woken);
    assert_int_equal(table_count(scene->api.table), 0);
    assert_int_equal(counted_all(scene), 0);
    toy_store_settle(&scene->store, 1);
    assert_int_equal(table_count(scene->api.table), 1);
    finish_post(post);
    expect(post, 202, RECEIPT(1, true, "applied"), NULL);
    assert_int_equal(counted(scene, API_APPLIED), 1);
    assert_int_equal(metric_total(scene->api.counts.launches), 1);
}

static void known_number_is_answered_at_once(void **context)
{
    struct scene *scene = *context;
    struct post *post = send_post(scene, 0, LAUNCH);

    toy_store_settle(&scene->store, 1);
    finish_post(post);
    post = send_post(scene, 0, LAUNCH);
    expect(post, 202, RECEIPT(1, false, "duplicate"), NULL);
    assert_int_equal(toy_store_pending(&scene->store), 0);
    assert_int_equal(counted(scene, API_DUPLICATE), 1);
    assert_int_equal(counted_all(scene), 2);
}

/* The table does not hold the first one yet. The first that is durable wins. */
static void duplicate_of_a_pending_message_is_found_in_its_turn(void **context)
{
    struct scene *scene = *context;
    struct post *first = send_post(scene, 0, FASTER);
    struct post *second = send_post(scene, 1, ESCAPED);

    assert_int_equal(toy_store_pending(&scene->store), 2);
    toy_store_settle(&scene->store, 2);
    finish_post(second);
    finish_post(first);
    expect(first, 202, RECEIPT(2, true, "applied"), NULL);
    expect(second, 202, RECEIPT(2, false, "duplicate"), NULL);
    assert_int_equal(counted(scene, API_APPLIED), 1);
    assert_int_equal(counted(scene, API_DUPLICATE), 1);
}

static void messages_of_one_commit_are_woken_together(void **context)
{
    static const char *const bodies[] = {LAUNCH, FASTER, EXPLODE};
    struct scene *scene = *context;

    for (size_t i = 0; i < COUNT(bodies); i++)
        send_post(scene, i, bodies[i]);
    toy_store_settle(&scene->store, 2);
    assert_int_equal(wakes, 1);
    assert_false(scene->posts[2].woken);
    toy_store_settle(&scene->store, 2);
    assert_int_equal(wakes, 2);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        finish_post(&scene->posts[i]);
        expect(&scene->posts[i], 202, "\"result\":\"applied\"", NULL);
    }
    assert_int_equal(metric_total(scene->api.counts.launches), 1);
    assert_int_equal(metric_total(scene->api.counts.explosions), 1);
}

static void
message_that_is_not_written_is_503_and_changes_nothing(void **context)
{
    static const char *const problems[] = {DISK_FULL, NULL};
    struct scene *scene = *context;

    for (size_t i = 0; i < COUNT(problems); i++) {
        struct post *post = send_post(scene, 0, LAUNCH);
        scene->store.status.problem = problems[i];
        toy_store_refuse(&scene->store, 1);
        finish_post(post);
        expect(post, 503,
               problems[i] != NULL
                   ? DISK_FULL
                   : "the disk could not be written for a moment",
               "5");
        assert_int_equal(table_count(scene->api.table), 0);
        assert_int_equal(counted(scene, API_NOT_WRITTEN), i + 1);
    }
    struct post *post = send_post(scene, 0, LAUNCH);
    toy_store_settle(&scene->store, 1);
    finish_post(post);
    expect(post, 202, RECEIPT(1, true, "applied"), NULL);
    assert_int_equal(counted_all(scene), 3);
}

/* The memory that was reserved for it is given back each time. */
static void full_queue_is_503_at_once(void **context)
{
    struct scene *scene = *context;
    struct table *whole = scene->api.table;
    unsigned times = 2000;

    scene->api.table = table_new(table_memory(whole) + FEW_KB);
    commit_free(scene->store.commit);
    assert_true(api_use_store(&scene->api, &scene->store));
    scene->store.busy = true;
    for (unsigned i = 0; i < times; i++) {
        struct post *post = send_post(scene, 0, LAUNCH);
        finish_post(post);
        expect(post, 503, "too many messages wait for the disk", "1");
    }
    assert_int_equal(counted(scene, API_NOT_WRITTEN), times);
    assert_int_equal(counted_all(scene), times);
    table_free(whole);
}

static void message_without_memory_is_503_at_once(void **context)
{
    struct scene *scene = *context;
    struct table *whole = scene->api.table;

    scene->api.table = table_new(table_memory(whole));
    commit_free(scene->store.commit);
    assert_true(api_use_store(&scene->api, &scene->store));
    struct post *post = send_post(scene, 0, LAUNCH);
    expect(post, 503, "the memory limit is reached", "10");
    assert_int_equal(counted(scene, API_NO_MEMORY), 1);
    assert_int_equal(counted_all(scene), 1);
    table_free(whole);
}

static void invalid_message_is_400_at_once(void **context)
{
    struct scene *scene = *context;
    struct post *post = send_post(scene, 0, "[]");

    expect(post, 400, "the message must be a JSON object", NULL);
    assert_int_equal(counted(scene, API_REJECTED), 1);
    assert_int_equal(counted_all(scene), 1);
}

/* The decoded body is freed with the response, and not before. */
static void texts_live_until_the_response(void **context)
{
    struct scene *scene = *context;
    size_t size;
    char *packed = gzip_data(ESCAPED, sizeof(ESCAPED) - 1, false, &size);
    struct text body = exact_copy((struct text){packed, size});
    struct post *post = send_body(scene, 0, body, TEXT("gzip"));

    toy_store_settle(&scene->store, 1);
    finish_post(post);
    expect(post, 202, RECEIPT(2, true, "applied"), NULL);
    /* Each of the ways that end at once. */
    post = send_body(scene, 0, body, TEXT("gzip"));
    expect(post, 202, RECEIPT(2, false, "duplicate"), NULL);
    post = send_body(scene, 0, TEXT("no gzip"), TEXT("gzip"));
    expect(post, 400, "the body is not valid gzip data", NULL);
    exact_copy_free(body);
    free(packed);
    packed = gzip_data("[]", 2, false, &size);
    post = send_body(scene, 0, (struct text){packed, size}, TEXT("gzip"));
    expect(post, 400, "the message must be a JSON object", NULL);
    free(packed);
}

/* The server frees what it does not finish; the message is durable. */
static void message_of_a_client_that_has_gone_is_counted(void **context)
{
    struct scene *scene = *context;
    struct post *post = send_post(scene, 0, LAUNCH);

    toy_store_settle(&scene->store, 1);
    assert_true(post->woken);
    http_response_release(&post->response);
    assert_int_equal(table_count(scene->api.table), 1);
    assert_int_equal(counted(scene, API_APPLIED), 1);
    assert_int_equal(counted_all(scene), 1);
}

/*
 * At a stop the server frees what it did not start. The memory that was
 * reserved is given back each time.
 */
static void message_that_is_not_started_is_not_written(void **context)
{
    struct scene *scene = *context;
    struct table *whole = scene->api.table;
    struct post *post = &scene->posts[0];
    unsigned times = 2000;

    scene->api.table = table_new(table_memory(whole) + FEW_KB);
    commit_free(scene->store.commit);
    assert_true(api_use_store(&scene->api, &scene->store));
    post->request.method = HTTP_POST;
    post->request.body = TEXT(ESCAPED);
    http_request_set_target(&post->request, TEXT("/messages"), post->decoded);
    for (unsigned i = 0; i < times; i++) {
        scene->app.open(scene->app.context, &post->request, &post->response);
        scene->app.answer(scene->app.context, &post->request, &post->response);
        assert_non_null(post->response.deferred);
        http_response_release(&post->response);
    }
    assert_int_equal(toy_store_pending(&scene->store), 0);
    assert_int_equal(counted(scene, API_NOT_WRITTEN), times);
    assert_int_equal(counted_all(scene), times);
    table_free(whole);
}

/* What was appended is committed: the wait ends by itself. */
static void stop_waits_for_the_commit(void **context)
{
    struct scene *scene = *context;
    struct post *post = send_post(scene, 0, LAUNCH);

    post->response.deferred->cancel(post->response.deferred);
    assert_false(post->woken);
    toy_store_settle(&scene->store, 1);
    finish_post(post);
    expect(post, 202, RECEIPT(1, true, "applied"), NULL);
}

/* NULL: it has none. */
static void expect_position(const struct post *post, const char *position)
{
    const char *found = NULL;

    for (size_t i = 0; i < post->response.header_count; i++)
        if (strcmp(post->response.headers[i].name, "Lunar-Position") == 0)
            found = post->response.headers[i].value;
    if (position == NULL || found == NULL)
        assert_true(position == NULL && found == NULL);
    else
        assert_string_equal(found, position);
}

/* Begin anew with a journal that others share. */
static void share_journal(struct scene *scene)
{
    commit_free(scene->store.commit);
    toy_store_share(&scene->store);
    assert_true(api_use_store(&scene->api, &scene->store));
}

static void
position_of_a_message_is_on_its_answer_only_if_others_share_it(void **context)
{
    struct scene *scene = *context;

    for (unsigned shared = 0; shared < 2; shared++) {
        if (shared)
            share_journal(scene);
        struct post *first = send_post(scene, 0, shared ? FASTER : LAUNCH);
        struct post *second = send_post(scene, 1, shared ? ESCAPED : EXPLODE);
        toy_store_settle(&scene->store, 1);
        finish_post(first);
        expect(first, 202, "\"result\":\"applied\"", NULL);
        expect_position(first, shared ? "3" : NULL);
        toy_store_settle(&scene->store, 1);
        finish_post(second);
        expect(second, 202, shared ? "duplicate" : "applied", NULL);
        expect_position(second, shared ? "4" : NULL);
    }
}

/*
 * It needs no journal; but others have it only behind some position. The table
 * may be ahead of what the journal says of itself.
 */
static void known_number_is_answered_with_a_position_that_has_it(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    struct post *post = send_post(scene, 0, LAUNCH);
    toy_store_settle(&scene->store, 1);
    finish_post(post);
    scene->store.status.position = 0;
    post = send_post(scene, 0, LAUNCH);
    expect(post, 202, RECEIPT(1, false, "duplicate"), NULL);
    expect_position(post, "1");
    scene->store.status.position = 7;
    post = send_post(scene, 0, LAUNCH);
    expect(post, 202, RECEIPT(1, false, "duplicate"), NULL);
    expect_position(post, "7");
    post = send_post(scene, 0, "[]");
    expect(post, 400, "JSON object", NULL);
    expect_position(post, NULL);
}

static void message_that_nobody_has_confirmed_is_perhaps_applied(void **context)
{
    struct scene *scene = *context;

    share_journal(scene);
    struct post *post = send_post(scene, 0, LAUNCH);
    toy_store_lose(&scene->store, 1);
    finish_post(post);
    expect(post, 503, "perhaps applied", "1");
    expect(post, 503, "safe to send it again", "1");
    expect_position(post, NULL);
    assert_int_equal(counted(scene, API_UNKNOWN), 1);
    assert_int_equal(counted_all(scene), 1);
    /* Its client has gone. */
    post = send_post(scene, 0, LAUNCH);
    toy_store_lose(&scene->store, 1);
    http_response_release(&post->response);
    assert_int_equal(counted(scene, API_UNKNOWN), 2);
    assert_int_equal(counted_all(scene), 2);
}

/* A journal that knows that it cannot write takes nothing, and says why. */
static void shared_journal_that_takes_nothing_says_why(void **context)
{
    static const struct {
        const char *problem, *halted, *detail, *retry_after;
    } rows[] = {
        {NULL, NULL, "too many messages wait for the brokers", "1"},
        {"no broker: wait", NULL, "no broker: wait", "5"},
        {NULL, "the topic is another one: restart", "the topic is another one",
         "5"},
        {"no broker: wait", "the topic is another one: restart",
         "the topic is another one", "5"},
    };
    struct scene *scene = *context;

    share_journal(scene);
    for (size_t i = 0; i < COUNT(rows); i++) {
        scene->store.busy = true;
        scene->store.status.problem = rows[i].problem;
        scene->store.shared.halted = rows[i].halted;
        struct post *post = send_post(scene, 0, LAUNCH);
        finish_post(post);
        expect(post, 503, rows[i].detail, rows[i].retry_after);
        expect_position(post, NULL);
    }
    scene->store.busy = false;
    scene->store.status.problem = scene->store.shared.halted = NULL;
    struct post *post = send_post(scene, 0, LAUNCH);
    toy_store_refuse(&scene->store, 1);
    finish_post(post);
    expect(post, 503, "the brokers could not write it for a moment", "5");
    assert_int_equal(counted(scene, API_NOT_WRITTEN), COUNT(rows) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(message_is_answered_once_it_is_durable),
        FIXTURE_TEST(known_number_is_answered_at_once),
        FIXTURE_TEST(duplicate_of_a_pending_message_is_found_in_its_turn),
        FIXTURE_TEST(messages_of_one_commit_are_woken_together),
        FIXTURE_TEST(message_that_is_not_written_is_503_and_changes_nothing),
        FIXTURE_TEST(full_queue_is_503_at_once),
        FIXTURE_TEST(message_without_memory_is_503_at_once),
        FIXTURE_TEST(invalid_message_is_400_at_once),
        FIXTURE_TEST(texts_live_until_the_response),
        FIXTURE_TEST(message_of_a_client_that_has_gone_is_counted),
        FIXTURE_TEST(message_that_is_not_started_is_not_written),
        FIXTURE_TEST(stop_waits_for_the_commit),
        FIXTURE_TEST(
            position_of_a_message_is_on_its_answer_only_if_others_share_it),
        FIXTURE_TEST(known_number_is_answered_with_a_position_that_has_it),
        FIXTURE_TEST(message_that_nobody_has_confirmed_is_perhaps_applied),
        FIXTURE_TEST(shared_journal_that_takes_nothing_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
