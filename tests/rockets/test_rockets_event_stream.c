/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of server-sent events. Each stream is fed as a whole, in two parts
 * with the boundary at each byte, and byte by byte: the events are the same.
 */
#include "lib/unit_check.h"

#include "event_stream.h"

/* What a stream gave, as text: "[type|data|last id]" for each event. */
struct result {
    struct event_stream *stream;
    char text[1024];
    size_t length;
};

static void note_event(void *context, const struct event_stream_event *event)
{
    struct result *result = context;
    char *at = result->text + result->length;
    size_t room = sizeof(result->text) - result->length;
    int written = snprintf(at, room, "[%s|", event->type);

    assert_int_equal(event->data[event->length], '\0');
    assert_in_range(written, 0, room - 1);
    /* NUL is shown as @. */
    for (size_t i = 0; i < event->length; i++)
        at[written++] = (char)(event->data[i] != '\0' ? event->data[i] : '@');
    written += snprintf(at + written, room - (size_t)written, "|%s]",
                        event_stream_last_id(result->stream));
    result->length += (size_t)written;
}

struct part {
    const char *data;
    size_t length;
};

/* Feed a copy with exactly its size, so that a sanitizer detects overruns. */
static void feed(struct event_stream *stream, struct part part)
{
    char *copy = malloc(part.length > 0 ? part.length : 1);

    assert_non_null(copy);
    if (part.length > 0)
        memcpy(copy, part.data, part.length);
    assert_int_equal(event_stream_feed(stream, copy, part.length),
                     EVENT_STREAM_OK);
    free(copy);
}

static void expect(struct event_stream *stream, struct result *result,
                   const char *events)
{
    assert_string_equal(result->text, events);
    result->length = 0;
    result->text[0] = '\0';
    event_stream_restart(stream);
    assert_true(event_stream_set_last_id(stream, ""));
}

static void check_stream(struct part all, const char *events)
{
    struct event_stream stream;
    struct result result = {.stream = &stream};

    event_stream_init(&stream, note_event, &result);
    feed(&stream, all);
    expect(&stream, &result, events);
    for (size_t cut = 0; cut <= all.length; cut++) {
        feed(&stream, (struct part){all.data, cut});
        feed(&stream, (struct part){all.data + cut, all.length - cut});
        expect(&stream, &result, events);
    }
    for (size_t i = 0; i < all.length; i++)
        feed(&stream, (struct part){all.data + i, 1});
    expect(&stream, &result, events);
    event_stream_release(&stream);
}

#define STREAM(text, events)                                                   \
    {                                                                          \
        {text, sizeof(text) - 1}, events                                       \
    }

static const struct {
    struct part stream;
    const char *events;
} STREAMS[] = {
    STREAM("", ""),
    STREAM("data: a\n\n", "[message|a|]"),
    STREAM("data: a\r\r", "[message|a|]"),
    STREAM("data: a\r\n\r\n", "[message|a|]"),
    STREAM("data: a\r\ndata: b\r\n\r\n", "[message|a\nb|]"),
    STREAM("data: a\r\n\ndata: b\n\r\n", "[message|a|][message|b|]"),
    STREAM("data: a\n\rdata: b\r\r\n", "[message|a|][message|b|]"),
    /* No event without an empty line, nor of an unended line. */
    STREAM("data: a\n", ""),
    STREAM("data: a\n\ndata: b\n", "[message|a|]"),
    /* The examples of the standard. */
    STREAM("data: YHOO\ndata: +2\ndata: 10\n\n", "[message|YHOO\n+2\n10|]"),
    STREAM(": test stream\n\ndata: first event\nid: 1\n\n"
           "data:second event\nid\n\ndata:  third event\n\n",
           "[message|first event|1][message|second event|]"
           "[message| third event|]"),
    STREAM("data\n\ndata\ndata\n\ndata:", "[message||][message|\n|]"),
    STREAM("data:test\n\ndata: test\n\n", "[message|test|][message|test|]"),
    STREAM("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
           "[add|73857293|][remove|2153|]"),
    /* An event without data is none, and its type does not stay. */
    STREAM("event: add\n\ndata: a\n\n", "[message|a|]"),
    /* But its id does. */
    STREAM("id: 7\n\ndata: a\n\n", "[message|a|7]"),
    STREAM("id: 7\nid: 8\ndata: a\n\ndata: b\n\n",
           "[message|a|8][message|b|8]"),
    STREAM("id: 7\0\ndata: a\n\n", "[message|a|]"),
    STREAM("id: 7\n\nid: \0\ndata: a\n\n", "[message|a|7]"),
    STREAM("data: a\0b\n\n", "[message|a@b|]"),
    /* A byte order mark is one at the beginning only. */
    STREAM("\xef\xbb\xbf"
           "data: a\n\n",
           "[message|a|]"),
    STREAM("\xef\xbb\xbf\n\ndata: a\n\n", "[message|a|]"),
    STREAM("\xef\xbb\xbf\xef\xbb\xbf"
           "data: a\n\ndata: b\n\n",
           "[message|b|]"),
    STREAM("\n\xef\xbb\xbf"
           "data: a\n\n",
           ""),
    STREAM("\xef\xbb"
           "data: a\n\n",
           ""),
    /* Comments, also between the lines of an event. */
    STREAM(":\n:a\n: data: a\ndata: b\n:\ndata: c\n\n:\n\n", "[message|b\nc|]"),
    /* Names are exact, the value is all after the colon and one space. */
    STREAM("Data: a\n data: b\ndata : c\nfoo: d\nfoo\n\n", ""),
    STREAM("data:: a:b \n\n", "[message|: a:b |]"),
    STREAM("event: \ndata: a\n\n", "[message|a|]"),
    STREAM("event: a\nevent: b\ndata: c\n\n", "[b|c|]"),
    STREAM("\n\n\r\r\n", ""),
};

static void streams_are_read_as_the_standard_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(STREAMS); i++)
        check_stream(STREAMS[i].stream, STREAMS[i].events);
}

static void retry_is_decimal_digits(void **state)
{
    static const struct {
        const char *stream;
        int64_t retry_ms;
    } ROWS[] = {
        {"retry: 2000\n", 2000},
        {"retry:0\n", 0},
        {"retry: 007\n", 7},
        {"retry: 1\nretry: x\n", 1},
        {"retry: 1\nretry: 2\n", 2},
        {"retry\n", -1},
        {"retry: -1\n", -1},
        {"retry: 1.5\n", -1},
        {"retry:  1\n", -1},
        {"retry: 1 \n", -1},
        {"retry: 99999999999999999999999999\n", EVENT_STREAM_MAX_RETRY_MS},
        {"retry: 5", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct event_stream stream;

        event_stream_init(&stream, note_event, NULL);
        feed(&stream, (struct part){ROWS[i].stream, strlen(ROWS[i].stream)});
        if (stream.retry_ms != ROWS[i].retry_ms)
            fail_msg("%s: %lld", ROWS[i].stream, (long long)stream.retry_ms);
        event_stream_release(&stream);
    }
}

/* As the connection may have been cut within an event. */
static void a_restart_keeps_the_id_and_nothing_else(void **state)
{
    static const char CUT[] = "id: 1\ndata: a\n\nid: 2\nevent: x\ndata: b\nda";
    static const char NEXT[] = "\xef\xbb\xbf"
                               "ta: c\ndata: d\n\n";
    struct event_stream stream;
    struct result result = {.stream = &stream};

    (void)state;
    event_stream_init(&stream, note_event, &result);
    feed(&stream, (struct part){CUT, sizeof(CUT) - 1});
    assert_string_equal(event_stream_last_id(&stream), "1");
    event_stream_restart(&stream);
    assert_string_equal(event_stream_last_id(&stream), "1");
    feed(&stream, (struct part){NEXT, sizeof(NEXT) - 1});
    assert_string_equal(result.text, "[message|a|1][message|d|1]");
    assert_true(event_stream_set_last_id(&stream, "9"));
    feed(&stream, (struct part){"data: e\n\n", 9});
    assert_string_equal(result.text, "[message|a|1][message|d|1][message|e|9]");
    event_stream_release(&stream);
}

static void count_event(void *context, const struct event_stream_event *event)
{
    size_t *length = context;

    *length = event->length;
}

/* One line, or many; and the limit is for one event, not for all together. */
static void the_size_of_an_event_is_limited(void **state)
{
    enum { PIECE = 1 << 16, PREFIX = 6 };
    char *piece = malloc(PIECE);
    size_t length = 0;

    (void)state;
    assert_non_null(piece);
    for (int lines = 0; lines <= 1; lines++) {
        struct event_stream stream;
        enum event_stream_result result = EVENT_STREAM_OK;
        size_t fed = 0;

        memset(piece, 'x', PIECE);
        for (size_t i = 0; i < PREFIX; i++)
            piece[i] = "data: "[i];
        if (lines)
            piece[PIECE - 1] = '\n';
        event_stream_init(&stream, count_event, &length);
        for (int events = 0; events < 2; events++) {
            for (size_t i = 0; i < EVENT_STREAM_MAX_EVENT / PIECE - 1; i++)
                assert_int_equal(event_stream_feed(&stream, piece, PIECE),
                                 EVENT_STREAM_OK);
            assert_int_equal(event_stream_feed(&stream, "\n\n", 2),
                             EVENT_STREAM_OK);
            assert_true(length > (size_t)EVENT_STREAM_MAX_EVENT / 10 * 9);
        }
        while (result == EVENT_STREAM_OK && fed <= EVENT_STREAM_MAX_EVENT) {
            result = event_stream_feed(&stream, piece, PIECE);
            fed += PIECE;
        }
        assert_int_equal(result, EVENT_STREAM_TOO_LARGE);
        event_stream_restart(&stream);
        assert_int_equal(event_stream_feed(&stream, "data: y\n\n", 9),
                         EVENT_STREAM_OK);
        assert_int_equal(length, 1);
        event_stream_release(&stream);
    }
    free(piece);
}

static void an_id_is_earlier_only_than_one_of_its_history(void **state)
{
    static const struct {
        const char *id, *other;
        bool earlier;
    } ROWS[] = {
        {"s-9", "s-10", true},       {"s-0", "s-1", true},
        {"s-0009", "s-10", true},    {"s-10", "s-9", false},
        {"s-9", "s-9", false},       {"s-09", "s-9", false},
        {"s-9", "t-10", false},      {"s-9", "st-10", false},
        {"s-t-9", "s-t-10", true},   {"s-t-9", "s-u-10", false},
        {"s-9", "", false},          {"", "s-9", false},
        {"s-9-gzip", "s-10", false}, {"s-9", "s-", false},
        {"s-9", "10", false},        {"s-9", "s-9223372036854775807", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        if (event_stream_is_earlier(ROWS[i].id, ROWS[i].other) !=
            ROWS[i].earlier)
            fail_msg("%s before %s", ROWS[i].id, ROWS[i].other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_read_as_the_standard_says),
        cmocka_unit_test(retry_is_decimal_digits),
        cmocka_unit_test(a_restart_keeps_the_id_and_nothing_else),
        cmocka_unit_test(the_size_of_an_event_is_limited),
        cmocka_unit_test(an_id_is_earlier_only_than_one_of_its_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
