/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches with failing allocations: lines that were not taken are
 * counted, the other lines are applied, and the whole batch can be sent again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "api/batch.h"
#include "api/rocket_json.h"
#include "lib/batch_lines.h"
#include "lib/messages.h"
#include "table/table.h"

#define LAUNCH_A LINE_LAUNCHED("a")
#define LAUNCH_B LINE_LAUNCHED("b")
#define A2 LINE_FASTER("a", "2")
#define A3 LINE_FASTER("a", "3")
#define A9 LINE_FASTER("a", "9")
#define A_ESCAPED                                                              \
    BATCH_LINE("a", "1", "RocketMissionChanged",                               \
               "\"newMission\":\"caf\\u00e9\"")
#define B3 LINE_FASTER("b", "3")
#define C1 LINE_LAUNCHED("c")
#define A_KNOWN LINE_FASTER("rocket %u", "2")
#define A_NEW LINE_LAUNCHED("rocket %u")

/* Replaces realloc(3), with which buffers and the table allocate. */
static size_t reallocs_left = SIZE_MAX;
static size_t largest_realloc; /* bytes */
static bool realloc_failed;
static bool fail_once; /* one call fails; else that call and all later ones */

void *realloc(void *memory, size_t size)
{
    static void *(*real)(void *, size_t);

    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "realloc");
        memcpy(&real, &found, sizeof(real));
    }
    if (reallocs_left == 0) {
        realloc_failed = true;
        reallocs_left = fail_once ? SIZE_MAX : 0;
        return NULL;
    }
    if (reallocs_left != SIZE_MAX)
        reallocs_left--;
    if (size > largest_realloc)
        largest_realloc = size;
    return real(memory, size);
}

static void fail_realloc_after(size_t reallocs)
{
    reallocs_left = reallocs;
    realloc_failed = false;
}

static int restore_memory(void **state)
{
    (void)state;
    fail_once = false;
    fail_realloc_after(SIZE_MAX);
    cJSON_InitHooks(NULL);
    return 0;
}

static void check_result(const struct batch *batch, const char *expected)
{
    struct buffer out;

    assert_string_equal(batch_result(batch, &out), expected);
    buffer_release(&out);
}

static void a_cut_line_without_memory_is_not_taken(void **state)
{
    (void)state;
    struct table *table = table_new(SIZE_MAX);
    struct batch *batch = batch_new(table);

    batch_take(batch, TEXT(LAUNCH_A "\n\n"));
    fail_realloc_after(0);
    batch_take(batch, TEXT("{\"metadata\""));
    assert_true(realloc_failed);
    fail_realloc_after(SIZE_MAX);
    batch_take(batch, TEXT(":{},\"message\""));
    batch_take(batch, TEXT(":1}\n" A2 "\n" A3));
    batch_end(batch);
    check_result(batch, RESULT(3, 0, 0, ""));
    assert_int_equal(batch_counts(batch)->not_taken, 1);
    assert_int_equal(batch_counts(batch)->first_not_taken, 3);
    batch_free(batch);
    table_free(table);
}

/* Every reported error is complete, although memory ends during a later one. */
static void errors_without_memory_are_still_counted(void **state)
{
    (void)state;
    struct table *table = table_new(SIZE_MAX);
    struct batch *batch = batch_new(table);
    struct buffer out;

    batch_take(batch, TEXT(LAUNCH_A "\n[]\n"));
    fail_realloc_after(0);
    for (int i = 0; i < 200; i++)
        batch_take(batch, TEXT("[]\n"));
    assert_true(realloc_failed);
    batch_take(batch, TEXT(A2 "\n"));
    fail_realloc_after(SIZE_MAX);
    batch_take(batch, TEXT("[]\n" A3 "\n"));
    batch_end(batch);
    assert_int_equal(batch_counts(batch)->applied, 3);
    assert_int_equal(batch_counts(batch)->rejected, 202);
    assert_int_equal(batch_counts(batch)->not_taken, 0);
    assert_int_equal(batch_counts(batch)->first_not_taken, 0);

    cJSON *json = cJSON_Parse(batch_result(batch, &out));
    assert_non_null(json);
    assert_in_range(cJSON_GetArraySize(cJSON_GetObjectItem(json, "errors")), 1,
                    BATCH_MAX_ERRORS - 1);
    cJSON_Delete(json);
    buffer_release(&out);
    batch_free(batch);
    table_free(table);
}

static void an_endless_line_needs_no_more_memory_than_a_valid_one(void **state)
{
    (void)state;
    static const size_t parts[] = {1000, 65536, 1000000};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct table *table = table_new(SIZE_MAX);
        struct batch *batch = batch_new(table);
        char *part = malloc(parts[i]);

        assert_non_null(part);
        memset(part, ' ', parts[i]);
        largest_realloc = 0;
        for (size_t taken = 0; taken < 4000000; taken += parts[i])
            batch_take(batch, (struct text){part, parts[i]});
        batch_end(batch);
        check_result(
            batch,
            RESULT(0, 0, 1, ERROR(1, "the line is longer than 65536 bytes")));
        /* The buffer doubles, and holds the longest line and a CR. */
        assert_in_range(largest_realloc, 1, 2 * BATCH_MAX_LINE);
        free(part);
        batch_free(batch);
        table_free(table);
    }
}

/* Lines of known rockets and new rockets, and invalid lines. */
static const char mixed_body[] = LAUNCH_A
    "\n" A3 "\n[]\n" A2 "\n" B3 "\n\n{}\n" LAUNCH_B "\n1\n" C1 "\n" A9 "\n" A3;

enum { MIXED_LINES = 11, MIXED_REJECTED = 3 };

static void take_mixed(struct batch *batch, size_t part)
{
    struct text rest = text_of(mixed_body);

    while (rest.length > 0) {
        size_t length = rest.length < part ? rest.length : part;
        batch_take(batch, (struct text){rest.data, length});
        rest.data += length;
        rest.length -= length;
    }
    batch_end(batch);
}

static uint64_t lines_in(const struct batch_counts *counts)
{
    return counts->applied + counts->duplicate + counts->stale +
           counts->rejected + counts->not_taken;
}

/* Every reported error is that of an invalid line, and none is repeated. */
static void check_errors(const struct batch *batch)
{
    struct buffer out;
    cJSON *json = cJSON_Parse(batch_result(batch, &out));
    const cJSON *error;
    int last = 0;

    assert_non_null(json);
    cJSON_ArrayForEach(error, cJSON_GetObjectItem(json, "errors"))
    {
        int line = cJSON_GetObjectItem(error, "line")->valueint;
        assert_true(line == 3 || line == 7 || line == 9);
        assert_true(line > last);
        last = line;
    }
    cJSON_Delete(json);
    buffer_release(&out);
}

static void check_rocket(struct table *table, const char *id, int64_t speed,
                         uint64_t missing)
{
    struct rocket_view view;

    assert_true(table_find(table, text_of(id), &view));
    assert_int_equal(view.speed, speed);
    assert_int_equal(view.missing, missing);
}

/* Send the batch again, with enough memory. */
static void check_repeat(struct table *table)
{
    struct batch *batch = batch_new(table);

    take_mixed(batch, sizeof(mixed_body));
    assert_int_equal(batch_counts(batch)->not_taken, 0);
    assert_int_equal(batch_counts(batch)->rejected, MIXED_REJECTED);
    assert_int_equal(lines_in(batch_counts(batch)), MIXED_LINES);
    check_rocket(table, "a", 800, 5);
    check_rocket(table, "b", 600, 1);
    check_rocket(table, "c", 500, 0);
    batch_free(batch);
}

/* Send the batch with `reallocs` successful calls. False if none failed. */
static bool memory_ends_after(size_t reallocs, size_t part)
{
    struct table *table = table_new(SIZE_MAX);
    struct batch *batch = batch_new(table);

    fail_realloc_after(reallocs);
    take_mixed(batch, part);
    bool ended = realloc_failed;
    fail_realloc_after(SIZE_MAX);

    const struct batch_counts *counts = batch_counts(batch);
    assert_int_equal(lines_in(counts), MIXED_LINES);
    assert_int_equal(counts->not_taken > 0, counts->first_not_taken > 0);
    assert_true(ended || counts->not_taken == 0);
    check_errors(batch);
    batch_free(batch);
    check_repeat(table);
    table_free(table);
    return ended;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    for (int once = 0; once < 2; once++) {
        for (size_t part = 10; part < 1000; part *= 3) {
            size_t reallocs = 0;
            fail_once = once;
            while (memory_ends_after(reallocs, part))
                reallocs++;
            assert_in_range(reallocs, 10, 1000);
        }
    }
}

/* Allocations of cJSON, which decodes escapes, that succeed. */
static size_t allocations_left;

static void *scarce_malloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left--;
    return malloc(size);
}

static void a_line_is_not_rejected_for_lack_of_memory(void **state)
{
    (void)state;
    cJSON_Hooks scarce = {scarce_malloc, free};

    cJSON_InitHooks(&scarce);
    for (size_t allocations = 0; allocations < 1000; allocations++) {
        struct table *table = table_new(SIZE_MAX);
        struct batch *batch = batch_new(table);

        allocations_left = allocations;
        batch_take(batch, TEXT("\n" A_ESCAPED "\n"));
        allocations_left = SIZE_MAX;
        batch_take(batch, TEXT(A2 "\n"));

        struct batch_counts counts = *batch_counts(batch);
        assert_int_equal(counts.applied + counts.not_taken, 2);
        assert_int_equal(counts.first_not_taken, counts.not_taken > 0 ? 2 : 0);
        batch_free(batch);
        table_free(table);
        if (counts.not_taken == 0) {
            assert_in_range(allocations, 1, 1000);
            return;
        }
    }
    fail();
}

/* Add rockets "rocket 0" and so on until one is refused. Returns how many. */
static unsigned fill_table(struct table *table)
{
    char id[32];

    for (unsigned i = 0;; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        struct message message =
            message_launched(id, 1, "Falcon-9", "ARTEMIS", 500);
        if (table_apply(table, &message) != MESSAGE_APPLIED)
            return i;
    }
}

/* A line of each known rocket; after each one the rocket that was refused. */
static void full_table_applies_lines_that_need_no_memory(void **state)
{
    (void)state;
    struct table *empty = table_new(SIZE_MAX);
    struct table *table = table_new(table_memory(empty) + 1000000);
    struct batch *batch = batch_new(table);
    unsigned known = fill_table(table);
    char line[512];

    assert_in_range(known, 100, 100000);
    for (unsigned i = 0; i < known; i++) {
        int length =
            snprintf(line, sizeof(line), A_KNOWN "\n\n" A_NEW "\n", i, known);
        batch_take(batch, (struct text){line, (size_t)length});
    }
    batch_end(batch);
    assert_int_equal(table_count(table), known);
    check_rocket(table, "rocket 0", 600, 0);
    check_rocket(table, "rocket 99", 600, 0);
    assert_int_equal(batch_counts(batch)->applied, known);
    assert_int_equal(batch_counts(batch)->not_taken, known);
    assert_int_equal(batch_counts(batch)->first_not_taken, 3);
    assert_int_equal(batch_counts(batch)->rejected, 0);
    batch_free(batch);
    table_free(table);
    table_free(empty);
}

#define MEMORY_TEST(test) cmocka_unit_test_teardown(test, restore_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(a_cut_line_without_memory_is_not_taken),
        MEMORY_TEST(errors_without_memory_are_still_counted),
        MEMORY_TEST(an_endless_line_needs_no_more_memory_than_a_valid_one),
        MEMORY_TEST(any_allocation_may_fail),
        MEMORY_TEST(a_line_is_not_rejected_for_lack_of_memory),
        MEMORY_TEST(full_table_applies_lines_that_need_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
