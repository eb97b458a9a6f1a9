/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches with a store, plain ones and those of gzip data: when their
 * lines count, how the sender is held back, what becomes of lines that are not
 * written and of batches whose client has gone. test_batch.c has the results of
 * all kinds of lines, also with a store.
 */
#include "lib/unit_check.h"

#include <semaphore.h>

#include "api/batch_commit.h"
#include "api/batch_response.h"
#include "api/gzip_batch.h"
#include "api/upload.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "base/workers.h"
#include "http/response.h"
#include "lib/batch_lines.h"
#include "lib/gzip_data.h"
#include "lib/toy_store.h"
#include "table/table.h"

#define A(number) LINE_FASTER("a", number) "\n"
#define DISK_FULL "the disk is full: free some space"

enum {
    PART = 12 * 1024,
    SMALL_QUOTA = 128 * 1024,
    MANY = 100, /* steps of decoding: more than a body here needs */
};

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

struct scene {
    struct api api;
    struct store store;
    struct http_response response;
    struct worker_job job;
    uint64_t next; /* number of the next message of "a" */
};

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    sync_semaphore_init(&woken);
    sync_semaphore_init(&ran);
    api_init(&scene->api, table_new(SIZE_MAX), workers_start(1), metrics_new());
    toy_store_init(&scene->store);
    if (scene->api.workers == NULL ||
        !api_use_store(&scene->api, &scene->store))
        abort();
    http_response_init(&scene->response);
    scene->next = 1;
    *context = scene;
    return 0;
}

/* By now all memory of what was pending has been freed. */
static int tear_down(void **context)
{
    struct scene *scene = *context;

    toy_store_release(&scene->store);
    workers_free(scene->api.workers);
    assert_int_equal(quota_used(&scene->api.pending), 0);
    assert_int_equal(quota_used(&scene->api.decoding), 0);
    http_response_release(&scene->response);
    table_free(scene->api.table);
    metrics_free(scene->api.registry);
    sem_destroy(&ran);
    sem_destroy(&woken);
    free(scene);
    return 0;
}

static uint64_t counted(struct scene *scene, enum api_result result)
{
    return metric_value(scene->api.counts.messages, result);
}

static bool is_woken(void)
{
    return sem_trywait(&woken) == 0;
}

static void note_call(void *context)
{
    bool *called = context;

    assert_false(*called);
    *called = true;
}

static void lines_count_once_they_are_durable(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    bool called = false;

    batch_take(batch, TEXT(LINE_LAUNCHED("a") "\n{}\n" A("2") A("2")));
    batch_take(batch, TEXT(LINE_FASTER("a", "3")));
    assert_int_equal(toy_store_pending(&scene->store), 1);
    assert_int_equal(table_count(scene->api.table), 0);
    assert_int_equal(batch_counts(batch).applied, 0);
    assert_int_equal(batch_counts(batch).rejected, 1);
    batch_end(batch);
    assert_int_equal(toy_store_pending(&scene->store), 2);
    assert_true(batch_wait(batch, note_call, &called));
    toy_store_settle(&scene->store, 1);
    assert_int_equal(batch_counts(batch).applied, 2);
    assert_int_equal(counted(scene, API_APPLIED), 2);
    assert_false(called);
    toy_store_settle(&scene->store, 1);
    assert_true(called);
    assert_false(batch_wait(batch, note_call, &called));
    assert_int_equal(batch_counts(batch).applied, 3);
    assert_int_equal(batch_counts(batch).duplicate, 1);
    assert_int_equal(counted(scene, API_APPLIED), 3);
    assert_int_equal(counted(scene, API_DUPLICATE), 1);
    assert_int_equal(counted(scene, API_REJECTED), 1);
    assert_int_equal(metric_total(scene->api.counts.messages), 5);
    assert_int_equal(metric_total(scene->api.counts.launches), 1);
    batch_free(batch);
}

/* What the table holds already needs no journal. */
static void durable_duplicates_are_not_appended(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    bool called = false;

    batch_take(batch, TEXT(A("1")));
    toy_store_settle(&scene->store, 1);
    batch_take(batch, TEXT(A("1") A("1")));
    assert_false(batch_wait(batch, note_call, &called));
    assert_int_equal(toy_store_pending(&scene->store), 0);
    assert_int_equal(batch_counts(batch).duplicate, 2);
    assert_int_equal(counted(scene, API_DUPLICATE), 2);
    batch_free(batch);
}

/* Three parts of two messages each; which of them are not written. */
static void lines_that_are_not_written_are_not_taken(void **context)
{
    static const struct {
        bool written[3];
        uint64_t not_taken, first;
    } rows[] = {
        {{true, true, true}, 0, 0},   {{true, true, false}, 2, 8},
        {{true, false, true}, 2, 4},  {{true, false, false}, 4, 4},
        {{false, true, false}, 4, 2}, {{false, false, false}, 6, 2},
    };
    struct scene *scene = *context;
    uint64_t applied = 0, not_written = 0;

    scene->store.status.problem = DISK_FULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct batch *batch = batch_new(&scene->api);
        char id = (char)('a' + i);
        for (unsigned part = 0; part < 3; part++) {
            char lines[1024];
            /* Lines 2 and 3, 4 and 6, 8 and 9. */
            int length =
                snprintf(lines, sizeof(lines),
                         "%s" LINE_FASTER("%c", "%u") "\n%s" LINE_FASTER(
                             "%c", "%u") "\n",
                         part != 1 ? "\n" : "", id, 2 * part + 1,
                         part == 1 ? "{}\n" : "", id, 2 * part + 2);
            batch_take(batch, (struct text){lines, (size_t)length});
        }
        for (unsigned part = 0; part < 3; part++)
            if (rows[i].written[part])
                toy_store_settle(&scene->store, 1);
            else
                toy_store_refuse(&scene->store, 1);
        struct batch_counts counts = batch_counts(batch);
        assert_int_equal(counts.not_taken, rows[i].not_taken);
        assert_int_equal(counts.first_not_taken, rows[i].first);
        assert_int_equal(counts.no_memory, 0);
        if (rows[i].first > 0)
            assert_string_equal(counts.reason, DISK_FULL);
        applied += counts.applied;
        not_written += counts.not_taken;
        assert_int_equal(counts.applied, 6 - rows[i].not_taken);
        batch_free(batch);
    }
    assert_int_equal(counted(scene, API_APPLIED), applied);
    assert_int_equal(counted(scene, API_NOT_WRITTEN), not_written);
}

static const char *header(const struct http_response *response,
                          const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return NULL;
}

/* The response to a batch, of which nothing is pending. */
static const char *respond(struct scene *scene, struct batch *batch)
{
    struct http_response *response = &scene->response;

    http_response_release(response);
    batch_respond(batch, response);
    buffer_append(&response->body, (struct text){"", 1});
    assert_false(buffer_failed(&response->body));
    return response->body.data;
}

static void share_journal(struct scene *scene)
{
    commit_free(scene->store.commit);
    toy_store_share(&scene->store);
    assert_true(api_use_store(&scene->api, &scene->store));
}

static void lines_that_nobody_has_confirmed_are_perhaps_applied(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);

    share_journal(scene);
    batch_take(batch, TEXT(A("1") "\n"));
    batch_take(batch, TEXT(A("2") A("3")));
    batch_take(batch, TEXT(A("4")));
    toy_store_settle(&scene->store, 1);
    toy_store_lose(&scene->store, 1);
    toy_store_settle(&scene->store, 1);
    struct batch_counts counts = batch_counts(batch);
    assert_int_equal(counts.applied, 2);
    assert_int_equal(counts.unknown, 2);
    assert_int_equal(counts.first_unknown, 3);
    assert_int_equal(counts.not_taken, 0);
    assert_non_null(strstr(respond(scene, batch),
                           "2 lines are written, the first of them line 3: "
                           "these are perhaps applied, now or later; it is "
                           "safe to send the whole batch again"));
    assert_int_equal(scene->response.status, 503);
    assert_string_equal(header(&scene->response, "Retry-After"), "1");
    assert_null(header(&scene->response, "Lunar-Position"));
    assert_int_equal(counted(scene, API_UNKNOWN), 2);
    assert_int_equal(counted(scene, API_APPLIED), 2);
    /* Both may happen to one batch. */
    batch_take(batch, TEXT(A("5")));
    scene->store.status.problem = "no broker: wait";
    toy_store_refuse(&scene->store, 1);
    assert_non_null(strstr(respond(scene, batch),
                           "now or later; 1 others were not taken, the first "
                           "of them line 6; it is safe"));
    batch_free(batch);
}

/* Behind it all lines are applied everywhere. */
static void position_of_a_batch_is_its_highest(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);

    batch_take(batch, TEXT(A("1")));
    toy_store_settle(&scene->store, 1);
    respond(scene, batch);
    assert_int_equal(scene->response.status, 202);
    assert_null(header(&scene->response, "Lunar-Position"));
    batch_free(batch);
    share_journal(scene);
    batch = batch_new(&scene->api);
    batch_take(batch, TEXT(A("2")));
    batch_take(batch, TEXT(A("3") A("4")));
    toy_store_settle(&scene->store, 2);
    respond(scene, batch);
    assert_string_equal(header(&scene->response, "Lunar-Position"), "4");
    batch_free(batch);
    /* Duplicates, of which the table knows more than the journal. */
    scene->store.status.position = 2;
    batch = batch_new(&scene->api);
    batch_take(batch, TEXT(A("4")));
    respond(scene, batch);
    assert_string_equal(header(&scene->response, "Lunar-Position"), "4");
    batch_free(batch);
}

static void lines_that_find_the_queue_full_are_not_taken(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);

    batch_take(batch, TEXT(A("1")));
    scene->store.busy = true;
    batch_take(batch, TEXT(A("2") A("3")));
    scene->store.busy = false;
    batch_take(batch, TEXT(A("4")));
    toy_store_refuse(&scene->store, 1);
    toy_store_settle(&scene->store, 1);
    struct batch_counts counts = batch_counts(batch);
    assert_int_equal(counts.applied, 1);
    assert_int_equal(counts.not_taken, 3);
    /* The first of them was refused after the others. */
    assert_int_equal(counts.first_not_taken, 1);
    assert_string_equal(counts.reason,
                        "the disk could not be written for a moment");
    assert_int_equal(counted(scene, API_NOT_WRITTEN), 3);
    batch_free(batch);
}

/* Some PART bytes of new messages of "a". Ownership: the caller's. */
static struct buffer make_part(struct scene *scene)
{
    struct buffer part = BUFFER_INIT;

    while (part.length < PART)
        buffer_append_format(&part, LINE_FASTER("a", "%ju") "\n",
                             (uintmax_t)scene->next++);
    assert_false(buffer_failed(&part));
    return part;
}

static void take_lines(struct scene *scene, struct batch *batch)
{
    struct buffer part = make_part(scene);

    batch_take(batch, buffer_text(&part));
    buffer_release(&part);
}

static void sender_is_held_until_half_is_settled(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    bool called = false;

    while (!batch_hold(batch, note_call, &called))
        take_lines(scene, batch);
    assert_in_range(quota_used(&scene->api.pending), BATCH_MAX_PENDING,
                    BATCH_MAX_PENDING + PART);
    while (!called)
        toy_store_settle(&scene->store, 1);
    assert_in_range(quota_used(&scene->api.pending),
                    BATCH_MAX_PENDING / 2 - PART, BATCH_MAX_PENDING / 2 + PART);
    assert_false(batch_hold(batch, note_call, &called));
    toy_store_settle(&scene->store, SIZE_MAX);
    assert_int_equal(batch_counts(batch).applied, scene->next - 1);
    batch_free(batch);
}

static void sender_that_cannot_be_held_has_a_bound(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    uint64_t first = 0;

    while (batch_counts(batch).not_taken == 0) {
        first = batch_lines(batch) + 1;
        take_lines(scene, batch);
    }
    assert_in_range(quota_used(&scene->api.pending), BATCH_MAX_UNHELD - PART,
                    BATCH_MAX_UNHELD);
    toy_store_settle(&scene->store, SIZE_MAX);
    struct batch_counts counts = batch_counts(batch);
    assert_int_equal(counts.first_not_taken, first);
    assert_string_equal(counts.reason, "too many messages wait for the disk");
    assert_int_equal(counts.applied + counts.not_taken, scene->next - 1);
    assert_int_equal(counted(scene, API_NOT_WRITTEN), counts.not_taken);
    batch_free(batch);
}

/* All batches share the quota; one with nothing pending is never held. */
static void little_memory_holds_each_batch_after_one_part(void **context)
{
    struct scene *scene = *context;
    struct batch *many = batch_new(&scene->api), *few = batch_new(&scene->api);
    bool called = false, called_too = false;

    scene->api.pending.limit = SMALL_QUOTA;
    while (!batch_hold(many, note_call, &called))
        take_lines(scene, many);
    assert_in_range(quota_used(&scene->api.pending), SMALL_QUOTA / 2,
                    SMALL_QUOTA / 2 + PART);
    assert_false(batch_hold(few, note_call, &called_too));
    take_lines(scene, few);
    assert_true(batch_hold(few, note_call, &called_too));
    toy_store_settle(&scene->store, SIZE_MAX);
    assert_true(called && called_too);
    while (batch_counts(many).not_taken == 0)
        take_lines(scene, many);
    assert_in_range(quota_used(&scene->api.pending), SMALL_QUOTA - PART,
                    SMALL_QUOTA);
    toy_store_settle(&scene->store, SIZE_MAX);
    batch_free(many);
    batch_free(few);
}

static void batch_that_was_freed_is_still_settled_and_counted(void **context)
{
    struct scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);

    batch_take(batch, TEXT(A("1")));
    batch_take(batch, TEXT(A("2")));
    batch_take(batch, TEXT(A("3")));
    toy_store_settle(&scene->store, 1);
    batch_free(batch);
    toy_store_settle(&scene->store, 1);
    toy_store_refuse(&scene->store, 1);
    assert_int_equal(counted(scene, API_APPLIED), 2);
    assert_int_equal(counted(scene, API_NOT_WRITTEN), 1);
}

/* The kinds of bodies. */
static const struct kind {
    const char *name;
    struct http_sink *(*open)(struct api *api, struct http_response *response);
    bool gzip;
} kinds[] = {{"plain", upload_open, false}, {"gzip", gzip_batch_open, true}};

static struct http_sink *open_sink(struct scene *scene, const struct kind *kind)
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
static void run_jobs(struct scene *scene, unsigned steps)
{
    for (unsigned i = 0; i <= steps; i++) {
        scene->job = (struct worker_job){.run = post_semaphore};
        workers_submit(scene->api.workers, &scene->job);
        sync_semaphore_wait(&ran);
    }
}

/* Send new messages of "a". Returns how many. */
static uint64_t send_part(struct scene *scene, struct http_sink *sink,
                          const struct kind *kind)
{
    uint64_t first = scene->next;
    struct buffer lines = make_part(scene);
    struct buffer body = encode(kind, buffer_text(&lines));

    take_text(sink, buffer_text(&body));
    run_jobs(scene, 1);
    buffer_release(&body);
    buffer_release(&lines);
    return scene->next - first;
}

/* The body is complete, and the response waits for the store. */
static struct http_deferred *end_body(struct scene *scene,
                                      struct http_sink *sink)
{
    sink->finish(sink, &scene->response);
    struct http_deferred *deferred = scene->response.deferred;
    if (deferred == NULL)
        abort();
    deferred->start(deferred, &waiter);
    return deferred;
}

static void finish(struct scene *scene, struct http_deferred *deferred,
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
    struct scene *scene = *context;
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
    struct scene *scene = *context;

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
    struct scene *scene = *context;
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
    struct scene *scene = *context;
    const struct kind *plain = &kinds[0];
    struct http_sink *sink = open_sink(scene, plain);
    uint64_t sent = 0;
    char part[64];

    for (unsigned waits = 0; waits < 3;) {
        struct buffer lines = make_part(scene);
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
static struct buffer make_long_body(struct scene *scene)
{
    struct buffer lines = BUFFER_INIT;

    while (lines.length < (size_t)8 * BATCH_MAX_PENDING) {
        struct buffer part = make_part(scene);
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
    struct scene *scene = *context;
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
    struct scene *scene = *context;

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
    struct scene *scene = *context;
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
        FIXTURE_TEST(lines_count_once_they_are_durable),
        FIXTURE_TEST(durable_duplicates_are_not_appended),
        FIXTURE_TEST(lines_that_are_not_written_are_not_taken),
        FIXTURE_TEST(lines_that_nobody_has_confirmed_are_perhaps_applied),
        FIXTURE_TEST(position_of_a_batch_is_its_highest),
        FIXTURE_TEST(lines_that_find_the_queue_full_are_not_taken),
        FIXTURE_TEST(sender_is_held_until_half_is_settled),
        FIXTURE_TEST(sender_that_cannot_be_held_has_a_bound),
        FIXTURE_TEST(little_memory_holds_each_batch_after_one_part),
        FIXTURE_TEST(batch_that_was_freed_is_still_settled_and_counted),
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
