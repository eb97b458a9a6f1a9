/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rockets` says about a reply that is not a success.
 */
#include "lib/unit_check.h"

#include "reply.h"

static void refusals_are_what_a_retry_does_not_change(void **state)
{
    static const struct {
        long status;
        bool refusal;
        const char *advice; /* a part of it */
    } ROWS[] = {
        {301, true, "redirect"},    {308, true, "Redirect"},
        {400, true, "URL"},         {401, true, "--token-file"},
        {403, true, "scope"},       {404, true, "/messages"},
        {405, true, "/messages"},   {407, true, "denied"},
        {408, false, NULL},         {410, true, "/messages"},
        {413, true, "URL"},         {415, true, "URL"},
        {421, true, "-allow-host"}, {425, false, NULL},
        {429, false, NULL},         {499, true, "URL"},
        {500, false, NULL},         {501, true, "URL"},
        {502, false, NULL},         {503, false, NULL},
        {504, false, NULL},         {505, true, "URL"},
        {599, false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const char *advice = reply_advice(ROWS[i].status);

        if (reply_is_refusal(ROWS[i].status) != ROWS[i].refusal)
            fail_msg("%ld", ROWS[i].status);
        if (ROWS[i].refusal && strcasestr(advice, ROWS[i].advice) == NULL)
            fail_msg("%ld: %s", ROWS[i].status, advice);
    }
}

static void a_reply_is_explained_by_its_problem(void **state)
{
    static const char PROBLEM[] = "application/problem+json";
    static const struct {
        const char *content_type, *location, *body, *text;
    } ROWS[] = {
        {NULL, NULL, "", "status 404"},
        {PROBLEM, NULL, "{\"detail\":\"no such path\"}",
         "status 404, \"no such path\""},
        {PROBLEM, NULL, "{\"requestId\":\"7f\",\"detail\":\"x\"}",
         "status 404, \"x\", requestId 7f"},
        {PROBLEM, NULL, "{\"requestId\":\"a\\u001bb\"}",
         "status 404, requestId a?b"},
        {PROBLEM, NULL, "{\"requestId\":7,\"detail\":\"x\"}",
         "status 404, \"x\""},
        {"Application/Problem+JSON; charset=utf-8", NULL,
         "{\"status\":404,\"detail\":\"x\"}", "status 404, \"x\""},
        {"application/json", NULL, "{\"detail\":\"x\"}", "status 404"},
        {"application/problem+jsonx", NULL, "{\"detail\":\"x\"}", "status 404"},
        {"text/html", NULL, "<p>not found</p>", "status 404"},
        {PROBLEM, NULL, "{\"detail\":", "status 404"},
        {PROBLEM, NULL, "[]", "status 404"},
        {PROBLEM, NULL, "{\"detail\":\"\"}", "status 404"},
        {PROBLEM, NULL, "{\"detail\":7}", "status 404"},
        {"text/html", "https://example.org/messages", "",
         "status 404, a redirect to https://example.org/messages"},
        /* No control sequence reaches the terminal. */
        {PROBLEM, NULL, "{\"detail\":\"a\\u001b[2J\\u009bb\\n\xc3\xa9\x7f\"}",
         "status 404, \"a?[2J??b????\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        /* Without a terminator, as it is received. */
        struct text body =
            exact_copy((struct text){ROWS[i].body, strlen(ROWS[i].body)});
        char text[REPLY_TEXT_SIZE];
        struct reply reply = {404, ROWS[i].content_type, ROWS[i].location,
                              body.data, body.length};

        reply_explain(&reply, text);
        assert_string_equal(text, ROWS[i].text);
        exact_copy_free(body);
    }
}

static void a_long_detail_is_cut(void **state)
{
    char body[2000], text[REPLY_TEXT_SIZE];
    struct reply reply = {500, "application/problem+json", NULL, body, 0};

    (void)state;
    reply.length =
        (size_t)snprintf(body, sizeof(body), "{\"detail\":\"%01000d\"}", 0);
    reply_explain(&reply, text);
    assert_int_equal(strlen(text), REPLY_TEXT_SIZE - 1);
}

static void a_position_is_digits_up_to_the_largest_offset(void **state)
{
    static const struct {
        const char *value;
        bool valid;
        uint64_t position;
    } ROWS[] = {
        {"0", true, 0},
        {"1", true, 1},
        {"0042", true, 42},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"18446744073709551617", false, 0},
        {"", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"+1", false, 0},
        {"-1", false, 0},
        {"1.5", false, 0},
        {"1, 2", false, 0},
        {"0x1", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint64_t position = 7;

        if (reply_read_position(ROWS[i].value, &position) != ROWS[i].valid ||
            position != (ROWS[i].valid ? ROWS[i].position : 7))
            fail_msg("'%s': %ju", ROWS[i].value, (uintmax_t)position);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_what_a_retry_does_not_change),
        cmocka_unit_test(a_reply_is_explained_by_its_problem),
        cmocka_unit_test(a_long_detail_is_cut),
        cmocka_unit_test(a_position_is_digits_up_to_the_largest_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
