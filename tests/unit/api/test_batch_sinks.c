/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the sinks of batches with a store, plain ones and those of gzip
 * data: what the response waits for, how a fast sender is made to wait, and
 * what becomes of batches whose client has gone.
 */
#include "lib/unit_check.h"

#include <semaphore.h>

#include "api/batch_commit.h"
#include "api/gzip_batch.h"
#include "api/upload.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "batch_scene.h"
#include "lib/batch_lines.h"
#include "lib/gzip_data.h"
#include "table/table.h"

#define DISK_FULL "the disk is full: free some space"

enum { MANY = 100 /* steps of decoding: more than a body here needs */ };

/* Posted by each wake, and by the jobs of the test. */
static sem_t woken, ran;

/* A waiter is not used after its wake: the test's thread may wait anew. */
static void wake(struct http_waiter *first)
{
    while (first != NULL) {
        struct http_waiter *next = first->next;
        sem_post(&woken);
        first = next;
    }
}

static struct http_waiter waiter = {.wake = wake};

static int set_up(void **context)
{
    sync_semaphore_init(&woken);
    sync_semaphore_init(&ran);
    return batch_scene_set_up(context);
}

static int tear_down(void **context)
{
    batch_scene_tear_down(context);
    sem_destroy(&ran);
    sem_destroy(&woken);
    return 0;
}

static bool is_woken(void)
{
    return sem_trywait(&woken) == 0;
}

/* The kinds of bodies. */
static const struct kind {
    const char *name;
    struct http_sink *(*open)(struct api *api, struct http_response *response);
    bool gzip;
} kinds[] = {{"plain", upload_open, false}, {"gzip", gzip_batch_open, true}};

static struct http_sink *open_sink(struct batch_scene *scene,
                                   const struct kind *kind)
{
    print_message("%s\n", kind->name);
    http_response_release(&scene->response);
    struct http_sink *sink = kind->open(&scene->api, &scene->response);
    if (sink == NULL)
        abort();
    assert_true(sink->waits);
    return sink;
}

/* The lines as the sink wants them. Ownership: the caller's. */
static struct buffer encode(const struct kind *kind, struct text lines)
{
    struct buffer body = BUFFER_INIT;
    size_t size;

    if (!kind->gzip) {
        buffer_append(&body, lines);
        return body;
    }
    char *packed = gzip_data(lines.data, lines.length, false, &size);
    buffer_append(&body, (struct text){packed, size});
    free(packed);
    return body;
}

static void take_text(struct http_sink *sink, struct text part)
{
    while (part.length > 0)
        if (sink->take(sink, &part, NULL) != HTTP_MORE)
            abort();
}

static void post_semaphore(struct worker_job *job)
{
    (void)job;
    sem_post(&ran);
}

/*
 * Let the worker run `steps` jobs of a batch, if there are so many. Jobs take
 * turns, so one of them may run before each of ours, or behind the last.
 */
static void run_jobs(struct batch_scene *scene, unsigned steps)
{
    for (unsigned i = 0; i <= steps; i++) {
        scene->job = (struct worker_job){.run = post_semaphore};
        workers_submit(scene->api.workers, &scene->job);
        sync_semaphore_wait(&ran);
    }
}

/* Send new messages of "a". Returns how many. */
static uint64_t send_part(struct batch_scene *scene, struct http_sink *sink,
                          const struct kind *kind)
{
    uint64_t first = scene->next;
    struct buffer lines = batch_scene_part(scene);
    struct buffer body = encode(kind, buffer_text(&lines));

    take_text(sink, buffer_text(&body));
    run_jobs(scene, 1);
    buffer_release(&body);
    buffer_release(&lines);
    return scene->next - first;
}

/* The body is complete, and the response waits for the store. */
static struct http_deferred *end_body(struct batch_scene *scene,
                                      struct http_sink *sink)
{
    sink->finish(sink, &scene->response);
    struct http_deferred *deferred = scene->response.deferred;
    if (deferred == NULL)
        abort();
    deferred->start(deferred, &waiter);
    return deferred;
}

static void finish(struct batch_scene *scene, struct http_deferred *deferred,
                   unsigned status, const char *part)
{
    struct http_response *response = &scene->response;

    assert_true(is_woken());
    response->deferred = NULL;
    deferred->finish(deferred, response);
    assert_null(response->deferred);
    assert_int_equal(response->status, status);
    if (memmem(response->body.data, response->body.length, part,
               strlen(part)) == NULL)
        fail_msg("no %s in %.*s", part, (int)response->body.length,
                 response->body.data);
}

static void response_waits_for_the_last_line(void **context)
{
    struct batch_scene *scene = *context;
    char part[64];

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct http_sink *sink = open_sink(scene, &kinds[i]);
        uint64_t sent = send_part(scene, sink, &kinds[i]);
        struct http_deferred *deferred = end_body(scene, sink);
        assert_false(is_woken());
        toy_store_settle(&scene->store, SIZE_MAX);
        snprintf(part, sizeof(part), "{\"applied\":%ju,\"duplicate\":0,",
                 (uintmax_t)sent);
        finish(scene, deferred, 202, part);
    }
}

/* Nothing is pending by then: the wake comes at the start. */
static void response_does_not_wait_without_need(void **context)
{
    struct batch_scene *scene = *context;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct http_sink *sink = open_sink(scene, &kinds[i]);
        struct buffer body = encode(&kinds[i], TEXT("{}\n"));
        take_text(sink, buffer_text(&body));
        run_jobs(scene, 1);
        buffer_release(&body);
        finish(scene, end_body(scene, sink), 400, "no line of the batch");
    }
}

static void unwritten_lines_make_it_503(void **context)
{
    struct batch_scene *scene = *context;
    char part[160];

    scene->store.status.problem = DISK_FULL;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct http_sink *sink = open_sink(scene, &kinds[i]);
        uint64_t sent = send_part(scene, sink, &kinds[i]);
        struct http_deferred *deferred = end_body(scene, sink);
        toy_store_refuse(&scene->store, SIZE_MAX);
        snprintf(part, sizeof(part),
                 DISK_FULL ": %ju lines were not taken, the first of them line "
                           "1; it is safe to send the whole batch again",
                 (uintmax_t)sent);
        finish(scene, deferred, 503, part);
        const struct http_response *response = &scene->response;
        assert_string_equal(response->headers[response->header_count - 1].value,
                            "5");
    }
}

/* A wake comes once there is room, and the parts go on from there. */
static void sink_makes_a_fast_sender_wait(void **context)
{
    struct batch_scene *scene = *context;
    const struct kind *plain = &kinds[0];
    struct http_sink *sink = open_sink(scene, plain);
    uint64_t sent = 0;
    char part[64];

    for (unsigned waits = 0; waits < 3;) {
        struct buffer lines = batch_scene_part(scene);
        struct text rest = buffer_text(&lines);
        sent = scene->next - 1;
        while (sink->take(sink, &rest, &waiter) == HTTP_WAIT) {
            waits++;
            assert_int_equal(rest.length, lines.length);
            assert_false(is_woken());
            sink->cancel(sink); /* a stop does not end it either */
            while (!is_woken())
                toy_store_settle(&scene->store, 1);
        }
        assert_int_equal(rest.length, 0);
        buffer_release(&lines);
    }
    struct http_deferred *deferred = end_body(scene, sink);
    toy_store_settle(&scene->store, SIZE_MAX);
    snprintf(part, sizeof(part), "{\"applied\":%ju,", (uintmax_t)sent);
    finish(scene, deferred, 202, part);
}

/* Gzip data of which a few bytes are more than may be pending. */
static struct buffer make_long_body(struct batch_scene *scene)
{
    struct buffer lines = BUFFER_INIT;

    while (lines.length < (size_t)8 * BATCH_MAX_PENDING) {
        struct buffer part = batch_scene_part(scene);
        buffer_append(&lines, buffer_text(&part));
        buffer_release(&part);
    }
    struct buffer body = encode(&kinds[1], buffer_text(&lines));
    buffer_release(&lines);
    return body;
}

/* A worker decodes no further than there is room, and serves others. */
static void decoding_waits_for_the_store(void **context)
{
    struct batch_scene *scene = *context;
    struct http_sink *sink = open_sink(scene, &kinds[1]);
    struct buffer body = make_long_body(scene);
    char part[64];

    take_text(sink, buffer_text(&body));
    run_jobs(scene, MANY); /* then no more are submitted */
    assert_in_range(quota_used(&scene->api.pending), BATCH_MAX_PENDING,
                    BATCH_MAX_PENDING + 2 * BATCH_BLOCK);
    struct http_deferred *deferred = end_body(scene, sink);
    while (!is_woken()) { /* the job has ended */
        toy_store_settle(&scene->store, SIZE_MAX);
        run_jobs(scene, MANY);
    }
    scene->response.deferred = NULL;
    deferred->finish(deferred, &scene->response);
    /* Now it waits for the rest of the lines. */
    assert_ptr_equal(scene->response.deferred, deferred);
    deferred->start(deferred, &waiter);
    toy_store_settle(&scene->store, SIZE_MAX);
    snprintf(part, sizeof(part), "{\"applied\":%ju,",
             (uintmax_t)scene->next - 1);
    finish(scene, deferred, 202, part);
    buffer_release(&body);
}

/* In the body, in the wait for the response, and where decoding waits. */
static void sink_of_a_client_that_has_gone_is_freed(void **context)
{
    struct batch_scene *scene = *context;

    for (size_t i = 0; i < 2 * COUNT(kinds); i++) {
        struct http_sink *sink = open_sink(scene, &kinds[i / 2]);
        send_part(scene, sink, &kinds[i / 2]);
        if (i % 2 == 0) {
            sink->free(sink);
            toy_store_settle(&scene->store, SIZE_MAX);
            continue;
        }
        end_body(scene, sink);
        toy_store_settle(&scene->store, SIZE_MAX);
        assert_true(is_woken());
        http_response_release(&scene->response);
    }
    struct http_sink *sink = open_sink(scene, &kinds[1]);
    struct buffer body = make_long_body(scene);
    take_text(sink, buffer_text(&body));
    run_jobs(scene, MANY);
    sink->free(sink);
    toy_store_settle(&scene->store, SIZE_MAX);
    run_jobs(scene, 1);
    toy_store_settle(&scene->store, SIZE_MAX);
    buffer_release(&body);
}

/* While decoding waits for the store the rest is given up, later nothing is. */
static void stop_ends_decoding_but_no_commit(void **context)
{
    struct batch_scene *scene = *context;
    struct http_sink *sink = open_sink(scene, &kinds[1]);
    struct buffer body = make_long_body(scene);

    take_text(sink, buffer_text(&body));
    run_jobs(scene, MANY);
    struct http_deferred *deferred = end_body(scene, sink);
    deferred->cancel(deferred);
    toy_store_settle(&scene->store, SIZE_MAX);
    sync_semaphore_wait(&woken);
    scene->response.deferred = NULL;
    deferred->finish(deferred, &scene->response);
    deferred->start(deferred, &waiter);
    toy_store_settle(&scene->store, SIZE_MAX);
    finish(scene, deferred, 503, "the service is stopping, after");
    buffer_release(&body);

    sink = open_sink(scene, &kinds[1]);
    send_part(scene, sink, &kinds[1]);
    deferred = end_body(scene, sink);
    deferred->cancel(deferred);
    toy_store_settle(&scene->store, SIZE_MAX);
    finish(scene, deferred, 202, "{\"applied\":");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(response_waits_for_the_last_line),
        FIXTURE_TEST(response_does_not_wait_without_need),
        FIXTURE_TEST(unwritten_lines_make_it_503),
        FIXTURE_TEST(sink_makes_a_fast_sender_wait),
        FIXTURE_TEST(decoding_waits_for_the_store),
        FIXTURE_TEST(sink_of_a_client_that_has_gone_is_freed),
        FIXTURE_TEST(stop_ends_decoding_but_no_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
