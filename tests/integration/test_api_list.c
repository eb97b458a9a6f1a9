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
    struct connection connection;

    instance_connect(instance, &connection);
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        assert_true(connection_post(&connection, messages[i]));
        connection_expect_status(&connection, 202);
    }
    connection_close(&connection);
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

static void get_list(struct connection *connection, const char *target,
                     struct response *response)
{
    connection_get(connection, target);
    connection_expect(connection, response);
    response_expect_status(response, 200);
    response_expect_header(response, "Content-Type", "application/json");
}

static void expect_list(const struct instance *instance, const char *query,
                        const char *order)
{
    struct connection connection;
    struct response response;
    char target[MAX_TARGET];
    char ids[MAX_ROCKETS] = "";

    instance_connect(instance, &connection);
    snprintf(target, sizeof(target), "/rockets?%s", query);
    get_list(&connection, target, &response);
    append_ids(&response, ids);
    if (strcmp(ids, order) != 0)
        print_error("%s\n", query);
    assert_string_equal(ids, order);
    response_release(&response);
    connection_close(&connection);
}

static void expect_refused(const struct instance *instance, const char *query,
                           const char *detail)
{
    struct response response;
    char target[2 * MAX_TARGET];

    snprintf(target, sizeof(target), "/rockets?%s", query);
    instance_get(instance, target, &response);
    if (response.status != 400)
        print_error("%s\n", query);
    response_expect_problem(&response, 400, detail);
    response_release(&response);
}

/*
 * The error for an unknown sort field lists them all; `sorted` must have each
 * of them, in this order.
 */
static void every_sort_field_is_tested(void **state)
{
    char expected[256] = "sort must be one of";
    struct response response;

    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i += 2) {
        size_t length = strlen(expected);
        const char *name = sorted[i].query + strlen("sort=");
        if (strncmp(sorted[i].query, "sort=", 5) == 0)
            snprintf(expected + length, sizeof(expected) - length, "%s %.*s",
                     i == 0 ? "" : ",", (int)strcspn(name, "&"), name);
    }
    instance_get(*state, "/rockets?sort=", &response);
    cJSON *problem = response_json(&response);
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(problem, "detail");
    assert_true(cJSON_IsString(detail));
    assert_string_equal(detail->valuestring, expected);
    cJSON_Delete(problem);
    response_release(&response);
}

static void list_is_sorted_by_each_field_in_both_orders(void **state)
{
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
        expect_list(*state, sorted[i].query, sorted[i].order);
}

static void list_without_a_query_has_all_rockets_by_id(void **state)
{
    struct response response;
    char ids[MAX_ROCKETS] = "";

    instance_get(*state, "/rockets", &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "X-Total-Count", "6");
    response_expect_header(&response, "Link", NULL);
    append_ids(&response, ids);
    assert_string_equal(ids, "abcdef");
    response_release(&response);
}

static void list_and_single_read_show_the_same_rocket(void **state)
{
    struct response list;
    struct response rocket;
    char expected[1024];

    instance_get(*state, "/rockets?type=Thor", &list);
    instance_get(*state, "/rockets/c", &rocket);
    snprintf(expected, sizeof(expected), "[%s]", rocket.body);
    response_expect_body(&list, expected);
    response_release(&list);
    response_release(&rocket);
}

static void filters_match_exactly(void **state)
{
    expect_list(*state, "status=active", "abdef");
    expect_list(*state, "status=exploded", "c");
    expect_list(*state, "mission=APOLLO", "ce");
    expect_list(*state, "mission=apollo", "");
    expect_list(*state, "mission=APOLL", "");
    expect_list(*state, "type=atlas", "e");
    expect_list(*state, "type=Atlas+%26%20Co", "b");
    expect_list(*state, "mission=APOLLO&status=active", "e");
    expect_list(*state, "mission=GEMINI&sort=speed&order=desc", "ba");
}

static void total_counts_matching_rockets(void **state)
{
    static const struct {
        const char *target, *total;
    } cases[] = {
        {"/rockets?mission=APOLLO", "2"},
        {"/rockets?mission=APOLLO&limit=1", "2"},
        {"/rockets?mission=NONE", "0"},
        {"/rockets?limit=2", "6"},
        {"/rockets?limit=10000", "6"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct response response;

        instance_get(*state, cases[i].target, &response);
        response_expect_status(&response, 200);
        response_expect_header(&response, "X-Total-Count", cases[i].total);
        response_release(&response);
    }
}

static void empty_list_is_an_empty_array(void **state)
{
    struct response response;

    instance_get(*state, "/rockets?mission=NONE", &response);
    response_expect_body(&response, "[]");
    response_release(&response);
}

/*
 * Read all pages, following the links from `query` on. Each page must have the
 * total. Appends the ids to `ids`.
 */
static void read_pages(const struct instance *instance, const char *query,
                       char *ids, const char *total)
{
    struct connection connection;
    char target[MAX_TARGET];
    bool more = true;

    instance_connect(instance, &connection);
    snprintf(target, sizeof(target), "/rockets?%s", query);
    while (more) {
        struct response response;

        get_list(&connection, target, &response);
        response_expect_header(&response, "X-Total-Count", total);
        append_ids(&response, ids);
        more = next_page(&response, target);
        response_release(&response);
    }
    connection_close(&connection);
}

static void pages_together_are_the_list(void **state)
{
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        for (int limit = 1; limit <= 7; limit++) {
            char query[128];
            char ids[MAX_ROCKETS] = "";

            snprintf(query, sizeof(query), "%s&limit=%d", sorted[i].query,
                     limit);
            read_pages(*state, query, ids, "6");
            assert_string_equal(ids, sorted[i].order);
        }
    }
}

static void pages_keep_the_filters(void **state)
{
    char ids[MAX_ROCKETS] = "";

    read_pages(*state, "status=active&sort=speed&order=desc&limit=2", ids, "5");
    assert_string_equal(ids, "fbdae");
    ids[0] = '\0';
    read_pages(*state, "type=Atlas+%26+Co&limit=1", ids, "1");
    assert_string_equal(ids, "b");
}

/* Copy to `target` the target of the page after that of `query`. */
static void second_page(const struct instance *instance, const char *query,
                        char *target)
{
    struct response response;
    char first[MAX_TARGET];

    snprintf(first, sizeof(first), "/rockets?%s", query);
    instance_get(instance, first, &response);
    response_expect_status(&response, 200);
    assert_true(next_page(&response, target));
    response_release(&response);
}

/* Copy to `cursor` the parameter cursor=... of such a target, still encoded. */
static void cursor_of(const char *target, char *cursor)
{
    const char *start = strstr(target, "cursor=");

    assert_non_null(start);
    snprintf(cursor, MAX_TARGET, "%.*s", (int)strcspn(start, "&"), start);
}

static void cursor_without_limit_returns_the_rest(void **state)
{
    char target[MAX_TARGET];
    char cursor[MAX_TARGET];
    char query[MAX_TARGET + 32];

    second_page(*state, "sort=speed&limit=2", target);
    cursor_of(target, cursor);
    snprintf(query, sizeof(query), "sort=speed&%s", cursor);
    expect_list(*state, query, "edbf");
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
    char target[MAX_TARGET];
    char cursor[MAX_TARGET];

    second_page(*state, "sort=speed&limit=2&status=active", target);
    cursor_of(target, cursor);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char query[MAX_TARGET + 128];
        snprintf(query, sizeof(query), "%s&%s", others[i], cursor);
        expect_refused(*state, query, "cursor");
    }
}

static void malformed_cursor_is_refused(void **state)
{
    static const char *const cursors[] = {
        "cursor=",     "cursor=x",         "cursor=%00",
        "cursor=AAAA", "cursor=%ff%fe%fd", "cursor=bm90IGEgY3Vyc29y",
        "cursor=====",
    };
    char target[MAX_TARGET];
    char cursor[MAX_TARGET];

    for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++)
        expect_refused(*state, cursors[i], "cursor");
    second_page(*state, "limit=2", target);
    cursor_of(target, cursor);
    /* Every prefix but "cursor=" itself, which is in the table above. */
    for (size_t length = strlen(cursor) - 1; length > 7; length--) {
        cursor[length] = '\0';
        expect_refused(*state, cursor, "cursor");
    }
}

static void bad_value_error_names_the_parameter(void **state)
{
    static const struct {
        const char *query, *detail;
    } cases[] = {
        {"sort=colour", "lastMessageNumber"},
        {"sort=Speed", "sort"},
        {"sort=", "sort"},
        {"order=up", "desc"},
        {"order=ASC", "order"},
        {"status=Active", "exploded"},
        {"status=", "status"},
        {"limit=0", "10000"},
        {"limit=10001", "10000"},
        {"limit=-1", "limit"},
        {"limit=1.0", "limit"},
        {"limit=", "limit"},
        {"limit=x", "limit"},
        {"limit=18446744073709551617", "limit"},
        {"sort=id&sort=id", "sort"},
        {"limit=1&limit=2", "limit"},
        {"status=active&type=x&status=active", "status"},
        {"mission=a&mission=b", "mission"},
        {"sor%74=id&sort=id", "sort"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refused(*state, cases[i].query, cases[i].detail);
}

static void bad_percent_in_a_query_is_refused(void **state)
{
    expect_refused(*state, "type=%", "%");
    expect_refused(*state, "type=%2", "%");
    expect_refused(*state, "type=%zz", "%");
    expect_refused(*state, "unknown=%g0", "%");
}

static void unknown_parameters_are_ignored(void **state)
{
    expect_list(*state, "colour=red&colour=blue", "abcdef");
    expect_list(*state, "Sort=speed&ORDER=desc", "abcdef");
    expect_list(*state, "&&order=desc&", "fedcba");
}

static void set_speed(const struct instance *instance, const char *id,
                      uint64_t number, long speed)
{
    struct fleet_message message =
        fleet_launched(id, number, "Falcon-9", speed, "ARTEMIS");
    struct response response;

    instance_post(instance, message.body, &response);
    response_expect_status(&response, 202);
    response_release(&response);
}

static void unchanged_rocket_is_listed_once_while_others_move(void **state)
{
    struct instance instance;
    char target[MAX_TARGET] = "/rockets?sort=speed&limit=1";
    char ids[MAX_ROCKETS] = "";
    uint64_t number = 10;
    bool more = true;

    (void)state;
    instance_start(&instance, NULL);
    post_messages(&instance);
    while (more) {
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
        number++;
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
        cmocka_unit_test(list_is_sorted_by_each_field_in_both_orders),
        cmocka_unit_test(list_without_a_query_has_all_rockets_by_id),
        cmocka_unit_test(list_and_single_read_show_the_same_rocket),
        cmocka_unit_test(filters_match_exactly),
        cmocka_unit_test(total_counts_matching_rockets),
        cmocka_unit_test(empty_list_is_an_empty_array),
        cmocka_unit_test(pages_together_are_the_list),
        cmocka_unit_test(pages_keep_the_filters),
        cmocka_unit_test(cursor_without_limit_returns_the_rest),
        cmocka_unit_test(cursor_with_another_query_is_refused),
        cmocka_unit_test(malformed_cursor_is_refused),
        cmocka_unit_test(bad_value_error_names_the_parameter),
        cmocka_unit_test(bad_percent_in_a_query_is_refused),
        cmocka_unit_test(unknown_parameters_are_ignored),
        cmocka_unit_test(unchanged_rocket_is_listed_once_while_others_move),
    };
    return cmocka_run_group_tests(tests, setup, instance_teardown);
}
