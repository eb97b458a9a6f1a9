/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets: order, filters and pages over six rockets. Their ids are single
 * letters, so that a list is a short word.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ROCKETS = 16, MAX_TARGET = 2048 };

#define MESSAGE(channel, number, time, type, payload)                          \
    "{\"metadata\":{\"channel\":\"" channel "\",\"messageNumber\":" number     \
    ",\"messageTime\":\"2022-02-02T" time "\",\"messageType\":\"Rocket" type   \
    "\"},\"message\":{" payload "}}"
#define LAUNCHED(type, speed, mission)                                         \
    "\"type\":\"" type "\",\"launchSpeed\":" speed ",\"mission\":\"" mission   \
    "\""

/* d and f have no RocketLaunched. */
static const char *const messages[] = {
    MESSAGE("f", "3", "07:59:00Z", "SpeedIncreased", "\"by\":100000"),
    MESSAGE("f", "4", "08:00:00Z", "MissionChanged", "\"newMission\":\"ZZ\""),
    MESSAGE("a", "1", "12:00:00Z", "Launched",
            LAUNCHED("Titan", "500", "GEMINI")),
    MESSAGE("c", "1", "11:00:00Z", "Launched",
            LAUNCHED("Thor", "500", "APOLLO")),
    MESSAGE("c", "2", "11:01:00Z", "Exploded", "\"reason\":\"UNKNOWN\""),
    MESSAGE("d", "5", "15:00:00Z", "SpeedIncreased", "\"by\":700"),
    MESSAGE("b", "1", "11:00:00+01:00", "Launched",
            LAUNCHED("Atlas & Co", "2000", "GEMINI")),
    MESSAGE("b", "2", "12:30:00Z", "SpeedIncreased", "\"by\":500"),
    MESSAGE("e", "1", "09:30:00-02:00", "Launched",
            LAUNCHED("atlas", "500", "APOLLO")),
};

static const struct {
    const char *query, *order;
} sorted[] = {
    {"sort=id", "abcdef"},
    {"sort=id&order=desc", "fedcba"},
    {"sort=type&order=asc", "bcaedf"},
    {"sort=type&order=desc", "eacbdf"},
    {"sort=speed", "acedbf"},
    {"sort=speed&order=desc", "fbdace"},
    {"sort=mission", "ceabfd"},
    {"sort=mission&order=desc", "fabced"},
    {"sort=status", "abdefc"},
    {"sort=status&order=desc", "cabdef"},
    {"sort=createdAt", "bceadf"},
    {"sort=createdAt&order=desc", "aecbdf"},
    {"sort=updatedAt", "fceabd"},
    {"sort=updatedAt&order=desc", "dbaecf"},
    {"sort=lastMessageNumber", "aebcfd"},
    {"sort=lastMessageNumber&order=desc", "dfbcae"},
    {"", "abcdef"},
    {"order=desc", "fedcba"},
};

static void post_messages(const struct instance *instance)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        EXCHANGE(instance, .body = messages[i], .status = 202);
}

static int setup(void **state)
{
    int result = instance_setup(state);

    post_messages(*state);
    return result;
}

/* Append the ids of a list of rockets to the string `ids`. */
static void append_ids(const struct response *response, char *ids)
{
    cJSON *json = response_json(response);
    const cJSON *rocket = NULL;
    size_t length = strlen(ids);

    assert_true(cJSON_IsArray(json));
    cJSON_ArrayForEach(rocket, json)
    {
        assert_in_range(length, 0, MAX_ROCKETS - 2);
        ids[length++] =
            cJSON_GetObjectItemCaseSensitive(rocket, "id")->valuestring[0];
    }
    ids[length] = '\0';
    cJSON_Delete(json);
}

/* Copy the target of the next page from Link. Return false on the last page. */
static bool next_page(const struct response *response, char *target)
{
    const char *link = response_header(response, "Link");

    if (link == NULL)
        return false;
    assert_memory_equal(link, "</rockets?", 10);
    size_t length = strcspn(link, ">");
    assert_string_equal(link + length, ">; rel=\"next\"");
    assert_in_range(length, 1, MAX_TARGET);
    memcpy(target, link + 1, length - 1);
    target[length - 1] = '\0';
    return true;
}

/* Read one page. Returns whether there is another, whose target is `next`. */
static bool read_page(const struct instance *instance, const char *target,
                      const char *total, char *ids, char *next)
{
    struct response response;

    instance_get(instance, target, &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_header(&response, "X-Total-Count", total);
    append_ids(&response, ids);
    bool more = next_page(&response, next);
    response_release(&response);
    return more;
}

/*
 * Expect these rockets, in all pages together: those that follow the links from
 * `query` on. `per_page`: rockets of a page, if there is another.
 */
static void expect_pages(const struct instance *instance, const char *query,
                         const char *order, size_t per_page)
{
    char target[MAX_TARGET], total[32];
    char ids[MAX_ROCKETS] = "";
    size_t pages = 1;

    snprintf(target, sizeof(target), "/rockets?%s", query);
    snprintf(total, sizeof(total), "%zu", strlen(order));
    while (read_page(instance, target, total, ids, target))
        assert_int_equal(strlen(ids), per_page * pages++);
    if (strcmp(ids, order) != 0)
        fail_msg("%s: expected %s, got %s", query, order, ids);
}

static void expect_refused(const struct instance *instance, const char *query,
                           const char *detail)
{
    char target[2 * MAX_TARGET];

    snprintf(target, sizeof(target), "/rockets?%s", query);
    EXCHANGE(instance, .target = target, .status = 400, .part = detail);
}

/*
 * The error for an unknown sort field lists them all; `sorted` must have each
 * of them, in this order.
 */
static void every_sort_field_is_tested(void **state)
{
    char expected[512] = "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
                         "\"status\":400,\"detail\":\"sort must be one of";

    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i += 2) {
        size_t end = strlen(expected);
        const char *name = sorted[i].query + strlen("sort=");
        if (strncmp(sorted[i].query, "sort=", 5) == 0)
            snprintf(expected + end, sizeof(expected) - end, "%s %.*s",
                     i == 0 ? "" : ",", (int)strcspn(name, "&"), name);
    }
    size_t length = strlen(expected);
    snprintf(expected + length, sizeof(expected) - length, "\"}");
    EXCHANGE(*state, .target = "/rockets?sort=", .status = 400,
             .exact = expected);
}

static void pages_together_are_the_sorted_list(void **state)
{
    expect_pages(*state, "", "abcdef", 0);
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        for (size_t limit = 1; limit <= 7; limit++) {
            char query[128];

            snprintf(query, sizeof(query), "%s&limit=%zu", sorted[i].query,
                     limit);
            expect_pages(*state, query, sorted[i].order, limit);
        }
    }
}

static void list_and_single_read_show_the_same_rocket(void **state)
{
    struct response rocket;
    char expected[1024];

    instance_get(*state, "/rockets/c", &rocket);
    snprintf(expected, sizeof(expected), "[%s]", rocket.body);
    response_release(&rocket);
    EXCHANGE(*state, .target = "/rockets?type=Thor", .status = 200,
             .exact = expected);
    EXCHANGE(*state, .target = "/rockets?type=thor", .status = 200,
             .exact = "[]");
}

static void filters_match_exactly(void **state)
{
    static const struct {
        const char *query, *order;
        size_t per_page;
    } cases[] = {
        {"status=active", "abdef", 0},
        {"status=exploded", "c", 0},
        {"mission=APOLLO", "ce", 0},
        {"mission=APOLLO&limit=1", "ce", 1},
        {"mission=apollo", "", 0},
        {"mission=APOLL", "", 0},
        {"type=atlas", "e", 0},
        {"type=Atlas+%26%20Co&limit=1", "b", 1},
        {"mission=APOLLO&status=active", "e", 0},
        {"mission=GEMINI&sort=speed&order=desc", "ba", 0},
        {"status=active&sort=speed&order=desc&limit=2", "fbdae", 2},
        /* Unknown parameters are ignored. */
        {"colour=red&colour=blue", "abcdef", 0},
        {"Sort=speed&ORDER=desc", "abcdef", 0},
        {"&&order=desc&", "fedcba", 0},
        {"limit=10000", "abcdef", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_pages(*state, cases[i].query, cases[i].order, cases[i].per_page);
}

/* Copy to `cursor` the parameter cursor=... of the page after `query`. */
static void cursor_after(const struct instance *instance, const char *query,
                         char cursor[MAX_TARGET])
{
    char target[MAX_TARGET], next[MAX_TARGET];
    struct response response;

    snprintf(target, sizeof(target), "/rockets?%s", query);
    instance_get(instance, target, &response);
    assert_true(next_page(&response, next));
    response_release(&response);
    const char *start = strstr(next, "cursor=");
    assert_non_null(start);
    snprintf(cursor, MAX_TARGET, "%.*s", (int)strcspn(start, "&"), start);
}

static void cursor_without_limit_returns_the_rest(void **state)
{
    char cursor[MAX_TARGET], target[MAX_TARGET + 32], next[MAX_TARGET];
    char ids[MAX_ROCKETS] = "";

    cursor_after(*state, "sort=speed&limit=2", cursor);
    snprintf(target, sizeof(target), "/rockets?sort=speed&%s", cursor);
    assert_false(read_page(*state, target, "6", ids, next));
    assert_string_equal(ids, "edbf");
}

static void cursor_with_another_query_is_refused(void **state)
{
    static const char *const others[] = {
        "sort=id&limit=2&status=active",
        "limit=2&status=active",
        "sort=speed&order=desc&limit=2&status=active",
        "sort=speed&limit=2",
        "sort=speed&limit=2&status=exploded",
        "sort=speed&limit=2&status=active&mission=APOLLO",
    };
    char cursor[MAX_TARGET];

    cursor_after(*state, "sort=speed&limit=2&status=active", cursor);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char query[MAX_TARGET + 128];
        snprintf(query, sizeof(query), "%s&%s", others[i], cursor);
        expect_refused(*state, query, "cursor");
    }
}

/* The unit tests of list_url.c have the other invalid values. */
static void invalid_parameter_is_refused(void **state)
{
    static const struct {
        const char *query, *detail;
    } cases[] = {
        {"order=up", "desc"},
        {"status=Active", "exploded"},
        {"limit=10001", "10000"},
        {"limit=18446744073709551617", "limit"},
        {"sor%74=id&sort=id", "sort"},
        {"type=%", "%"},
        {"type=%2", "%"},
        {"unknown=%g0", "%"},
        {"cursor=", "cursor"},
        {"cursor=%ff%fe%fd", "cursor"},
        {"cursor=bm90IGEgY3Vyc29y", "cursor"},
        {"cursor=====", "cursor"},
    };
    char cursor[MAX_TARGET];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refused(*state, cases[i].query, cases[i].detail);
    cursor_after(*state, "limit=2", cursor);
    /* Every prefix but "cursor=" itself, which is in the table above. */
    for (size_t length = strlen(cursor) - 1; length > 7; length--) {
        cursor[length] = '\0';
        expect_refused(*state, cursor, "cursor");
    }
}

static void set_speed(const struct instance *instance, const char *id,
                      uint64_t number, long speed)
{
    EXCHANGE(instance,
             .body = fleet_launched(id, number, "Falcon-9", speed, "M").body,
             .status = 202);
}

static void unchanged_rocket_is_listed_once_while_others_move(void **state)
{
    struct instance instance;
    char target[MAX_TARGET] = "/rockets?sort=speed&limit=1";
    char ids[MAX_ROCKETS] = "";
    bool more = true;

    (void)state;
    instance_start(&instance, NULL);
    post_messages(&instance);
    for (uint64_t number = 10; more; number++) {
        struct response response;

        instance_get(&instance, target, &response);
        append_ids(&response, ids);
        more = next_page(&response, target);
        response_release(&response);
        /*
         * b moves to either end of the order, and new rockets appear at its
         * start.
         */
        char new_id[2] = {(char)('p' + number % 8), '\0'};
        set_speed(&instance, "b", number, number % 2 == 0 ? 1 : 600);
        set_speed(&instance, new_id, number, 2);
    }
    instance_stop(&instance);
    for (const char *id = "adcef"; *id != '\0'; id++) {
        const char *first = strchr(ids, *id);
        assert_non_null(first);
        assert_null(strchr(first + 1, *id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sort_field_is_tested),
        cmocka_unit_test(pages_together_are_the_sorted_list),
        cmocka_unit_test(list_and_single_read_show_the_same_rocket),
        cmocka_unit_test(filters_match_exactly),
        cmocka_unit_test(cursor_without_limit_returns_the_rest),
        cmocka_unit_test(cursor_with_another_query_is_refused),
        cmocka_unit_test(invalid_parameter_is_refused),
        cmocka_unit_test(unchanged_rocket_is_listed_once_while_others_move),
    };
    return cmocka_run_group_tests(tests, setup, instance_teardown);
}
