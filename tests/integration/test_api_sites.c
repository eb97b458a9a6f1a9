/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Web sites: pages of other origins with -allow-origin (CORS), and names that
 * resolve to a loopback address with -allow-host (DNS rebinding).
 */
#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

#define PAGE "Origin: http://page.example\r\n"
#define OTHER "Origin: http://other.example\r\n"
#define FOREIGN "Sec-Fetch-Site: cross-site\r\n"
#define OWN "Sec-Fetch-Site: same-origin\r\n"
#define PAGE_OF_LIST "/rockets?limit=1"
#define PREFLIGHT "Access-Control-Request-Method: POST\r\n"

enum { MANY_ROCKETS = 300 /* so many are listed by a worker */ };

static const char may_read[] = "Access-Control-Allow-Origin";

/* Expect a response with a row's status, and that it can be read or not. */
static void expect_shared(const struct instance *instance,
                          const struct exchange *row, const char *origin)
{
    struct exchange with_origin = *row;

    with_origin.header = may_read;
    with_origin.value = origin;
    exchanges_run(instance, &with_origin, 1);
}

/*
 * Every kind of response: with a body in memory, fixed, streamed, deferred, and
 * none; errors of an operation, of routes and of the server itself. There are
 * MANY_ROCKETS.
 */
static const struct exchange responses[] = {
    {.target = "/health", .fields = PAGE, .status = 200},
    {"HEAD", "/health", PAGE, .status = 200},
    {.target = "/openapi.yaml", .fields = PAGE, .status = 200},
    {.target = "/rockets", .fields = PAGE, .status = 200},
    {.target = PAGE_OF_LIST, .fields = PAGE, .status = 200},
    {.target = "/rockets?limit=0", .fields = PAGE, .status = 400},
    {.target = "/rockets/nobody", .fields = PAGE, .status = 404},
    {.target = "/swagger/", .fields = PAGE, .status = 302},
    {.target = "/nowhere", .fields = PAGE, .status = 404},
    {"DELETE", "/rockets", PAGE, .status = 405},
    {"OPTIONS", "/messages", PAGE PREFLIGHT, .status = 204},
    {"OPTIONS", "*", PAGE PREFLIGHT, .status = 204},
    {.fields = PAGE OWN, .body = "{", .status = 400},
    {.fields = PAGE OWN BULK_TYPE, .body = "", .status = 202},
    {.fields = PAGE "X: \r1\r\n", .body = "", .status = 400, .closes = true},
    {.fields = PAGE "Expect: x\r\n", .body = "", .status = 417, .closes = true},
};

static void every_response_says_who_may_read_it(void **state)
{
    static const struct {
        const char *flag, *origin, *vary, *vary_of_list;
    } cases[] = {
        {"-allow-origin=*", "*", NULL, "Accept-Encoding"},
        {"-allow-origin=https://a.example,http://PAGE.example:80",
         "http://page.example", "Origin", "Accept-Encoding, Origin"},
        {"-allow-origin=http://other.example", NULL, "Origin",
         "Accept-Encoding, Origin"},
        {"-log-level=info", NULL, NULL, "Accept-Encoding"},
    };
    struct instance instance;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        instance_start(&instance, INSTANCE_FLAGS(cases[i].flag, "-insecure"));
        fleet_launch(&instance, MANY_ROCKETS, 0);
        for (size_t j = 0; j < sizeof(responses) / sizeof(responses[0]); j++)
            expect_shared(&instance, &responses[j], cases[i].origin);
        EXCHANGE(&instance, .target = "/health", .fields = PAGE, .status = 200,
                 .header = "Vary", .value = cases[i].vary);
        EXCHANGE(&instance, .target = "/health", .status = 200,
                 .header = "Vary", .value = cases[i].vary);
        EXCHANGE(&instance, .target = PAGE_OF_LIST, .status = 200,
                 .header = "Vary", .value = cases[i].vary_of_list);
        instance_stop(&instance);
    }
}

/* A long target is refused before the application sees the request. */
static void page_sees_why_a_long_target_is_refused(void **state)
{
    char target[9000] = "/rockets?";
    struct instance instance;

    (void)state;
    memset(target + 9, 'x', sizeof(target) - 10);
    instance_start(&instance,
                   INSTANCE_FLAGS("-allow-origin=http://page.example"));
    EXCHANGE(&instance, .target = target, .fields = PAGE, .status = 414,
             .closes = true, .header = may_read,
             .value = "http://page.example");
    instance_stop(&instance);
}

static void preflight_lists_what_may_be_sent(void **state)
{
    static const struct exchange rows[] = {
        {"OPTIONS", "/messages", PAGE PREFLIGHT, .status = 204,
         .header = "Allow", .value = "POST, OPTIONS"},
        {"OPTIONS", "/messages", PAGE PREFLIGHT, .status = 204,
         .header = "Access-Control-Allow-Methods", .value = "POST, OPTIONS"},
        {"OPTIONS", "/messages", PAGE PREFLIGHT, .status = 204,
         .header = "Access-Control-Allow-Headers",
         .value =
             "Authorization, Content-Encoding, Content-Type, If-None-Match, "
             "Last-Event-ID, Lunar-After, X-Request-Id"},
        {"OPTIONS", "/rockets/a", PAGE PREFLIGHT, .status = 204,
         .header = "Access-Control-Allow-Methods",
         .value = "GET, HEAD, OPTIONS"},
        {"OPTIONS", "/messages", PAGE PREFLIGHT, .status = 204,
         .header = "Access-Control-Max-Age", .value = "7200"},
        {"OPTIONS", "/messages", PAGE PREFLIGHT, .status = 204,
         .header = "Access-Control-Allow-Credentials"},
        {"OPTIONS", "/messages", OTHER PREFLIGHT, .status = 204,
         .header = "Access-Control-Allow-Methods"},
        {"OPTIONS", "/messages", OTHER PREFLIGHT, .status = 204,
         .header = may_read},
        {.target = "/health",
         .fields = PAGE,
         .status = 200,
         .header = "Access-Control-Allow-Credentials"},
        {.target = PAGE_OF_LIST,
         .fields = PAGE,
         .status = 200,
         .header = "Access-Control-Expose-Headers",
         .value = "ETag, Link, Lunar-Position, Retry-After, WWW-Authenticate, "
                  "X-Request-Id, "
                  "X-Total-Count"},
    };
    struct instance instance;

    (void)state;
    instance_start(&instance,
                   INSTANCE_FLAGS("-allow-origin=http://page.example"));
    EXCHANGES_RUN(&instance, rows);
    instance_stop(&instance);
}

static void only_allowed_origins_post(void **state)
{
    static const struct {
        const char *flag, *fields;
        unsigned status;
    } cases[] = {
        {"-allow-origin=http://page.example", PAGE, 202},
        {"-allow-origin=http://page.example", PAGE FOREIGN, 202},
        {"-allow-origin=http://page.example", OTHER FOREIGN, 403},
        {"-allow-origin=http://page.example", FOREIGN, 403},
        {"-allow-origin=http://page.example", "Origin: null\r\n", 403},
        {"-allow-origin=http://page.example", BULK_TYPE PAGE FOREIGN, 202},
        {"-allow-origin=http://page.example", BULK_TYPE OTHER FOREIGN, 403},
        {"-allow-origin=*", OTHER FOREIGN, 202},
        {"-allow-origin=*", "Origin: null\r\n", 202},
    };
    struct instance instance;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool posted = cases[i].status == 202;
        bool batch = strstr(cases[i].fields, "ndjson") != NULL;
        instance_start(&instance, INSTANCE_FLAGS(cases[i].flag, "-insecure"));
        EXCHANGE(&instance, .fields = cases[i].fields,
                 .body = fleet_faster("page", 1, 1).body,
                 .status = cases[i].status,
                 .part = posted ? "applied" : "-allow-origin=URL",
                 .closes = batch && !posted);
        EXCHANGE(&instance, .target = "/rockets/page",
                 .status = posted ? 200 : 404);
        instance_stop(&instance);
    }
}

#define AT_HOST(host, expected)                                                \
    {                                                                          \
        .sent = "GET /health HTTP/1.1\r\nHost: " host "\r\n\r\n",              \
        .status = (expected),                                                  \
        .part = (expected) == 421 ? "-allow-host=NAME" : "ok",                 \
        .closes = (expected) == 421                                            \
    }

/* With -allow-host also at an address that is not a loopback one. */
static void host_must_be_local_an_address_or_allowed(void **state)
{
    static const struct exchange rows[] = {
        AT_HOST("localhost:1", 200),    AT_HOST("127.0.0.1", 200),
        AT_HOST("[::1]:2", 200),        AT_HOST("10.0.0.1", 200),
        AT_HOST("a.localhost.", 200),   AT_HOST("Lunar.Example:443", 200),
        AT_HOST("other.example", 421),  AT_HOST("a.lunar.example", 421),
        AT_HOST("127.0.0.1.evil", 421),
    };
    static const char *const flags[][4] = {
        {"-allow-host=lunar.example"},
        {"-allow-host=a,lunar.example", "-host=0.0.0.0", "-insecure"},
        {"-allow-host=a,lunar.example", "-threads=per-connection"},
    };
    struct instance instance;

    (void)state;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        instance_start(&instance, flags[i]);
        EXCHANGES_RUN(&instance, rows);
        instance_stop(&instance);
    }
}

static void host_is_checked_only_at_a_loopback_address(void **state)
{
    static const struct exchange refused[] = {AT_HOST("any.example", 421)};
    static const struct exchange served[] = {AT_HOST("any.example", 200)};
    static const struct {
        const char *flag;
        bool checked;
    } cases[] = {
        {"-host=127.0.0.1", true},
        {"-host=localhost", true},
        {"-host=::ffff:127.0.0.1", true},
        {"-host=0.0.0.0", false},
        {"-host=::", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct instance instance;

        instance_start(&instance, INSTANCE_FLAGS(cases[i].flag, "-insecure"));
        if (cases[i].checked)
            EXCHANGES_RUN(&instance, refused);
        else
            EXCHANGES_RUN(&instance, served);
        instance_stop(&instance);
    }
}

/* No operation is reached, and a body is not read. */
static void misdirected_request_changes_nothing(void **state)
{
    static const char *const heads[] = {
        "POST /messages HTTP/1.1\r\nHost: evil.example\r\n",
        "POST /messages HTTP/1.1\r\nHost: evil.example\r\n" BULK_TYPE,
        "POST http://evil.example/messages HTTP/1.1\r\nHost: localhost\r\n",
        "POST /messages HTTP/1.0\r\nHost: evil.example:80\r\n"
        "Origin: http://evil.example\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n",
        "GET /rockets HTTP/1.1\r\nHost: evil.example\r\n",
    };
    struct fleet_message message = fleet_faster("misdirected", 1, 1);

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char sent[4096];

        snprintf(sent, sizeof(sent), "%sContent-Length: %zu\r\n\r\n%s",
                 heads[i], strlen(message.body), message.body);
        EXCHANGE(*state, .sent = sent, .status = 421,
                 .part = "-allow-host=NAME", .closes = true);
    }
    EXCHANGE(*state, .target = "/rockets/misdirected", .status = 404);
}

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(every_response_says_who_may_read_it),
        cmocka_unit_test(page_sees_why_a_long_target_is_refused),
        cmocka_unit_test(preflight_lists_what_may_be_sent),
        cmocka_unit_test(only_allowed_origins_post),
        cmocka_unit_test(host_must_be_local_an_address_or_allowed),
        cmocka_unit_test(host_is_checked_only_at_a_loopback_address),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misdirected_request_changes_nothing),
    };

    return cmocka_run_group_tests(alone, NULL, NULL) +
           HARNESS_RUN_IN_BOTH_MODES(tests);
}
