/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the check for unknown parameters. test_list_url.c tests the values
 * of known ones.
 */
#include "lib/unit_check.h"

#include "api/list_url.h"
#include "api/parameters.h"

#define ALL                                                                    \
    "the parameters are sort, order, status, type, mission, launched, "        \
    "incomplete, idPrefix, limit, cursor"
#define LONGEST "abcdefghijklmnopqrstuvwxyz-._012"

static const char *no_parameter(size_t index)
{
    (void)index;
    return NULL;
}

/* Expect that the query is refused with this `detail`; NULL: accepted. */
static void check(struct text query, const char *(*name_at)(size_t index),
                  const char *detail)
{
    struct http_response response;
    char expected[512];

    http_response_init(&response);
    bool accepted = parameters_check(query, name_at, &response);
    snprintf(expected, sizeof(expected),
             "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
             "\"status\":400,\"detail\":\"%s\"}",
             detail == NULL ? "" : detail);
    if (accepted != (detail == NULL) ||
        (!accepted &&
         !text_equal(buffer_text(&response.body), text_of(expected))))
        fail_msg("%.*s: %.*s, not %s", (int)query.length, query.data,
                 (int)response.body.length, accepted ? "" : response.body.data,
                 detail == NULL ? "accepted" : detail);
    assert_int_equal(response.status, accepted ? 0 : 400);
    http_response_release(&response);
}

static void known_and_ignored_parameters_are_accepted(void **context)
{
    (void)context;
    check(TEXT(""), no_parameter, NULL);
    check(TEXT("&&"), no_parameter, NULL);
    check(TEXT("_&_=1&_sort=%20&%5F=%00"), no_parameter, NULL);
    check(TEXT("sort&sort=x&or%64er=&_"), list_url_parameter, NULL);
    for (size_t i = 0; list_url_parameter(i) != NULL; i++)
        check(text_of(list_url_parameter(i)), list_url_parameter, NULL);
}

/* Names are quoted only if they are short and plain. */
static void detail_names_the_nearest_parameter_or_all(void **context)
{
    static const struct {
        const char *query, *detail;
    } cases[] = {
        {"staus=exploded", "unknown parameter staus: did you mean status?"},
        {"sort=speed&limits=5",
         "unknown parameter limits: did you mean limit?"},
        {"IDPREFIX=a", "unknown parameter IDPREFIX: did you mean idPrefix?"},
        {"limit%00=1", "unknown parameter: did you mean limit?"},
        {"+sort=id", "unknown parameter: did you mean sort?"},
        {"colour=red&staus=1", "unknown parameter colour: " ALL},
        {"=1", "unknown parameter: " ALL},
        {"%22%3cscript%3E=1", "unknown parameter: " ALL},
        {"caf%C3%A9", "unknown parameter: " ALL},
        {LONGEST "=1", "unknown parameter " LONGEST ": " ALL},
        {LONGEST "3=1", "unknown parameter: " ALL},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++)
        check(text_of(cases[i].query), list_url_parameter, cases[i].detail);
    check(TEXT("sort=id"), no_parameter,
          "unknown parameter sort: this operation takes no parameters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_and_ignored_parameters_are_accepted),
        cmocka_unit_test(detail_names_the_nearest_parameter_or_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
