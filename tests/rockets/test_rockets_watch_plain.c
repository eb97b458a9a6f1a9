/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of `rockets watch --plain`, made of events. The time zone is one
 * that is not UTC.
 */
#include "lib/unit_check.h"

#include <time.h>

#include "watch_events.h"
#include "watch_plain.h"

#define ROCKET(id, revision)                                                   \
    "{\"id\":\"" id "\",\"type\":\"Falcon-9\",\"speed\":500,"                  \
    "\"mission\":\"ARTEMIS\",\"status\":\"active\",\"reason\":null,"           \
    "\"revision\":" revision "}"

static struct fleet_view view;

static int set_zone(void **state)
{
    (void)state;
    setenv("TZ", "XYZ-5:30", 1); /* NOLINT(concurrency-mt-unsafe) */
    tzset();
    return 0;
}

static int clear_view(void **state)
{
    (void)state;
    memset(&view, 0, sizeof(view));
    return 0;
}

static enum watch_news take(struct watch_events *events, const char *type,
                            const char *data)
{
    struct event_stream_event event = {type, data, strlen(data)};

    return watch_events_take(events, &event);
}

/* The lines without their times, which are those of now. */
static void expect_lines(struct bytes *lines, const char *expected)
{
    struct bytes rest = {0};
    const char *line = lines->data;

    while (lines->length > 0 && line < lines->data + lines->length) {
        const char *end = strchr(line, '\n');

        /* 2026-11-27T17:32:03.093+05:30 */
        assert_int_equal(strcspn(line, "\t"), 29);
        assert_int_equal(strncmp(line + 23, "+05:30\t", 7), 0);
        line += 30;
        bytes_append(&rest, line, (size_t)(end + 1 - line));
        line = end + 1;
    }
    bytes_append(&rest, "", 1);
    assert_string_equal(rest.data, expected);
    bytes_release(&rest);
    bytes_clear(lines);
    bytes_append(lines, "", 1);
    lines->length = 0;
}

static void each_event_is_a_line_or_one_a_rocket(void **state)
{
    static const struct {
        const char *type, *data, *lines;
        enum watch_news news;
    } ROWS[] = {
        {"hello", "{\"start\":\"S\",\"revision\":7,\"interval\":200}",
         "hello\tstart=S\trevision=7\n", WATCH_NEWS_NONE},
        {"rockets", "[" ROCKET("a", "1") "," ROCKET("b\\tc", "2") "]",
         "rocket\ta\tFalcon-9\tARTEMIS\t500\t-\n"
         "rocket\tb\\u0009c\tFalcon-9\tARTEMIS\t500\t-\n",
         WATCH_NEWS_NONE},
        {"launched", "{\"rockets\":[" ROCKET("a", "1") "],\"more\":12}",
         "launched\ta\tFalcon-9\tARTEMIS\t500\t-\nmore\tlaunched=12\n",
         WATCH_NEWS_ROCKETS},
        {"exploded",
         "{\"rockets\":[{\"id\":\"a\",\"type\":null,\"speed\":0,"
         "\"mission\":null,\"status\":\"exploded\",\"reason\":\"R\\n\\\\\"}],"
         "\"more\":0}",
         "exploded\ta\t-\t-\t0\tR\\u000a\\\\\n", WATCH_NEWS_NONE},
        {"summary",
         "{\"rockets\":{\"total\":22,\"active\":16,\"exploded\":6,"
         "\"unlaunched\":1,\"incomplete\":2},\"messages\":{\"missing\":3,"
         "\"givenUp\":4,\"applied\":100000,\"duplicate\":5,\"stale\":6,"
         "\"rejected\":7}}",
         "summary\trockets=22\tactive=16\texploded=6\tunlaunched=1\t"
         "incomplete=2\tmissing=3\tgivenUp=4\tapplied=100000\tduplicate=5\t"
         "stale=6\trejected=7\trate=-\n",
         WATCH_NEWS_NONE},
        {"reset", "{\"reason\":\"behind\",\"start\":\"S\",\"revision\":9}",
         "reset\tstart=S\trevision=9\n", WATCH_NEWS_LOST},
        {"reset", "{}", "reset\tstart=-\trevision=0\n", WATCH_NEWS_LOST},
        /* Nothing that is known. */
        {"message", "{}", "", WATCH_NEWS_NONE},
        {"tomorrow", "{\"start\":\"S\"}", "", WATCH_NEWS_NONE},
        {"rockets", "no JSON", "", WATCH_NEWS_NONE},
        {"rockets", "{\"id\":7}", "", WATCH_NEWS_NONE},
        {"rockets", "[1,null,{}]", "", WATCH_NEWS_NONE},
        {"summary", "[]", "", WATCH_NEWS_NONE},
        {"exploded", "{\"rockets\":{},\"more\":-1}", "", WATCH_NEWS_NONE},
    };
    struct bytes lines = {0};
    struct watch_events events = {.view = &view, .lines = &lines};

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        assert_int_equal(take(&events, ROWS[i].type, ROWS[i].data),
                         ROWS[i].news);
        expect_lines(&lines, ROWS[i].lines);
    }
    bytes_release(&lines);
}

/* Another start is another history of the state. */
static void a_new_start_loses_what_was_known(void **state)
{
    struct watch_events events = {.view = &view};
    static const char LIST[] = "[" ROCKET("a", "1") "]";

    (void)state;
    assert_int_equal(take(&events, "hello", "{\"start\":\"S\"}"),
                     WATCH_NEWS_NONE);
    watch_events_take_rows(&events, LIST, strlen(LIST));
    assert_int_equal(take(&events, "hello", "{\"start\":\"S\"}"),
                     WATCH_NEWS_NONE);
    assert_int_equal(view.row_count, 1);
    assert_int_equal(view.feed_count, 0);
    assert_int_equal(take(&events, "hello", "{\"start\":\"T\"}"),
                     WATCH_NEWS_LOST);
    assert_int_equal(view.row_count, 0);
    assert_non_null(strstr(fleet_view_entry(&view, 0)->rocket.reason,
                           "the service has started anew"));
}

static void lines_end_at_their_limit(void **state)
{
    struct bytes lines = {0};
    struct watch_events events = {
        .view = &view, .lines = &lines, .max_shown = 3};

    (void)state;
    take(&events, "hello", "{\"start\":\"S\",\"revision\":7}");
    assert_false(watch_events_ended(&events));
    take(&events, "rockets",
         "[" ROCKET("a", "1") "," ROCKET("b", "2") "," ROCKET("c", "3") "]");
    assert_true(watch_events_ended(&events));
    take(&events, "reset", "{\"start\":\"S\",\"revision\":9}");
    expect_lines(&lines, "hello\tstart=S\trevision=7\n"
                         "rocket\ta\tFalcon-9\tARTEMIS\t500\t-\n"
                         "rocket\tb\tFalcon-9\tARTEMIS\t500\t-\n");
    bytes_release(&lines);
}

/* With --id each response has one rocket. The rows keep their order. */
static void named_rockets_are_the_rows(void **state)
{
    static const char *const IDS[] = {"b", "c", "a"};
    struct watch_events events = {.view = &view, .ids = IDS, .id_count = 3};
    static const char *const BODIES[] = {ROCKET("b", "4"),
                                         ROCKET("a", "9"),
                                         ROCKET("b", "3"),
                                         "{\"status\":404}",
                                         "",
                                         "null"};

    (void)state;
    watch_events_start(&events);
    for (size_t i = 0; i < COUNT(BODIES); i++)
        watch_events_take_rows(&events, BODIES[i], strlen(BODIES[i]));
    assert_int_equal(view.row_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(view.rows[i].id, IDS[i]);
    assert_true(view.rows[0].revision == 4);
    assert_true(view.rows[1].revision == 0);
    assert_true(view.rows[2].revision == 9);
    take(&events, "rockets", "[" ROCKET("c", "5") "]");
    assert_true(view.rows[1].revision == 5);
    /* Another history begins with the ids alone. */
    take(&events, "hello", "{\"start\":\"S\"}");
    take(&events, "hello", "{\"start\":\"T\"}");
    assert_int_equal(view.row_count, 3);
    assert_true(view.rows[1].revision == 0);
    assert_string_equal(view.rows[1].id, "c");
}

static void times_are_local_with_their_offset(void **state)
{
    const struct timespec time = {.tv_sec = 1643830745, .tv_nsec = 7999999};
    struct bytes out = {0};

    (void)state;
    watch_plain_more(&out, &time, "exploded", 5);
    bytes_append(&out, "", 1);
    assert_string_equal(out.data,
                        "2022-02-03T01:09:05.007+05:30\tmore\texploded=5\n");
    bytes_release(&out);
}

#define VIEW_TEST(test) cmocka_unit_test_setup(test, clear_view)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(each_event_is_a_line_or_one_a_rocket),
        VIEW_TEST(a_new_start_loses_what_was_known),
        VIEW_TEST(lines_end_at_their_limit),
        VIEW_TEST(named_rockets_are_the_rows),
        cmocka_unit_test(times_are_local_with_their_offset),
    };

    return cmocka_run_group_tests(tests, set_zone, NULL);
}
