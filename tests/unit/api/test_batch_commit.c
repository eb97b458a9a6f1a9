/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches with a store: when their lines count, how the sender is held
 * back, and what becomes of lines that are not written. test_batch.c has the
 * results of all kinds of lines, also with a store.
 */
#include "lib/unit_check.h"

#include "api/batch_commit.h"
#include "api/batch_response.h"
#include "base/metrics.h"
#include "batch_scene.h"
#include "lib/batch_lines.h"
#include "table/table.h"

#define A(number) LINE_FASTER("a", number) "\n"
#define DISK_FULL "the disk is full: free some space"

#define SCENE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, batch_scene_set_up,                  \
                                    batch_scene_tear_down)

enum { SMALL_QUOTA = 128 * 1024 };

static void note_call(void *context)
{
    bool *called = context;

    assert_false(*called);
    *called = true;
}

static void lines_count_once_they_are_durable(void **context)
{
    struct batch_scene *scene = *context;
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
    assert_int_equal(batch_scene_counted(scene, API_APPLIED), 2);
    assert_false(called);
    toy_store_settle(&scene->store, 1);
    assert_true(called);
    assert_false(batch_wait(batch, note_call, &called));
    assert_int_equal(batch_counts(batch).applied, 3);
    assert_int_equal(batch_counts(batch).duplicate, 1);
    assert_int_equal(batch_scene_counted(scene, API_APPLIED), 3);
    assert_int_equal(batch_scene_counted(scene, API_DUPLICATE), 1);
    assert_int_equal(batch_scene_counted(scene, API_REJECTED), 1);
    assert_int_equal(metric_total(scene->api.counts.messages), 5);
    assert_int_equal(metric_total(scene->api.counts.launches), 1);
    batch_free(batch);
}

/* What the table holds already needs no journal. */
static void durable_duplicates_are_not_appended(void **context)
{
    struct batch_scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    bool called = false;

    batch_take(batch, TEXT(A("1")));
    toy_store_settle(&scene->store, 1);
    batch_take(batch, TEXT(A("1") A("1")));
    assert_false(batch_wait(batch, note_call, &called));
    assert_int_equal(toy_store_pending(&scene->store), 0);
    assert_int_equal(batch_counts(batch).duplicate, 2);
    assert_int_equal(batch_scene_counted(scene, API_DUPLICATE), 2);
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
    struct batch_scene *scene = *context;
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
    assert_int_equal(batch_scene_counted(scene, API_APPLIED), applied);
    assert_int_equal(batch_scene_counted(scene, API_NOT_WRITTEN), not_written);
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
static const char *respond(struct batch_scene *scene, struct batch *batch)
{
    struct http_response *response = &scene->response;

    http_response_release(response);
    batch_respond(batch, response);
    buffer_append(&response->body, (struct text){"", 1});
    assert_false(buffer_failed(&response->body));
    return response->body.data;
}

static void share_journal(struct batch_scene *scene)
{
    commit_free(scene->store.commit);
    toy_store_share(&scene->store);
    assert_true(api_use_store(&scene->api, &scene->store));
}

static void lines_that_nobody_has_confirmed_are_perhaps_applied(void **context)
{
    struct batch_scene *scene = *context;
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
    assert_int_equal(batch_scene_counted(scene, API_UNKNOWN), 2);
    assert_int_equal(batch_scene_counted(scene, API_APPLIED), 2);
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
    struct batch_scene *scene = *context;
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
    struct batch_scene *scene = *context;
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
    assert_int_equal(batch_scene_counted(scene, API_NOT_WRITTEN), 3);
    batch_free(batch);
}

static void take_lines(struct batch_scene *scene, struct batch *batch)
{
    struct buffer part = batch_scene_part(scene);

    batch_take(batch, buffer_text(&part));
    buffer_release(&part);
}

static void sender_is_held_until_half_is_settled(void **context)
{
    struct batch_scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    bool called = false;

    while (!batch_hold(batch, note_call, &called))
        take_lines(scene, batch);
    assert_in_range(quota_used(&scene->api.pending), BATCH_MAX_PENDING,
                    BATCH_MAX_PENDING + BATCH_SCENE_PART);
    while (!called)
        toy_store_settle(&scene->store, 1);
    assert_in_range(quota_used(&scene->api.pending),
                    BATCH_MAX_PENDING / 2 - BATCH_SCENE_PART,
                    BATCH_MAX_PENDING / 2 + BATCH_SCENE_PART);
    assert_false(batch_hold(batch, note_call, &called));
    toy_store_settle(&scene->store, SIZE_MAX);
    assert_int_equal(batch_counts(batch).applied, scene->next - 1);
    batch_free(batch);
}

static void sender_that_cannot_be_held_has_a_bound(void **context)
{
    struct batch_scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);
    uint64_t first = 0;

    while (batch_counts(batch).not_taken == 0) {
        first = batch_lines(batch) + 1;
        take_lines(scene, batch);
    }
    assert_in_range(quota_used(&scene->api.pending),
                    BATCH_MAX_UNHELD - BATCH_SCENE_PART, BATCH_MAX_UNHELD);
    toy_store_settle(&scene->store, SIZE_MAX);
    struct batch_counts counts = batch_counts(batch);
    assert_int_equal(counts.first_not_taken, first);
    assert_string_equal(counts.reason, "too many messages wait for the disk");
    assert_int_equal(counts.applied + counts.not_taken, scene->next - 1);
    assert_int_equal(batch_scene_counted(scene, API_NOT_WRITTEN),
                     counts.not_taken);
    batch_free(batch);
}

/* All batches share the quota; one with nothing pending is never held. */
static void little_memory_holds_each_batch_after_one_part(void **context)
{
    struct batch_scene *scene = *context;
    struct batch *many = batch_new(&scene->api), *few = batch_new(&scene->api);
    bool called = false, called_too = false;

    scene->api.pending.limit = SMALL_QUOTA;
    while (!batch_hold(many, note_call, &called))
        take_lines(scene, many);
    assert_in_range(quota_used(&scene->api.pending), SMALL_QUOTA / 2,
                    SMALL_QUOTA / 2 + BATCH_SCENE_PART);
    assert_false(batch_hold(few, note_call, &called_too));
    take_lines(scene, few);
    assert_true(batch_hold(few, note_call, &called_too));
    toy_store_settle(&scene->store, SIZE_MAX);
    assert_true(called && called_too);
    while (batch_counts(many).not_taken == 0)
        take_lines(scene, many);
    assert_in_range(quota_used(&scene->api.pending),
                    SMALL_QUOTA - BATCH_SCENE_PART, SMALL_QUOTA);
    toy_store_settle(&scene->store, SIZE_MAX);
    batch_free(many);
    batch_free(few);
}

static void batch_that_was_freed_is_still_settled_and_counted(void **context)
{
    struct batch_scene *scene = *context;
    struct batch *batch = batch_new(&scene->api);

    batch_take(batch, TEXT(A("1")));
    batch_take(batch, TEXT(A("2")));
    batch_take(batch, TEXT(A("3")));
    toy_store_settle(&scene->store, 1);
    batch_free(batch);
    toy_store_settle(&scene->store, 1);
    toy_store_refuse(&scene->store, 1);
    assert_int_equal(batch_scene_counted(scene, API_APPLIED), 2);
    assert_int_equal(batch_scene_counted(scene, API_NOT_WRITTEN), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(lines_count_once_they_are_durable),
        SCENE_TEST(durable_duplicates_are_not_appended),
        SCENE_TEST(lines_that_are_not_written_are_not_taken),
        SCENE_TEST(lines_that_nobody_has_confirmed_are_perhaps_applied),
        SCENE_TEST(position_of_a_batch_is_its_highest),
        SCENE_TEST(lines_that_find_the_queue_full_are_not_taken),
        SCENE_TEST(sender_is_held_until_half_is_settled),
        SCENE_TEST(sender_that_cannot_be_held_has_a_bound),
        SCENE_TEST(little_memory_holds_each_batch_after_one_part),
        SCENE_TEST(batch_that_was_freed_is_still_settled_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
