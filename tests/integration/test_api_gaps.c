/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets/{id}/gaps. lib/fleet_count.h compares the gaps of all rockets
 * with their missing messages; here are their form, and pages.
 */
#include "lib/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data_folder.h"

enum { RUNS = 16384 /* of a rocket, at most */ };

static void post(const struct instance *instance, const char *id,
                 uint64_t number)
{
    EXCHANGE(instance, .body = fleet_faster(id, number, 1).body, .status = 202);
}

#define NONE_GIVEN_UP "\"givenUp\":{\"upTo\":0,\"count\":0}}"

static void gaps_are_what_has_not_arrived(void **state)
{
    static const struct {
        uint64_t number;
        const char *body;
    } steps[] = {
        {4, "{\"missingMessages\":3,\"gaps\":[{\"from\":1,\"to\":3}]"
            "," NONE_GIVEN_UP},
        {7, "{\"missingMessages\":5,\"gaps\":[{\"from\":1,\"to\":3},"
            "{\"from\":5,\"to\":6}]," NONE_GIVEN_UP},
        {2, "{\"missingMessages\":4,\"gaps\":[{\"from\":1,\"to\":1},"
            "{\"from\":3,\"to\":3},{\"from\":5,\"to\":6}]," NONE_GIVEN_UP},
        {3, "{\"missingMessages\":3,\"gaps\":[{\"from\":1,\"to\":1},"
            "{\"from\":5,\"to\":6}]," NONE_GIVEN_UP},
        {1, "{\"missingMessages\":2,\"gaps\":[{\"from\":5,\"to\":6}]"
            "," NONE_GIVEN_UP},
        {5, "{\"missingMessages\":1,\"gaps\":[{\"from\":6,\"to\":6}]"
            "," NONE_GIVEN_UP},
        {6, "{\"missingMessages\":0,\"gaps\":[]," NONE_GIVEN_UP},
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        post(*state, "gaps-1", steps[i].number);
        EXCHANGE(*state, .target = "/rockets/gaps-1/gaps", .status = 200,
                 .header = "Content-Type", .value = "application/json",
                 .exact = steps[i].body);
    }
}

static void gaps_come_in_pages(void **state)
{
#define TWO "{\"missingMessages\":3,\"gaps\":[{\"from\":1,\"to\":2},"
    static const struct exchange rows[] = {
        {.target = "/rockets/gaps-2/gaps?limit=2",
         .status = 200,
         .header = "Link",
         .value = NULL,
         .exact = TWO "{\"from\":4,\"to\":4}]," NONE_GIVEN_UP},
        {.target = "/rockets/gaps-2/gaps?limit=1",
         .status = 200,
         .header = "Link",
         .value = "<?after=2&limit=1>; rel=\"next\"",
         .exact = "{\"missingMessages\":3,\"gaps\":[{\"from\":1,\"to\":2}]," //
         NONE_GIVEN_UP},
        {.target = "/rockets/gaps-2/gaps?after=2&limit=1",
         .status = 200,
         .header = "Link",
         .value = NULL,
         .exact = "{\"missingMessages\":3,\"gaps\":[{\"from\":4,\"to\":4}]," //
         NONE_GIVEN_UP},
        /* A gap of which only a part is behind it is shown as a whole. */
        {.target = "/rockets/gaps-2/gaps?after=1",
         .status = 200,
         .exact = TWO "{\"from\":4,\"to\":4}]," NONE_GIVEN_UP},
        {.target = "/rockets/gaps-2/gaps?after=9007199254740991&_=1",
         .status = 200,
         .exact = "{\"missingMessages\":3,\"gaps\":[]," NONE_GIVEN_UP},
    };

    post(*state, "gaps-2", 3);
    post(*state, "gaps-2", 5);
    EXCHANGES_RUN(*state, rows);
#undef TWO
}

static void invalid_requests_are_refused(void **state)
{
#define GAPS "/rockets/gaps-3/gaps"
    static const struct exchange rows[] = {
        {.target = GAPS "?limit=0", .status = 400, .part = "from 1 to 10000"},
        {.target = GAPS "?limit=10001", .status = 400, .part = "to 10000"},
        {.target = GAPS "?limit=1&limit=1", .status = 400, .part = "twice"},
        {.target = GAPS "?after=-1",
         .status = 400,
         .part = "after must be an integer from 0 to 9007199254740991"},
        {.target = GAPS "?after=9007199254740992", .status = 400},
        {.target = GAPS "?aftr=1",
         .status = 400,
         .part = "unknown parameter aftr: did you mean after?"},
        {.target = "/rockets/nobody/gaps",
         .status = 404,
         .part = "no message has come from a rocket with this id"},
        {.target = GAPS "/", .status = 404},
        {.target = "/rockets//gaps", .status = 404},
        {.target = GAPS "/1", .status = 404},
        {.method = "POST", .target = GAPS, .status = 405},
        {.method = "OPTIONS",
         .target = GAPS,
         .status = 204,
         .header = "Allow",
         .value = "GET, HEAD, OPTIONS"},
        {.method = "HEAD", .target = GAPS, .status = 200},
    };

    post(*state, "gaps-3", 1);
    EXCHANGES_RUN(*state, rows);
#undef GAPS
}

static void any_id_has_gaps(void **state)
{
    static const struct {
        const char *id, *target;
    } cases[] = {
        {"gaps", "/rockets/gaps/gaps"},
        {"a/gaps", "/rockets/a%2Fgaps/gaps"},
        {"a/gaps/gaps", "/rockets/a%2Fgaps%2Fgaps/gaps"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char part[64];

        snprintf(part, sizeof(part), "[{\"from\":1,\"to\":%zu}]", i + 1);
        post(*state, cases[i].id, i + 2);
        EXCHANGE(*state, .target = cases[i].target, .status = 200,
                 .part = part);
    }
}

static void etag_is_that_of_the_rocket(void **state)
{
    struct response rocket;
    char fields[128];

    post(*state, "gaps-4", 2);
    instance_get(*state, "/rockets/gaps-4", &rocket);
    snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n",
             response_header(&rocket, "ETag"));
    response_release(&rocket);
    EXCHANGE(*state, .target = "/rockets/gaps-4/gaps", .fields = fields,
             .status = 304);
    post(*state, "gaps-4", 4);
    EXCHANGE(*state, .target = "/rockets/gaps-4/gaps", .fields = fields,
             .status = 200);
}

/* The first page has 1,000 gaps, or as many as `limit` says. */
static void expect_pages(const struct instance *instance, const char *first,
                         size_t per_page, size_t gaps)
{
    char target[256];
    size_t found = 0;
    bool more;

    snprintf(target, sizeof(target), "%s", first);
    do {
        struct response response;

        instance_get(instance, target, &response);
        response_expect_status(&response, 200);
        cJSON *page = response_json(&response);
        size_t count = (size_t)cJSON_GetArraySize(
            cJSON_GetObjectItemCaseSensitive(page, "gaps"));
        const char *link = response_header(&response, "Link");
        found += count;
        more = link != NULL;
        assert_int_equal(count, more ? per_page : gaps - (found - count));
        if (more)
            snprintf(target, sizeof(target), "/rockets/hostile/gaps%.*s",
                     (int)strcspn(link, ">") - 1, link + 1);
        cJSON_Delete(page);
        response_release(&response);
    } while (more);
    assert_int_equal(found, gaps);
}

/* One run too many: the lowest gap between two runs is given up. */
static void given_up_numbers_are_in_no_gap(void **state)
{
    struct connection connection;
    struct bulk bulk;
    char result[128];

    bulk_begin(&bulk);
    for (uint64_t i = 1; i <= RUNS; i++)
        bulk_add(&bulk, "hostile", 3 * i);
    bulk_end(&bulk);
    instance_connect(*state, &connection);
    connection_post_bytes(&connection, BULK_TYPE, bulk.text, bulk.length);
    snprintf(result, sizeof(result), BULK_RESULT("%d", "0"), RUNS);
    bulk_expect(&connection, result);
    connection_close(&connection);
    free(bulk.text);
    expect_pages(*state, "/rockets/hostile/gaps", 1000, RUNS);
    expect_pages(*state, "/rockets/hostile/gaps?limit=10000", 10000, RUNS);

    post(*state, "hostile", UINT64_C(3) * (RUNS + 1));
    const struct exchange rows[] = {
        {.target = "/rockets/hostile/gaps?limit=2",
         .status = 200,
         .part = ",\"gaps\":[{\"from\":1,\"to\":2},{\"from\":7,\"to\":8}],"
                 "\"givenUp\":{\"upTo\":5,\"count\":2}}"},
        {.body = fleet_faster("hostile", 4, 1).body,
         .status = 202,
         .part = "\"stale\""},
    };
    EXCHANGES_RUN(*state, rows);
}

static void gaps_are_the_same_after_a_restart(void **state)
{
    static const char *const modes[] = {"-threads=2",
                                        "-threads=per-connection"};

    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct data_folder folder;
        struct instance instance;
        struct response before;

        data_folder_make(&folder);
        instance_start(&instance, INSTANCE_FLAGS(folder.flag, modes[mode]));
        for (uint64_t i = 2; i < 20; i += i / 2)
            post(&instance, "moon", i);
        instance_get(&instance, "/rockets/moon/gaps", &before);
        instance_stop(&instance);
        instance_start(&instance, INSTANCE_FLAGS(folder.flag, modes[mode]));
        EXCHANGE(&instance, .target = "/rockets/moon/gaps", .status = 200,
                 .header = "ETag", .value = response_header(&before, "ETag"),
                 .exact = before.body);
        response_release(&before);
        instance_stop(&instance);
        assert_int_equal(folder_remove(folder.root), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_what_has_not_arrived),
        cmocka_unit_test(gaps_come_in_pages),
        cmocka_unit_test(invalid_requests_are_refused),
        cmocka_unit_test(any_id_has_gaps),
        cmocka_unit_test(etag_is_that_of_the_rocket),
        cmocka_unit_test(given_up_numbers_are_in_no_gap),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(gaps_are_the_same_after_a_restart),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests) +
           cmocka_run_group_tests(alone, NULL, NULL);
}
