/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the JSON of the fleet, byte for byte.
 */
#include "lib/unit_check.h"

#include "api/api.h"
#include "api/fleet_json.h"
#include "base/metrics.h"
#include "lib/messages.h"
#include "table/table.h"

enum { LONG = 65536 };

struct scene {
    struct api api;
    struct metrics *metrics;
};

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    scene->metrics = metrics_new();
    struct table *table = table_new(1 << 30);
    if (scene->metrics == NULL || table == NULL)
        abort();
    api_init(&scene->api, table, NULL, scene->metrics);
    scene->api.start = 0x8f14e45fceea167a;
    *context = scene;
    return 0;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    table_free(scene->api.table);
    metrics_free(scene->metrics);
    free(scene);
    return 0;
}

static void apply(struct scene *scene, struct message message)
{
    assert_int_equal(table_apply(scene->api.table, &message), MESSAGE_APPLIED);
}

/*
 * Expect the object of members `rockets` to `messages`, and from `speeds` on;
 * of the summary only `speeds`.
 */
static void expect(struct scene *scene, const char *counts, const char *speeds,
                   const char *names)
{
    static char expected[LONG];
    struct buffer out = BUFFER_INIT;

    for (int whole = 0; whole < 2; whole++) {
        snprintf(expected, sizeof(expected),
                 "x{\"start\":\"8f14e45fceea167a\",%s,\"memory\":{\"used\":%zu,"
                 "\"limit\":1073741824},\"speeds\":[%s]%s}",
                 counts, table_memory(scene->api.table), speeds,
                 whole ? names : "");
        buffer_clear(&out);
        buffer_append(&out, TEXT("x"));
        if (whole)
            fleet_json_write(&scene->api, &out);
        else
            fleet_json_summary(&scene->api, &out);
        assert_false(buffer_failed(&out));
        unit_check_text(buffer_text(&out), text_of(expected));
    }
    buffer_release(&out);
}

#define NO_NAMES                                                               \
    "{\"top\":[],\"otherNames\":0,\"otherRockets\":0,\"unknown\":0}"

static void empty_fleet_has_all_members(void **context)
{
    expect(*context,
           "\"revision\":0,\"rockets\":{\"total\":0,\"active\":0,"
           "\"exploded\":0,\"unlaunched\":0,\"incomplete\":0},"
           "\"messages\":{\"missing\":0,\"givenUp\":0,\"applied\":0,"
           "\"duplicate\":0,\"stale\":0,\"rejected\":0,\"noMemory\":0,"
           "\"notWritten\":0}",
           "", ",\"types\":" NO_NAMES ",\"missions\":" NO_NAMES);
}

static void each_member_has_its_own_number(void **context)
{
    struct scene *scene = *context;

    apply(scene, message_launched("a", 1, "Thor \"1\"", "M\n", 100));
    apply(scene, message_launched("b", 1, "Atlas", "M\n", 124));
    apply(scene, message_launched("c", 2, "Atlas", "N", 1000));
    apply(scene, message_exploded("c", 3, "UNKNOWN"));
    apply(scene, message_speed("d", 11, -1));
    apply(scene, message_speed("e", 1, INT64_C(1) << 50));
    for (size_t i = 0; i < API_RESULT_COUNT; i++)
        metric_add(scene->api.counts.messages, i, 21 + i);
    expect(scene,
           "\"revision\":6,\"rockets\":{\"total\":5,\"active\":4,"
           "\"exploded\":1,\"unlaunched\":2,\"incomplete\":2},"
           "\"messages\":{\"missing\":11,\"givenUp\":0,\"applied\":21,"
           "\"duplicate\":22,\"stale\":23,\"rejected\":24,\"noMemory\":25,"
           "\"notWritten\":26}",
           "{\"from\":null,\"to\":0,\"rockets\":1},"
           "{\"from\":100,\"to\":125,\"rockets\":2},"
           "{\"from\":1000,\"to\":1250,\"rockets\":1},"
           "{\"from\":100000000000,\"to\":null,\"rockets\":1}",
           ",\"types\":{\"top\":[{\"name\":\"Atlas\",\"rockets\":2},"
           "{\"name\":\"Thor \\\"1\\\"\",\"rockets\":1}],\"otherNames\":0,"
           "\"otherRockets\":0,\"unknown\":2},"
           "\"missions\":{\"top\":[{\"name\":\"M\\n\",\"rockets\":2},"
           "{\"name\":\"N\",\"rockets\":1}],\"otherNames\":0,"
           "\"otherRockets\":0,\"unknown\":2}");
}

/* With 102 types: two of them are not named. */
static void more_than_a_hundred_names_are_counted_together(void **context)
{
    struct scene *scene = *context;
    struct buffer out = BUFFER_INIT;

    for (unsigned i = 0; i < 102; i++) {
        char id[16], type[16];

        snprintf(id, sizeof(id), "r%03u", i);
        snprintf(type, sizeof(type), "t%03u", i);
        apply(scene, message_launched(id, 1, type, "M", 1));
    }
    fleet_json_write(&scene->api, &out);
    buffer_append(&out, (struct text){"", 1});
    assert_false(buffer_failed(&out));
    assert_non_null(strstr(out.data, "{\"name\":\"t099\",\"rockets\":1}],"
                                     "\"otherNames\":2,\"otherRockets\":2,"
                                     "\"unknown\":0},\"missions\":"));
    assert_null(strstr(out.data, "t100"));
    buffer_release(&out);
}

/* The numbers of messages are 0 then. */
static void fleet_without_metrics_is_shown(void **context)
{
    struct scene *scene = *context;
    struct buffer out = BUFFER_INIT;

    scene->api.counts.messages = NULL;
    fleet_json_summary(&scene->api, &out);
    buffer_append(&out, (struct text){"", 1});
    assert_false(buffer_failed(&out));
    assert_non_null(strstr(out.data, "\"applied\":0,"));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(empty_fleet_has_all_members),
        FIXTURE_TEST(each_member_has_its_own_number),
        FIXTURE_TEST(more_than_a_hundred_names_are_counted_together),
        FIXTURE_TEST(fleet_without_metrics_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
