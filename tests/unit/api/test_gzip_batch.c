/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches of gzip data: the response wherever the body is cut, how the
 * sender is held back, and the end while a worker decodes. The workers are
 * those of the service; a job that blocks the only one makes the moment
 * certain.
 */
#include "lib/unit_check.h"

#include <semaphore.h>

#include "api/gzip_batch.h"
#include "base/sync.h"
#include "base/workers.h"
#include "http/gunzip.h"
#include "lib/batch_lines.h"
#include "lib/gzip_data.h"
#include "table/table.h"

#define A(number) LINE_FASTER("a", number) "\n"

enum { PART = 16 * 1024, REPEATS = 20000 };

/* Posted by each wake, and by the jobs of the test. */
static sem_t woken, begun, may_end;

static void wake(struct http_waiter *waiter)
{
    (void)waiter;
    sem_post(&woken);
}

static struct http_waiter waiter = {.wake = wake};

/* An application with one worker. */
struct fixture {
    struct api api;
    struct worker_job blocking, observing;
    struct http_response response;
    uint64_t observed; /* last number of "a" */
};

static uint64_t last_number(struct api *api)
{
    struct rocket_view view;

    return table_find(api->table, TEXT("a"), &view) ? view.last_number : 0;
}

static int set_up(void **context)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    sync_semaphore_init(&woken);
    sync_semaphore_init(&begun);
    sync_semaphore_init(&may_end);
    api_init(&fixture->api, table_new(SIZE_MAX), workers_start(1), NULL);
    http_response_init(&fixture->response);
    *context = fixture;
    return 0;
}

static void unblock_worker(void)
{
    sem_post(&may_end);
}

/*
 * All memory for decoding has been freed when the workers have ended. A test
 * that failed may have left one blocked.
 */
static int tear_down(void **context)
{
    struct fixture *fixture = *context;

    unblock_worker();
    workers_free(fixture->api.workers);
    assert_int_equal(quota_used(&fixture->api.decoding), 0);
    http_response_release(&fixture->response);
    table_free(fixture->api.table);
    sem_destroy(&may_end);
    sem_destroy(&begun);
    sem_destroy(&woken);
    free(fixture);
    return 0;
}

static void block(struct worker_job *job)
{
    (void)job;
    sem_post(&begun);
    sync_semaphore_wait(&may_end);
}

static void block_worker(struct fixture *fixture)
{
    fixture->blocking = (struct worker_job){.run = block};
    workers_submit(fixture->api.workers, &fixture->blocking);
    sync_semaphore_wait(&begun);
}

static struct http_sink *open_batch(struct fixture *fixture)
{
    struct http_sink *sink;

    http_response_release(&fixture->response);
    sink = gzip_batch_open(&fixture->api, &fixture->response);
    if (sink == NULL)
        abort();
    return sink;
}

/* Take all of it, in parts of `size` bytes, as the server does. */
static void take_body(struct http_sink *sink, struct text body, size_t size)
{
    while (body.length > 0) {
        size_t length = body.length < size ? body.length : size;
        struct text copy = exact_copy((struct text){body.data, length});
        struct text rest = copy;

        while (rest.length > 0)
            if (sink->take(sink, &rest, &waiter) == HTTP_WAIT)
                sync_semaphore_wait(&woken);
        exact_copy_free(copy);
        body = text_skip(body, length);
    }
}

static void finish_batch(struct fixture *fixture, struct http_sink *sink)
{
    struct http_response *response = &fixture->response;
    struct http_deferred *deferred;

    sink->finish(sink, response);
    deferred = response->deferred;
    if (deferred == NULL)
        return;
    deferred->start(deferred, &waiter);
    sync_semaphore_wait(&woken);
    response->deferred = NULL;
    deferred->finish(deferred, response);
}

/* The body of the response as a string. */
static const char *body_of(struct fixture *fixture)
{
    buffer_append(&fixture->response.body, TEXT("\0"));
    assert_false(buffer_failed(&fixture->response.body));
    return fixture->response.body.data;
}

static void expect(struct fixture *fixture, unsigned status, const char *part)
{
    assert_int_equal(fixture->response.status, status);
    if (strstr(body_of(fixture), part) == NULL)
        fail_msg("no %s in %s", part, fixture->response.body.data);
}

static void expect_unavailable(struct fixture *fixture, const char *part)
{
    const struct http_response *response = &fixture->response;

    expect(fixture, 503, part);
    assert_string_equal(response->headers[response->header_count - 1].name,
                        "Retry-After");
}

/* Two members; the first one ends within a line. `*first` is its size. */
static struct buffer make_body(size_t *first)
{
    static const char lines[] = A("1") A("2") "{}\n" A("3") A("4");
    const size_t cut = 2 * (sizeof(A("1")) - 1) + 2;
    struct buffer body = BUFFER_INIT;
    size_t second;
    char *one = gzip_data(lines, cut, false, first);
    char *two = gzip_data(lines + cut, sizeof(lines) - 1 - cut, true, &second);

    buffer_append(&body, (struct text){one, *first});
    buffer_append(&body, (struct text){two, second});
    assert_false(buffer_failed(&body));
    free(one);
    free(two);
    return body;
}

static void parts_may_end_anywhere(void **context)
{
    struct fixture *fixture = *context;
    size_t first;
    struct buffer body = make_body(&first);

    for (size_t size = 1; size <= body.length; size++) {
        struct http_sink *sink = open_batch(fixture);
        take_body(sink, buffer_text(&body), size);
        finish_batch(fixture, sink);
        expect(fixture, 202,
               size == 1 ? "{\"applied\":4,\"duplicate\":0,\"stale\":0,"
                           "\"rejected\":1,\"errors\":[{\"line\":3,"
                         : "{\"applied\":0,\"duplicate\":4,\"stale\":0,"
                           "\"rejected\":1,\"errors\":[{\"line\":3,");
    }
    buffer_release(&body);
}

/* Lines that were complete are applied, and no other ones. */
static void cut_body_is_400_with_the_counts(void **context)
{
    struct fixture *fixture = *context;
    size_t first, complete = 0, most = 0;
    struct buffer body = make_body(&first);

    for (size_t length = 0; length < body.length; length++) {
        char counts[64], lines[64];

        table_free(fixture->api.table);
        fixture->api.table = table_new(SIZE_MAX);
        struct http_sink *sink = open_batch(fixture);
        take_body(sink, (struct text){body.data, length}, PART);
        finish_batch(fixture, sink);
        if (length == first) {
            complete++;
            expect(fixture, 202, "{\"applied\":2,");
            continue;
        }
        size_t applied = last_number(&fixture->api);
        snprintf(counts, sizeof(counts), "\"applied\":%zu,", applied);
        snprintf(lines, sizeof(lines), "after %zu complete lines;",
                 applied > 2 ? applied + 1 : applied);
        expect(fixture, 400, counts);
        if (applied != 2) /* the third line is rejected, or has not ended */
            expect(fixture, 400, lines);
        most = applied > most ? applied : most;
    }
    assert_int_equal(complete, 1);
    assert_int_equal(most, 4);
    buffer_release(&body);
}

static void corrupt_body_is_400_with_the_counts(void **context)
{
    struct fixture *fixture = *context;
    struct http_sink *sink = open_batch(fixture);
    size_t first;
    struct buffer body = make_body(&first);

    take_body(sink, (struct text){body.data, first}, PART);
    /* What follows the error is discarded, however much it is. */
    for (size_t i = 0; i < 200; i++)
        take_body(sink, text_of("no member\n"), PART);
    finish_batch(fixture, sink);
    expect(fixture, 400,
           "the body is not valid gzip data: incorrect header check, after 2 "
           "complete lines; it is safe to send the whole batch again\","
           "\"applied\":2,\"duplicate\":0,\"stale\":0,\"rejected\":0,"
           "\"errors\":[]}");
    buffer_release(&body);
}

static void sender_waits_while_the_queue_is_full(void **context)
{
    static const char zeros[PART];
    struct fixture *fixture = *context;
    struct http_sink *sink = open_batch(fixture);
    struct text part = {zeros, PART};
    size_t taken = 0;

    block_worker(fixture);
    while (sink->take(sink, &part, &waiter) == HTTP_MORE) {
        assert_int_equal(part.length, 0);
        taken += PART;
        part = (struct text){zeros, PART};
    }
    assert_int_equal(taken, GZIP_BATCH_QUEUE);
    assert_int_equal(part.length, PART);
    assert_int_not_equal(sem_trywait(&woken), 0);
    unblock_worker();
    sync_semaphore_wait(&woken);
    assert_int_equal(sink->take(sink, &part, NULL), HTTP_MORE);
    finish_batch(fixture, sink);
    expect(fixture, 400, "not valid gzip data");
}

static void sender_that_cannot_wait_gets_503(void **context)
{
    static const char zeros[PART];
    struct fixture *fixture = *context;
    struct http_sink *sink = open_batch(fixture);

    block_worker(fixture);
    for (size_t i = 0; i < 2 * GZIP_BATCH_MAX_QUEUE / PART; i++) {
        struct text part = {zeros, PART};
        assert_int_equal(sink->take(sink, &part, NULL), HTTP_MORE);
        assert_int_equal(part.length, 0);
    }
    assert_in_range(quota_used(&fixture->api.decoding),
                    GZIP_BATCH_MAX_QUEUE / 2,
                    GZIP_BATCH_MAX_QUEUE + GUNZIP_STEP);
    unblock_worker();
    finish_batch(fixture, sink);
    expect_unavailable(fixture, "no memory for decoding gzip data, after 0 "
                                "complete lines; it is safe");
}

/* The first message of "a", many times, then the second one, in few bytes. */
static char *make_bomb(size_t *size)
{
    struct buffer lines = BUFFER_INIT;

    for (size_t i = 0; i < REPEATS; i++)
        buffer_append(&lines, TEXT(A("1")));
    buffer_append(&lines, TEXT(A("2")));
    assert_false(buffer_failed(&lines));
    char *bomb = gzip_data(lines.data, lines.length, false, size);
    assert_in_range(*size, 1, PART);
    buffer_release(&lines);
    return bomb;
}

static void observe(struct worker_job *job)
{
    struct fixture *fixture = container_of(job, struct fixture, observing);

    fixture->observed = last_number(&fixture->api);
    sem_post(&begun);
}

/* Submit a job, behind those that are queued, and let it read "a". */
static void observe_unblocked(struct fixture *fixture)
{
    fixture->observing = (struct worker_job){.run = observe};
    workers_submit(fixture->api.workers, &fixture->observing);
    unblock_worker();
    sync_semaphore_wait(&begun);
}

/* A job that is submitted after a bomb runs after the bomb's first step. */
static void other_jobs_run_between_the_steps(void **context)
{
    struct fixture *fixture = *context;
    struct http_sink *sink = open_batch(fixture);
    size_t size;
    char *bomb = make_bomb(&size);

    block_worker(fixture);
    take_body(sink, (struct text){bomb, size}, PART);
    observe_unblocked(fixture);
    finish_batch(fixture, sink);
    expect(fixture, 202, "{\"applied\":2,\"duplicate\":19999,");
    assert_int_equal(fixture->observed, 1);
    free(bomb);
}

/* Else a body in small chunks would wait for others at each chunk. */
static void small_parts_are_decoded_in_one_job(void **context)
{
    struct fixture *fixture = *context;
    struct http_sink *sink = open_batch(fixture);
    size_t first;
    struct buffer body = make_body(&first);

    block_worker(fixture);
    take_body(sink, buffer_text(&body), 1);
    observe_unblocked(fixture);
    finish_batch(fixture, sink);
    expect(fixture, 202, "{\"applied\":4,");
    assert_int_equal(fixture->observed, 4);
    buffer_release(&body);
}

/* Empty members decode to nothing, but take time. */
static void parts_without_output_are_decoded_in_several_jobs(void **context)
{
    struct fixture *fixture = *context;
    struct http_sink *sink = open_batch(fixture);
    size_t size, last;
    char *empty = gzip_data("", 0, false, &size);
    char *line = gzip_data(A("1"), sizeof(A("1")) - 1, false, &last);
    struct buffer body = BUFFER_INIT;

    while (body.length < GUNZIP_STEP)
        buffer_append(&body, (struct text){empty, size});
    buffer_append(&body, (struct text){line, last});
    assert_false(buffer_failed(&body));
    block_worker(fixture);
    for (struct text rest = buffer_text(&body); rest.length > 0;) {
        struct text part = {rest.data, rest.length < PART ? rest.length : PART};
        rest = text_skip(rest, part.length);
        assert_int_equal(sink->take(sink, &part, NULL), HTTP_MORE);
    }
    observe_unblocked(fixture);
    finish_batch(fixture, sink);
    expect(fixture, 202, "{\"applied\":1,");
    assert_int_equal(fixture->observed, 0);
    buffer_release(&body);
    free(line);
    free(empty);
}

/* However many batches wait to be decoded. */
static void other_jobs_wait_for_one_batch(void **context)
{
    static const char *const lines[] = {A("1"), A("2"), A("3"), A("4")};
    struct fixture *fixture = *context;
    struct http_sink *sinks[COUNT(lines)];

    block_worker(fixture);
    for (size_t i = 0; i < COUNT(lines); i++) {
        size_t size;
        char *body = gzip_data(lines[i], strlen(lines[i]), false, &size);
        sinks[i] = open_batch(fixture);
        take_body(sinks[i], (struct text){body, size}, PART);
        free(body);
    }
    observe_unblocked(fixture);
    for (size_t i = 0; i < COUNT(lines); i++) {
        http_response_release(&fixture->response);
        finish_batch(fixture, sinks[i]);
        expect(fixture, 202, "{\"applied\":1,");
    }
    assert_int_equal(fixture->observed, 1);
}

/*
 * The connection ends before the first step, or at any step; the workers end
 * right after that, or go on.
 */
static void abandoned_batch_is_freed(void **context)
{
    struct fixture *fixture = *context;
    size_t size;
    char *bomb = make_bomb(&size);

    for (size_t i = 0; i < 6; i++) {
        struct http_sink *sink = open_batch(fixture);
        bool deferred = i % 2 == 1, early = i % 3 == 0;

        if (early)
            block_worker(fixture);
        take_body(sink, (struct text){bomb, size}, PART);
        if (deferred) {
            sink->finish(sink, &fixture->response);
            assert_non_null(fixture->response.deferred);
            http_response_release(&fixture->response);
        } else {
            sink->free(sink);
        }
        if (early)
            unblock_worker();
        workers_free(fixture->api.workers);
        assert_int_equal(quota_used(&fixture->api.decoding), 0);
        fixture->api.workers = workers_start(1);
        assert_non_null(fixture->api.workers);
    }
    free(bomb);
}

/* At a stop: the wait in the body, and the wait for the response. */
static void cancelled_batch_gets_503(void **context)
{
    static const char zeros[PART];
    struct fixture *fixture = *context;
    struct text part = {zeros, PART};
    struct http_sink *sink = open_batch(fixture);
    struct http_response *response = &fixture->response;

    block_worker(fixture);
    while (sink->take(sink, &part, &waiter) == HTTP_MORE)
        part = (struct text){zeros, PART};
    sink->cancel(sink);
    unblock_worker();
    sync_semaphore_wait(&woken);
    assert_int_equal(sink->take(sink, &part, NULL), HTTP_MORE);
    finish_batch(fixture, sink);
    expect_unavailable(fixture, "the service is stopping, after 0 complete");

    sink = open_batch(fixture);
    block_worker(fixture);
    take_body(sink, TEXT("anything"), PART);
    sink->finish(sink, response);
    struct http_deferred *deferred = response->deferred;
    assert_non_null(deferred);
    deferred->start(deferred, &waiter);
    deferred->cancel(deferred);
    unblock_worker();
    sync_semaphore_wait(&woken);
    response->deferred = NULL;
    deferred->finish(deferred, response);
    expect_unavailable(fixture, "the service is stopping, after 0 complete");
}

static void memory_for_decoding_is_bounded(void **context)
{
    struct fixture *fixture = *context;
    size_t size, unavailable = 0, accepted = 0;
    char *bomb = make_bomb(&size);

    for (size_t limit = 0; limit <= GUNZIP_STEP + PART; limit += 4096) {
        http_response_release(&fixture->response);
        fixture->api.decoding.limit = limit;
        struct http_sink *sink =
            gzip_batch_open(&fixture->api, &fixture->response);
        if (sink != NULL) {
            take_body(sink, (struct text){bomb, size}, PART);
            finish_batch(fixture, sink);
        }
        assert_int_equal(quota_used(&fixture->api.decoding), 0);
        if (fixture->response.status == 202) {
            accepted++;
            continue;
        }
        expect_unavailable(fixture, "no memory for decoding gzip data");
        unavailable++;
    }
    assert_true(unavailable > 0 && accepted > 0);
    free(bomb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(parts_may_end_anywhere),
        FIXTURE_TEST(cut_body_is_400_with_the_counts),
        FIXTURE_TEST(corrupt_body_is_400_with_the_counts),
        FIXTURE_TEST(sender_waits_while_the_queue_is_full),
        FIXTURE_TEST(sender_that_cannot_wait_gets_503),
        FIXTURE_TEST(other_jobs_run_between_the_steps),
        FIXTURE_TEST(small_parts_are_decoded_in_one_job),
        FIXTURE_TEST(parts_without_output_are_decoded_in_several_jobs),
        FIXTURE_TEST(other_jobs_wait_for_one_batch),
        FIXTURE_TEST(abandoned_batch_is_freed),
        FIXTURE_TEST(cancelled_batch_gets_503),
        FIXTURE_TEST(memory_for_decoding_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
