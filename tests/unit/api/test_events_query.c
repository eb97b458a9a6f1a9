/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the query of GET /events: tables of queries, and what they mean or
 * why they are refused.
 */
#include "lib/unit_check.h"

#include "api/events_query.h"

enum {
    ROCKETS = 1 << HUB_ROCKETS,
    LAUNCHED = 1 << HUB_LAUNCHED,
    EXPLODED = 1 << HUB_EXPLODED,
    SUMMARY = 1 << HUB_SUMMARY,
    ALL = ROCKETS | LAUNCHED | EXPLODED | SUMMARY,
};

#define ID "0123456789abcdef-42"

static void query_says_what_to_follow(void **state)
{
    static const struct {
        const char *raw;
        unsigned events, interval_ms;
        size_t id_count;
        bool resumes;
    } rows[] = {
        {NULL, ALL, 200, 0, false},
        {"", ALL, 200, 0, false},
        {"events=rockets", ROCKETS, 200, 0, false},
        {"events=launched,exploded", LAUNCHED | EXPLODED, 200, 0, false},
        {"events=summary%2Crockets,summary", ROCKETS | SUMMARY, 200, 0, false},
        {"interval=100", ALL, 100, 0, false},
        {"interval=10000", ALL, 10000, 0, false},
        {"interval=0300", ALL, 300, 0, false},
        {"last_event_id=", ALL, 200, 0, false},
        {"last_event_id=" ID, ALL, 200, 0, true},
        {"last_event_id=W%2F%22" ID "%22", ALL, 200, 0, true},
        {"_=1&events=rockets&_x", ROCKETS, 200, 0, false},
        /* Whoever follows some rockets gets no events of the others. */
        {"id=a", ROCKETS, 200, 1, false},
        {"id=a&id=b&id=a", ROCKETS, 200, 2, false},
        {"id=a&events=rockets,exploded", ROCKETS | EXPLODED, 200, 1, false},
        {"events=rockets&interval=500&id=b&last_event_id=" ID, ROCKETS, 500, 1,
         true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct events_query query;
        char detail[EVENTS_QUERY_DETAIL];

        if (!events_query_parse(&query, text_of(rows[i].raw), detail,
                                sizeof(detail)))
            fail_msg("%s: %s", rows[i].raw, detail);
        if (query.events != rows[i].events ||
            query.interval_ms != rows[i].interval_ms ||
            query.id_count != rows[i].id_count ||
            query.resumes != rows[i].resumes)
            fail_msg("%s: events %x, interval %u, %zu ids, resumes %d",
                     rows[i].raw, query.events, query.interval_ms,
                     query.id_count, query.resumes);
        if (query.resumes) {
            assert_int_equal(query.last.start, 0x0123456789abcdef);
            assert_int_equal(query.last.revision, 42);
        }
        events_query_release(&query);
    }
}

static void ids_are_decoded(void **state)
{
    struct events_query query;
    char detail[EVENTS_QUERY_DETAIL];

    (void)state;
    assert_true(events_query_parse(
        &query, TEXT("id=a%2Fb+c&id=%C3%A9&id=a%2fb%20c&id=..."), detail,
        sizeof(detail)));
    assert_int_equal(query.id_count, 3);
    unit_check_text(query.ids[0], TEXT("a/b c"));
    unit_check_text(query.ids[1], TEXT("\xc3\xa9"));
    unit_check_text(query.ids[2], TEXT("..."));
    events_query_release(&query);
}

static void wrong_query_is_refused(void **state)
{
    static const char events[] = "events must be a list, separated by commas, "
                                 "of rockets, launched, exploded and summary; "
                                 "hello and reset always come";
    static const char id[] = "id must be 1 to 128 bytes without control "
                             "characters, other than . and ..";
    static const char interval[] = "interval must be an integer from 100 to "
                                   "10000, in steps of 100 (milliseconds)";
    static const char last[] = "last_event_id must be the id of an event or "
                               "an ETag, such as 0123456789abcdef-42";
    static const struct {
        const char *raw, *detail;
    } rows[] = {
        {"events=", events},
        {"events", events},
        {"events=rockets,", events},
        {"events=,rockets", events},
        {"events=rockets,%20summary", events},
        {"events=Rockets", events},
        {"events=hello", events},
        {"events=reset", events},
        {"events=rockets&events=summary", "events is given twice"},
        {"id=", id},
        {"id=.", id},
        {"id=%2E%2e", id},
        {"id=a%0Ab", id},
        {"id=a%00", id},
        {"id=a&events=summary", "id chooses the rockets of the event rockets, "
                                "which is not in events"},
        {"interval=", interval},
        {"interval=0", interval},
        {"interval=99", interval},
        {"interval=150", interval},
        {"interval=10100", interval},
        {"interval=-200", interval},
        {"interval=200ms", interval},
        {"interval=200&interval=200", "interval is given twice"},
        {"last_event_id=42", last},
        {"last_event_id=%22" ID, last},
        {"last_event_id=" ID "&last_event_id=" ID,
         "last_event_id is given twice"},
        {"last_event_id=&last_event_id=", "last_event_id is given twice"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct events_query query;
        char detail[EVENTS_QUERY_DETAIL];

        if (events_query_parse(&query, text_of(rows[i].raw), detail,
                               sizeof(detail)))
            fail_msg("%s is accepted", rows[i].raw);
        assert_string_equal(detail, rows[i].detail);
    }
}

/* Append "id=NAME&" with names of `length` bytes, numbered from `first`. */
static void add_ids(struct buffer *out, unsigned first, unsigned count,
                    int length)
{
    for (unsigned i = first; i < first + count; i++)
        buffer_append_format(out, "id=%0*u&", length, i);
}

static void hundred_ids_are_enough(void **state)
{
    struct events_query query;
    char detail[EVENTS_QUERY_DETAIL];
    struct buffer raw = BUFFER_INIT;

    (void)state;
    add_ids(&raw, 0, HUB_MAX_IDS, 36);
    add_ids(&raw, 0, HUB_MAX_IDS, 36);
    assert_true(
        events_query_parse(&query, buffer_text(&raw), detail, sizeof(detail)));
    assert_int_equal(query.id_count, HUB_MAX_IDS);
    for (unsigned i = 0; i < HUB_MAX_IDS; i++) {
        char id[40];
        snprintf(id, sizeof(id), "%036u", i);
        unit_check_text(query.ids[i], text_of(id));
    }
    events_query_release(&query);
    add_ids(&raw, HUB_MAX_IDS, 1, 36);
    assert_false(
        events_query_parse(&query, buffer_text(&raw), detail, sizeof(detail)));
    assert_string_equal(detail, "at most 100 different ids; without id all "
                                "rockets are followed");
    buffer_clear(&raw);
    add_ids(&raw, 0, 1, 128);
    assert_true(
        events_query_parse(&query, buffer_text(&raw), detail, sizeof(detail)));
    events_query_release(&query);
    buffer_clear(&raw);
    add_ids(&raw, 0, 1, 129);
    assert_false(
        events_query_parse(&query, buffer_text(&raw), detail, sizeof(detail)));
    buffer_release(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_says_what_to_follow),
        cmocka_unit_test(ids_are_decoded),
        cmocka_unit_test(wrong_query_is_refused),
        cmocka_unit_test(hundred_ids_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
