/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches with failing allocations: lines that were not taken are
 * counted, and the other lines are applied. test_fault_calls.c fails each
 * allocation in turn, and test_api_batch.c fills the table.
 */
#include "lib/unit_check.h"

#include <dlfcn.h>

#include <cjson/cJSON.h>

#include "api/batch.h"
#include "lib/batch_lines.h"
#include "table/table.h"

#define LAUNCH_A LINE_LAUNCHED("a")
#define A2 LINE_FASTER("a", "2")
#define A3 LINE_FASTER("a", "3")

/* Replaces realloc(3), with which buffers and the table allocate. */
static size_t largest_realloc; /* bytes */
static bool memory_is_exhausted, realloc_failed;

void *realloc(void *memory, size_t size)
{
    static void *(*real)(void *, size_t);

    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "realloc");
        memcpy(&real, &found, sizeof(real));
    }
    if (memory_is_exhausted) {
        realloc_failed = true;
        return NULL;
    }
    if (size > largest_realloc)
        largest_realloc = size;
    return real(memory, size);
}

/* A table, and a batch that is applied to it. */
struct fixture {
    struct table *table;
    struct batch *batch;
};

static struct fixture begin(void)
{
    struct table *table = table_new(SIZE_MAX);
    struct fixture fixture = {table, batch_for_table(table)};

    assert_non_null(fixture.batch);
    return fixture;
}

static void end(struct fixture *fixture)
{
    batch_free(fixture->batch);
    table_free(fixture->table);
}

static int restore_memory(void **state)
{
    (void)state;
    memory_is_exhausted = false;
    return 0;
}

/* The first one is reported. */
static void cut_lines_without_memory_are_not_taken(void **state)
{
    struct fixture fixture = begin();
    struct batch *batch = fixture.batch;

    (void)state;
    batch_take(batch, TEXT(LAUNCH_A "\n\n"));
    memory_is_exhausted = true;
    batch_take(batch, TEXT("{\"metadata\""));
    batch_take(batch, TEXT(":1}\n{\"metadata\""));
    assert_true(realloc_failed);
    memory_is_exhausted = false;
    batch_take(batch, TEXT(":{},\"message\""));
    batch_take(batch, TEXT(":1}\n" A2 "\n" A3));
    batch_end(batch);
    batch_assert_result(batch, RESULT(3, 0, 0, ""));
    assert_int_equal(batch_counts(batch).not_taken, 2);
    assert_int_equal(batch_counts(batch).first_not_taken, 3);
    end(&fixture);
}

/* Every reported error is complete, although memory ends during a later one. */
static void errors_without_memory_are_still_counted(void **state)
{
    struct fixture fixture = begin();
    struct batch *batch = fixture.batch;
    struct buffer out = BUFFER_INIT;

    (void)state;
    batch_take(batch, TEXT(LAUNCH_A "\n[]\n"));
    memory_is_exhausted = true;
    for (int i = 0; i < 200; i++)
        batch_take(batch, TEXT("[]\n"));
    assert_true(realloc_failed);
    batch_take(batch, TEXT(A2 "\n"));
    memory_is_exhausted = false;
    batch_take(batch, TEXT("[]\n" A3 "\n"));
    batch_end(batch);
    assert_int_equal(batch_counts(batch).applied, 3);
    assert_int_equal(batch_counts(batch).rejected, 202);
    assert_int_equal(batch_counts(batch).not_taken, 0);
    assert_int_equal(batch_counts(batch).first_not_taken, 0);

    buffer_append(&out, TEXT("{"));
    batch_write(batch, &out);
    buffer_append(&out, TEXT("}"));
    cJSON *json = cJSON_ParseWithLength(out.data, out.length);
    assert_non_null(json);
    assert_in_range(cJSON_GetArraySize(cJSON_GetObjectItem(json, "errors")), 1,
                    BATCH_MAX_ERRORS - 1);
    cJSON_Delete(json);
    buffer_release(&out);
    end(&fixture);
}

static void an_endless_line_needs_no_more_memory_than_a_valid_one(void **state)
{
    static const size_t parts[] = {1000, 65536, 1000000};
    static char spaces[1000000];

    (void)state;
    memset(spaces, ' ', sizeof(spaces));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct fixture fixture = begin();

        largest_realloc = 0;
        for (size_t taken = 0; taken < 4000000; taken += parts[i])
            batch_take(fixture.batch, (struct text){spaces, parts[i]});
        batch_end(fixture.batch);
        batch_assert_result(
            fixture.batch,
            RESULT(0, 0, 1, ERROR(1, "the line is longer than 65536 bytes")));
        /* The buffer doubles, and holds the longest line and a CR. */
        assert_in_range(largest_realloc, 1, 2 * BATCH_MAX_LINE);
        end(&fixture);
    }
}

#define MEMORY_TEST(test) cmocka_unit_test_teardown(test, restore_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(cut_lines_without_memory_are_not_taken),
        MEMORY_TEST(errors_without_memory_are_still_counted),
        MEMORY_TEST(an_endless_line_needs_no_more_memory_than_a_valid_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
