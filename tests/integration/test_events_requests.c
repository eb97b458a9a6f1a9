/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /events, what is refused, and what browsers are told.
 */
#include "events_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "0123456789abcdef-42"
#define TYPE "text/event-stream"

/* test_events_query.c has all of them. */
static void wrong_parameters_are_refused(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/events?event=rockets",
         .status = 400,
         .part = "unknown parameter event: did you mean events?"},
        {.target = "/events?ids=a",
         .status = 400,
         .part = "unknown parameter ids: did you mean id?"},
        {.target = "/events?events=rockets,all",
         .status = 400,
         .part = "events must be a list, separated by commas, of rockets, "
                 "launched, exploded and summary"},
        {.target = "/events?interval=250",
         .status = 400,
         .part = "interval must be an integer from 100 to 10000, in steps of "
                 "100 (milliseconds)"},
        {.target = "/events?id=a&id=",
         .status = 400,
         .part = "id must be 1 to 128 bytes"},
        {.target = "/events?id=a&events=launched",
         .status = 400,
         .part = "id chooses the rockets of the event rockets"},
        {.target = "/events?last_event_id=x",
         .status = 400,
         .part = "last_event_id must be the id of an event or an ETag"},
        /* Although the header would win. */
        {.target = "/events?last_event_id=x",
         .fields = "Last-Event-ID: " ID "\r\n",
         .status = 400,
         .part = "last_event_id"},
        {.target = "/events?id=%zz", .status = 400, .part = "%"},
        {.target = "/events/", .status = 404, .part = "nothing at this path"},
        {"HEAD", "/events?interval=1", .status = 400},
    };
    const struct events_scene *scene = *state;

    EXCHANGES_RUN(&scene->instance, rows);
}

static void more_ids_than_allowed_are_refused(void **state)
{
    const struct events_scene *scene = *state;
    char target[1024] = "/events?";
    struct event_stream stream;

    for (unsigned i = 0; i < 100; i++) {
        size_t length = strlen(target);
        snprintf(target + length, sizeof(target) - length, "id=%u&", i);
    }
    events_follow(&scene->instance, &stream, target, "");
    events_close(&stream);
    size_t length = strlen(target);
    snprintf(target + length, sizeof(target) - length, "id=100");
    EXCHANGE(&scene->instance, .target = target, .status = 400,
             .part = "at most 100 different ids");
}

static void only_get_and_head_are_there(void **state)
{
    static const struct exchange rows[] = {
        {"POST", "/events", .body = "", .status = 405, .header = "Allow",
         .value = "GET, HEAD, OPTIONS", .part = "GET, HEAD, OPTIONS"},
        {"DELETE", "/events", .status = 405, .header = "Allow",
         .value = "GET, HEAD, OPTIONS", .part = "GET, HEAD, OPTIONS"},
        {"OPTIONS", "/events", .status = 204, .header = "Allow",
         .value = "GET, HEAD, OPTIONS"},
    };
    const struct events_scene *scene = *state;

    EXCHANGES_RUN(&scene->instance, rows);
}

/* It is no reader: a stream that nobody reads would hold a place. */
static void head_has_the_fields_alone(void **state)
{
    static const struct exchange rows[] = {
        {"HEAD", "/events", .status = 200, .header = "Content-Type",
         .value = TYPE, .closes = true},
        {"HEAD", "/events", .status = 200, .header = "Cache-Control",
         .value = "no-cache, no-transform", .closes = true},
        {"HEAD", "/events", .status = 200, .header = "X-Accel-Buffering",
         .value = "no", .closes = true},
        {"HEAD", "/events", .status = 200, .header = "Content-Length",
         .closes = true},
    };
    const struct events_scene *scene = *state;

    scrape_wait_for(&scene->instance, "lunar_event_streams", 0);
    EXCHANGES_RUN(&scene->instance, rows);
    scrape_wait_for(&scene->instance, "lunar_event_streams", 0);
}

static void pages_of_other_sites_get_none(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/events",
         .fields = "Sec-Fetch-Site: cross-site\r\n",
         .status = 403,
         .part = "a page of another site may not follow events"},
        {.target = "/events",
         .fields = "Origin: http://elsewhere.example\r\n",
         .status = 403,
         .part = "-allow-origin=URL allows its origin"},
    };
    const struct events_scene *scene = *state;
    struct event_stream stream;

    EXCHANGES_RUN(&scene->instance, rows);
    events_follow(&scene->instance, &stream, "/events",
                  "Origin: http://localhost\r\n"
                  "Sec-Fetch-Site: same-origin\r\n");
    response_expect_header(&stream.head, "Access-Control-Allow-Origin", NULL);
    events_close(&stream);
}

static void pages_that_are_allowed_may_follow(void **state)
{
    static const char page[] = "Origin: http://page.example\r\n"
                               "Sec-Fetch-Site: cross-site\r\n";
    struct instance instance;
    struct event_stream stream;

    (void)state;
    instance_start(&instance,
                   INSTANCE_FLAGS("-allow-origin=http://page.example"));
    events_follow(&instance, &stream, "/events", page);
    response_expect_header(&stream.head, "Access-Control-Allow-Origin",
                           "http://page.example");
    response_expect_header(&stream.head, "Vary", "Origin");
    events_close(&stream);
    EXCHANGE(&instance, .target = "/events?interval=1", .fields = page,
             .status = 400, .header = "Access-Control-Allow-Origin",
             .value = "http://page.example", .part = "interval");
    EXCHANGE(
        &instance, .method = "OPTIONS", .target = "/events",
        .fields = "Origin: http://page.example\r\n"
                  "Access-Control-Request-Method: GET\r\n"
                  "Access-Control-Request-Headers: Last-Event-ID\r\n",
        .status = 204, .header = "Access-Control-Allow-Headers",
        .value =
            "Authorization, Content-Encoding, Content-Type, If-None-Match, "
            "Last-Event-ID, Lunar-After, X-Request-Id");
    EXCHANGE(&instance, .target = "/events",
             .fields = "Origin: http://other.example\r\n", .status = 403,
             .part = "another site");
    instance_stop(&instance);
}

/* A quarter of the connections may be streams; other requests go on. */
static void places_are_limited(void **state)
{
    static const struct exchange refused = {
        .target = "/events",
        .status = 503,
        .header = "Retry-After",
        .value = "5",
        .part = "as many streams of events",
    };
    const struct events_scene *scene = *state;
    struct event_stream streams[4];
    struct instance instance;

    instance_start(&instance,
                   INSTANCE_FLAGS(scene->threads, "-max-connections=16"));
    for (size_t i = 0; i < 4; i++)
        events_follow(&instance, &streams[i], "/events", "");
    exchanges_run(&instance, &refused, 1);
    EXCHANGE(&instance, .target = "/rockets", .status = 200);
    EXCHANGE(&instance, .method = "HEAD", .target = "/events", .status = 200,
             .closes = true);
    assert_true(scrape_value(&instance, "lunar_event_streams") == 4);
    /* The place is free again once the service has seen that it has gone. */
    events_close(&streams[1]);
    scrape_wait_for(&instance, "lunar_event_streams", 3);
    events_follow(&instance, &streams[1], "/events?events=summary", "");
    exchanges_run(&instance, &refused, 1);
    for (size_t i = 0; i < 4; i++)
        events_close(&streams[i]);
    instance_stop(&instance);
}

static void streams_are_counted_as_requests_of_their_own(void **state)
{
    static const char ended[] =
        "lunar_http_requests_total{route=\"events\",code=\"200\"}";
    const struct events_scene *scene = *state;
    struct event_stream stream;

    scrape_wait_for(&scene->instance, "lunar_event_streams", 0);
    double before = scrape_value(&scene->instance, ended);
    events_follow(&scene->instance, &stream, "/events?events=rockets", "");
    events_close(&stream);
    scrape_wait_for(&scene->instance, ended, before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_parameters_are_refused),
        cmocka_unit_test(more_ids_than_allowed_are_refused),
        cmocka_unit_test(only_get_and_head_are_there),
        cmocka_unit_test(head_has_the_fields_alone),
        cmocka_unit_test(pages_of_other_sites_get_none),
        cmocka_unit_test(pages_that_are_allowed_may_follow),
        cmocka_unit_test(places_are_limited),
        cmocka_unit_test(streams_are_counted_as_requests_of_their_own),
    };
    return cmocka_run_group_tests_name("event loops", tests,
                                       events_set_up_loops, events_tear_down) +
           cmocka_run_group_tests_name("threads", tests, events_set_up_threads,
                                       events_tear_down);
}
