/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URLs that `rockets watch` makes of the one that it is given.
 */
#include "lib/unit_check.h"

#include "watch_url.h"

static void the_base_is_found_in_any_url_of_the_service(void **state)
{
    static const struct {
        const char *url, *base;
    } ROWS[] = {
        {"http://h:8088", "http://h:8088"},
        {"http://h:8088/", "http://h:8088"},
        {"http://h:8088/messages", "http://h:8088"},
        {"http://h:8088/messages/", "http://h:8088"},
        {"http://h/rockets", "http://h"},
        {"http://h/events", "http://h"},
        {"https://h/fleet/messages", "https://h/fleet"},
        {"https://h/fleet/", "https://h/fleet"},
        {"https://h/messages/api", "https://h/messages/api"},
        {"https://h/mymessages", "https://h/mymessages"},
        {"https://h//messages", "https://h//messages"},
        {"http://messages", "http://messages"},
        {"http://events/", "http://events"},
        {"http://events/events", "http://events"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        size_t length = watch_url_base(ROWS[i].url);

        if (length != strlen(ROWS[i].base) ||
            strncmp(ROWS[i].url, ROWS[i].base, length) != 0)
            fail_msg("%s: %.*s", ROWS[i].url, (int)length, ROWS[i].url);
    }
}

static void parameters_are_encoded(void **state)
{
    static const char *const IDS[] = {"moon-1", "a/b&c=d e", "\u00fc%", "+#?"};
    struct watch_url_stream stream = {.events = "rockets,summary",
                                      .interval_ms = 500,
                                      .ids = IDS,
                                      .id_count = COUNT(IDS)};
    struct bytes out = {0};

    (void)state;
    watch_url_stream(&out, "http://h/messages", &stream);
    assert_string_equal(out.data,
                        "http://h/events?events=rockets,summary&interval=500"
                        "&id=moon-1&id=a%2Fb%26c%3Dd%20e&id=%C3%BC%25"
                        "&id=%2B%23%3F");
    stream = (struct watch_url_stream){.events = "summary"};
    bytes_clear(&out);
    watch_url_stream(&out, "http://h", &stream);
    assert_string_equal(out.data, "http://h/events?events=summary");
    bytes_clear(&out);
    watch_url_list(&out, "http://h/", "speed", "desc", 14);
    assert_string_equal(out.data,
                        "http://h/rockets?sort=speed&order=desc&limit=14");
    bytes_clear(&out);
    watch_url_rocket(&out, "http://h/p/messages", "a/b");
    assert_string_equal(out.data, "http://h/p/rockets/a%2Fb");
    bytes_release(&out);
}

static void a_stream_without_rows_has_an_event(void **state)
{
    static const struct {
        const char *events, *others;
    } ROWS[] = {
        {"rockets", "launched"},
        {"rockets,summary", "summary"},
        {"launched,rockets", "launched"},
        {"launched,rockets,summary", "launched,summary"},
        {"launched,exploded", "launched,exploded"},
    };
    struct bytes out = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct watch_url_stream stream = {.events = ROWS[i].events,
                                          .no_rockets = true};
        bytes_clear(&out);
        watch_url_stream(&out, "http://h", &stream);
        assert_string_equal(out.data + strlen("http://h/events?events="),
                            ROWS[i].others);
    }
    bytes_release(&out);
}

/* The rows of such rockets are brought up to date by the list alone. */
static void ids_that_do_not_fit_are_left_out(void **state)
{
    enum { IDS = 100, LENGTH = 128 };
    static char id[LENGTH + 1];
    const char *ids[IDS];
    struct watch_url_stream stream = {
        .events = "rockets", .ids = ids, .id_count = IDS};
    struct bytes out = {0};
    size_t count = 0;

    (void)state;
    memset(id, '/', LENGTH);
    for (size_t i = 0; i < IDS; i++)
        ids[i] = id;
    watch_url_stream(&out, "http://h", &stream);
    assert_in_range(strlen(out.data), WATCH_URL_MAX_QUERY - 4 - 3 * LENGTH,
                    WATCH_URL_MAX_QUERY + strlen("http://h"));
    for (const char *at = out.data; (at = strstr(at, "&id=")) != NULL; count++)
        assert_int_equal(strcspn(at += 4, "&"), 3 * LENGTH);
    assert_in_range(count, 10, IDS - 1);
    bytes_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_is_found_in_any_url_of_the_service),
        cmocka_unit_test(parameters_are_encoded),
        cmocka_unit_test(a_stream_without_rows_has_an_event),
        cmocka_unit_test(ids_that_do_not_fit_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
