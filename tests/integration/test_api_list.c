/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets: order, filters and pages over six rockets. Their ids are single
 * letters, so that a list is a short word.
 */
#include "lib/harness.h"

#include <stdio.h>

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
static void append_ids(const struct response *response, char ids[MAX_ROCKETS])
{
    static const char member[] = "{\"id\":\"";
    size_t length = strlen(ids);

    for (const char *rocket = strstr(response->body, member); rocket != NULL;
         rocket = strstr(rocket + 1, member)) {
        assert_in_range(length, 0, MAX_ROCKETS - 2);
        ids[length++] = rocket[strlen(member)];
    }
    ids[length] = '\0';
    cJSON_Delete(response_json(response));
}

/*
 * Read one page, and append its ids. Return whether there is another, and set
 * `next` to its target: the reference in Link is relative to that of this page.
 */
static bool read_page(const struct instance *instance, const char *target,
                      const char *total, char ids[MAX_ROCKETS],
                      char next[MAX_TARGET])
{
    struct response response;

    instance_get(instance, target, &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_header(&response, "X-Total-Count", total);
    append_ids(&response, ids);
    const char *link = response_header(&response, "Link");
    bool more = link != NULL;
    if (more) {
        assert_memory_equal(link, "<?", 2);
        size_t length = strcspn(link, ">");
        assert_string_equal(link + length, ">; rel=\"next\"");
        snprintf(next, MAX_TARGET, "/rockets%.*s", (int)length - 1, link + 1);
    }
    response_release(&response);
    return more;
}

/*
 * Expect these rockets, in all pages together, from `target` on. `per_page`:
 * rockets of a page, if there is another.
 */
static void expect_pages(const struct instance *instance, const char *target,
                         const char *order, size_t per_page)
{
    char total[32], next[MAX_TARGET];
    char ids[MAX_ROCKETS] = "";
    size_t pages = 1;

    snprintf(next, sizeof(next), "%s", target);
    snprintf(total, sizeof(total), "%zu", strlen(order));
    while (read_page(instance, next, total, ids, next))
        assert_int_equal(strlen(ids), per_page * pages++);
    if (strcmp(ids, order) != 0)
        fail_msg("%s: expected %s, got %s", target, order, ids);
}

/*
 * The error for an unknown sort field lists them all; `sorted` must have each
 * of them, in this order.
 */
static void every_sort_field_is_tested(void **state)
{
    char all[512] = "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
                    "\"status\":400,\"detail\":\"sort must be one of";

    for (size_t i = 0; strncmp(sorted[i].query, "sort=", 5) == 0; i += 2) {
        const char *field = sorted[i].query + strlen("sort=");
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s %.*s",
                 i == 0 ? "" : ",", (int)strcspn(field, "&"), field);
    }
    snprintf(all + strlen(all), sizeof(all) - strlen(all),
             "\",\"requestId\":\"7\"}");
    EXCHANGE(*state,
             .target = "/rockets?sort=", .fields = "X-Request-Id: 7\r\n",
             .status = 400, .exact = all);
}

static void pages_together_are_the_sorted_list(void **state)
{
    expect_pages(*state, "/rockets", "abcdef", 0);
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        for (size_t limit = 1; limit <= 7; limit++) {
            char target[128];

            snprintf(target, sizeof(target), "/rockets?%s&limit=%zu",
                     sorted[i].query, limit);
            expect_pages(*state, target, sorted[i].order, limit);
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
        const char *target, *order;
        size_t per_page;
    } cases[] = {
        {"/rockets?status=active", "abdef", 0},
        {"/rockets?status=exploded", "c", 0},
        {"/rockets?mission=APOLLO", "ce", 0},
        {"/rockets?mission=APOLLO&limit=1", "ce", 1},
        {"/rockets?mission=apollo", "", 0},
        {"/rockets?mission=APOLL", "", 0},
        {"/rockets?type=atlas", "e", 0},
        {"/rockets?type=Atlas+%26%20Co&limit=1", "b", 1},
        {"/rockets?mission=APOLLO&status=active", "e", 0},
        {"/rockets?mission=GEMINI&sort=speed&order=desc", "ba", 0},
        {"/rockets?status=active&sort=speed&order=desc&limit=2", "fbdae", 2},
        {"/rockets?launched=true", "abce", 0},
        {"/rockets?launched=false&sort=speed&order=desc&limit=1", "fd", 1},
        {"/rockets?launched=true&status=active&mission=APOLLO", "e", 0},
        {"/rockets?incomplete=true", "df", 0},
        {"/rockets?incomplete=false&sort=speed&order=desc&limit=2", "bace", 2},
        {"/rockets?incomplete=true&launched=true", "", 0},
        {"/rockets?incomplete=true&mission=ZZ", "f", 0},
        {"/rockets?idPrefix=a", "a", 0},
        {"/rockets?idPrefix=%65", "e", 0},
        {"/rockets?idPrefix=A", "", 0},
        {"/rockets?idPrefix=ab", "", 0},
        {"/rockets?idPrefix=c&launched=false", "", 0},
        /* Parameters that begin with "_" are ignored. */
        {"/rockets?_=1&status=exploded&_=2&_order=desc", "c", 0},
        {"/rockets?&&order=desc&", "fedcba", 0},
        {"/rockets?limit=10000", "abcdef", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_pages(*state, cases[i].target, cases[i].order,
                     cases[i].per_page);
}

/* The unit tests of list_url.c have the other invalid values. */
static void invalid_parameter_is_refused(void **state)
{
#define REFUSED(query, detail)                                                 \
    {                                                                          \
        .target = "/rockets?" query, .status = 400, .part = (detail)           \
    }
    static const struct exchange rows[] = {
        REFUSED("order=up", "desc"),
        REFUSED("staus=exploded",
                "unknown parameter staus: did you mean status?"),
        REFUSED("Sort=speed", "unknown parameter Sort: did you mean sort?"),
        REFUSED("status=Active", "exploded"),
        REFUSED("launched=yes", "false"),
        REFUSED("incomplete=yes", "false"),
        REFUSED("idPrefix=%0A", "128 bytes"),
        REFUSED("limit=10001", "10000"),
        REFUSED("limit=18446744073709551617", "limit"),
        REFUSED("sor%74=id&sort=id", "sort"),
        REFUSED("type=%", "%"),
        REFUSED("type=%2", "%"),
        REFUSED("unknown=%g0", "%"),
        REFUSED("cursor=", "cursor"),
        REFUSED("cursor=%ff%fe%fd", "cursor"),
        REFUSED("cursor=bm90IGEgY3Vyc29y", "cursor"),
        REFUSED("cursor=====", "cursor"),
    };

    EXCHANGES_RUN(*state, rows);
}

static void cursor_belongs_to_its_query(void **state)
{
    static const char *const others[] = {
        "status=active",
        "sort=speed&order=desc&status=active",
        "sort=speed",
        "sort=speed&status=exploded",
        "sort=speed&status=active&mission=APOLLO",
    };
    char target[2 * MAX_TARGET], next[MAX_TARGET], end[MAX_TARGET];
    char ids[MAX_ROCKETS] = "";

    assert_true(read_page(*state, "/rockets?sort=speed&status=active&limit=1",
                          "5", ids, next));
    const char *cursor = strstr(next, "cursor=");
    assert_non_null(cursor);
    int length = (int)strcspn(cursor, "&");
    /* Without a limit, the rest of the list is returned. */
    snprintf(target, sizeof(target), "/rockets?sort=speed&status=active&%.*s",
             length, cursor);
    assert_false(read_page(*state, target, "5", ids, end));
    assert_string_equal(ids, "aedbf");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(target, sizeof(target), "/rockets?%s&%.*s", others[i], length,
                 cursor);
        EXCHANGE(*state, .target = target, .status = 400, .part = "cursor");
    }
    /* Every prefix but "cursor=" itself, which is tested above. */
    while (--length > 7) {
        snprintf(target, sizeof(target), "/rockets?%.*s", length, cursor);
        EXCHANGE(*state, .target = target, .status = 400, .part = "cursor");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sort_field_is_tested),
        cmocka_unit_test(pages_together_are_the_sorted_list),
        cmocka_unit_test(list_and_single_read_show_the_same_rocket),
        cmocka_unit_test(filters_match_exactly),
        cmocka_unit_test(invalid_parameter_is_refused),
        cmocka_unit_test(cursor_belongs_to_its_query),
    };
    return cmocka_run_group_tests(tests, setup, instance_teardown);
}
