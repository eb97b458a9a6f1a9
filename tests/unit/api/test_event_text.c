/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the text of events, byte for byte, and read by the strict parser of
 * the tests; and that this parser refuses what others would read as something
 * else.
 */
#include "lib/unit_check.h"

#include "api/api.h"
#include "api/event_text.h"
#include "lib/event_parser.h"
#include "lib/messages.h"

static struct api api = {.start = 0x0123456789abcdef};

/* Expect that `out` is one event with these lines, and release it. */
static void expect_event(struct buffer *out, const struct event *expected)
{
    struct event event;
    const char *problem;
    size_t used;

    assert_false(buffer_failed(out));
    if (event_parse(out->data, out->length, &used, &event, &problem) !=
        EVENT_PARSED)
        fail_msg("%.*s: %s", (int)out->length, out->data, problem);
    assert_int_equal(used, out->length);
    assert_string_equal(event.type, expected->type);
    assert_string_equal(event.data, expected->data);
    assert_string_equal(event.id != NULL ? event.id : "",
                        expected->id != NULL ? expected->id : "");
    assert_int_equal(event.retry, expected->retry);
    event_release(&event);
    buffer_release(out);
}

static void events_about_the_stream_are_written_as_documented(void **state)
{
    struct hub_writer writer = event_text_writer(&api);
    struct buffer out = BUFFER_INIT;

    (void)state;
    writer.position(writer.context, &out, 42);
    writer.hello(writer.context, &out, 42, 200);
    expect_event(&out, &(struct event){
                           .type = "hello",
                           .id = "0123456789abcdef-42",
                           .retry = 2000,
                           .data = "{\"start\":\"0123456789abcdef\","
                                   "\"revision\":42,\"interval\":200}",
                       });
    writer.hello(writer.context, &out, 0, 10000);
    expect_event(&out, &(struct event){
                           .type = "hello",
                           .retry = 2000,
                           .data = "{\"start\":\"0123456789abcdef\","
                                   "\"revision\":0,\"interval\":10000}",
                       });
    writer.reset(writer.context, &out, 7);
    expect_event(&out, &(struct event){
                           .type = "reset",
                           .data = "{\"start\":\"0123456789abcdef\","
                                   "\"revision\":7}",
                       });
    writer.comment(&out);
    unit_check_text(buffer_text(&out), TEXT(":\n\n"));
    buffer_release(&out);
}

#define MOON                                                                   \
    "{\"id\":\"moon\",\"type\":null,\"speed\":0,\"mission\":null,"             \
    "\"status\":\"active\",\"reason\":null,\"createdAt\":null,"                \
    "\"updatedAt\":\"2022-02-02T19:39:06+00:00\",\"lastMessageNumber\":1,"     \
    "\"missingMessages\":0,\"revision\":9}"

static struct rocket_view moon(void)
{
    return (struct rocket_view){.id = TEXT("moon"),
                                .updated = messages_time(1),
                                .last_number = 1,
                                .revision = 9};
}

static void events_of_rockets_are_written_as_documented(void **state)
{
    static const struct {
        enum hub_event event;
        const char *type, *data;
        uint64_t more;
    } rows[] = {
        {HUB_ROCKETS, "rockets", "[" MOON "," MOON "]", 0},
        {HUB_LAUNCHED, "launched",
         "{\"rockets\":[" MOON "," MOON "],\"more\":0}", 0},
        {HUB_EXPLODED, "exploded",
         "{\"rockets\":[" MOON "," MOON "],\"more\":18446744073709551615}",
         UINT64_MAX},
    };
    struct hub_writer writer = event_text_writer(&api);
    struct rocket_view view = moon();

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out = BUFFER_INIT;
        writer.position(writer.context, &out, 9);
        writer.begin(&out, rows[i].event);
        writer.rocket(&out, &view, true);
        writer.rocket(&out, &view, false);
        writer.end(&out, rows[i].event, rows[i].more);
        expect_event(&out, &(struct event){.type = rows[i].type,
                                           .id = "0123456789abcdef-9",
                                           .data = rows[i].data});
    }
}

/* Whatever bytes are in a rocket's texts, an event stays one event. */
static void no_text_breaks_an_event(void **state)
{
    static char bytes[] = "a\r\nevent: hello\n\n\rdata: \0:\x1f\"\\\n";
    struct hub_writer writer = event_text_writer(&api);
    struct rocket_view view = moon();
    struct buffer out = BUFFER_INIT;
    struct event event;
    const char *problem;
    size_t used;

    (void)state;
    const struct text text = {bytes, sizeof(bytes) - 1};
    view.id = text;
    view.type = text;
    view.mission = text;
    view.reason = text;
    writer.begin(&out, HUB_ROCKETS);
    writer.rocket(&out, &view, true);
    writer.end(&out, HUB_ROCKETS, 0);
    assert_int_equal(event_parse(out.data, out.length, &used, &event, &problem),
                     EVENT_PARSED);
    assert_int_equal(used, out.length);
    event_release(&event);
    buffer_release(&out);
}

static void every_event_has_a_name(void **state)
{
    (void)state;
    for (enum hub_event event = 0; event < HUB_EVENTS; event++)
        assert_non_null(event_text_name(event));
    assert_null(event_text_name(HUB_EVENTS));
}

static void parser_reads_one_event_at_a_time(void **state)
{
    static const char text[] = ":\n\n: x\n:\n\nevent: a\ndata: 1\n\nevent: b\n"
                               "id: 2\nretry: 30\ndata: x: y\n\nevent: c\n";
    static const enum event_parsed results[] = {EVENT_COMMENT, EVENT_COMMENT,
                                                EVENT_PARSED, EVENT_PARSED};
    const char *at = text, *problem;
    size_t left = sizeof(text) - 1, used;
    struct event event;

    (void)state;
    for (size_t i = 0; i < COUNT(results); i++) {
        assert_int_equal(event_parse(at, left, &used, &event, &problem),
                         results[i]);
        if (results[i] == EVENT_PARSED)
            event_release(&event);
        at += used;
        left -= used;
    }
    assert_int_equal(event_parse(at, left, &used, &event, &problem),
                     EVENT_INCOMPLETE);
    assert_int_equal(used, 0);
}

static void parser_refuses_what_others_read_differently(void **state)
{
    const struct text texts[] = {
        TEXT("\nevent: a\ndata: 1\n\n"),
        TEXT("data: 1\n\n"),
        TEXT("event: a\n\n"),
        TEXT("event: a\nid: 1\n\n"),
        TEXT("event: a\ndata:1\n\n"),
        TEXT("event: a\ndata:\n\n"),
        TEXT("event: a\ndata: \n\n"),
        TEXT("event: a\ndata:  1\n\n"),
        TEXT("event: a\ndata\n\n"),
        TEXT("event: a\n data: 1\n\n"),
        TEXT("event: a\nData: 1\n\n"),
        TEXT("event: a\ndata: 1\ndata: 2\n\n"),
        TEXT("event: a\nevent: a\ndata: 1\n\n"),
        TEXT("event: a\nid: 1\nid: 1\ndata: 1\n\n"),
        TEXT("event: a\nid: \ndata: 1\n\n"),
        TEXT("event: a\nretry: x\ndata: 1\n\n"),
        TEXT("event: a\nretry: 2s\ndata: 1\n\n"),
        TEXT("event: a\nretry: -2\ndata: 1\n\n"),
        TEXT("event: a\nretry: 2\nretry: 2\ndata: 1\n\n"),
        TEXT("event: a\n: comment\ndata: 1\n\n"),
        TEXT("event: a\r\ndata: 1\n\n"),
        TEXT("event: a\ndata: 1\r2\n\n"),
        TEXT("event: a\nid: 1\0\ndata: 1\n\n"),
        TEXT("event: a\ndata: \xff\n\n"),
        TEXT("event: a\ndata: \xed\xa0\x80\n\n"),
        TEXT("event: a\ndata: \xc3\n\n"),
        TEXT("\xef\xbb\xbf"
             "event: a\ndata: 1\n\n"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct event event;
        const char *problem;
        size_t used;

        if (event_parse(texts[i].data, texts[i].length, &used, &event,
                        &problem) != EVENT_INVALID)
            fail_msg("accepted: %s", texts[i].data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_about_the_stream_are_written_as_documented),
        cmocka_unit_test(events_of_rockets_are_written_as_documented),
        cmocka_unit_test(no_text_breaks_an_event),
        cmocka_unit_test(every_event_has_a_name),
        cmocka_unit_test(parser_reads_one_event_at_a_time),
        cmocka_unit_test(parser_refuses_what_others_read_differently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
