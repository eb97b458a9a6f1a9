/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the policy for web sites: tables of origins and hosts, and the
 * header fields of CORS.
 */
#include "lib/unit_check.h"

#include "http/site_policy.h"

enum { MAX_VALUES = 24 };

static void check_site(const char *site, const char *origin, const char *host,
                       bool cross)
{
    struct http_fields fields = {
        .host = text_of(host),
        .origin = text_of(origin),
        .sec_fetch_site = text_of(site),
    };

    enum http_site found = site_policy_site(NULL, &fields, HTTP_SCHEME_UNKNOWN);

    if (found != (cross ? HTTP_SITE_OTHER : HTTP_SITE_OWN))
        fail_msg("Sec-Fetch-Site %s, Origin %s, Host %s", site ? site : "-",
                 origin ? origin : "-", host ? host : "-");
}

static void sec_fetch_site_decides_if_present(void **state)
{
    (void)state;
    /* Without both fields the client is not a browser. */
    check_site(NULL, NULL, "x", false);
    check_site(NULL, NULL, NULL, false);
    check_site("same-origin", NULL, "x", false);
    check_site("none", NULL, "x", false);
    check_site("same-origin", "http://evil", "x", false);
    check_site("none", "null", "x", false);
    check_site("same-site", "http://x", "x", true);
    check_site("cross-site", "http://x", "x", true);
    check_site("cross-site", NULL, "x", true);
    check_site("", "http://x", "x", true);
    check_site("Same-Origin", "http://x", "x", true);
}

static void origin_is_compared_with_host(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool cross;
        const char *origins[MAX_VALUES];
    } rows[] = {
        {"x",
         false,
         {"http://x", "https://x", "HTTP://X", "http://x:80", "https://x:443"}},
        {"x",
         true,
         {"http://x:443", "https://x:80", "http://x:88", "http://x.evil",
          "http://evil/x", "x", "chrome-extension://x", "http://x.", "//x",
          "://x", "http:x", "http:/x", "http://x@x", "http://x http://x"}},
        {"x:80", false, {"http://x", "http://x:80"}},
        {"x:80", true, {"https://x", "https://x:80x", "http://x:99999"}},
        {"x:443", false, {"https://x"}},
        {"x:443", true, {"http://x"}},
        {"x:88", false, {"http://x:88"}},
        {"x:88", true, {"http://x:89", "http://x", "http://127.0.0.1:88"}},
        {"[::1]:88", false, {"http://[::1]:88"}},
        {"[::1]:80", false, {"http://[::1]"}},
        {NULL, true, {"http://x"}},
        {"null", true, {"null"}},
        {"", true, {"", "http://", "http://:80"}},
        {":80", true, {"http://:80"}},
        {"a b", true, {"http://a b"}},
        {"x:65616", true, {"http://x:65616", "http://x"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (const char *const *at = rows[i].origins; *at != NULL; at++)
            check_site(NULL, *at, rows[i].host, rows[i].cross);
    }
}

#define ORIGINS                                                                \
    "https://example.org, http://LOCALHOST:3000,http://[::1]:5,tauri://app"

/* An allowed origin may post, whatever Sec-Fetch-Site says; others may not. */
static void origin_is_compared_with_the_list(void **state)
{
    (void)state;
    static const struct {
        const char *origins;
        bool allowed;
        const char *values[MAX_VALUES];
    } rows[] = {
        {ORIGINS,
         true,
         {"https://example.org", "https://example.org:443",
          "https://example.org:", "HTTPS://Example.ORG",
          "http://localhost:3000", "http://[::1]:5", "tauri://app",
          "TAURI://APP"}},
        {ORIGINS,
         false,
         {"", "null", "*", "http://example.org", "https://example.org:80",
          "https://example.org.evil", "https://evil.example.org",
          "https://example.org/", "example.org", "http://localhost",
          "http://localhost:30000", "http://[::1]", "tauri://app:1",
          "https://example.org, http://localhost:3000"}},
        {"https://example.org:443", true, {"https://example.org"}},
        {"*", true, {"https://example.org", "null", "", "a b"}},
        {NULL, false, {"https://example.org", "null", "", "*"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct site_policy policy = {.origins = text_of(rows[i].origins)};

        for (const char *const *at = rows[i].values; *at != NULL; at++) {
            struct text origin = exact_copy(text_of(*at));
            struct http_fields fields = {.origin = origin,
                                         .host = TEXT("other")};
            enum http_site expected =
                rows[i].allowed ? HTTP_SITE_ALLOWED : HTTP_SITE_OTHER;
            enum http_site by_origin =
                site_policy_site(&policy, &fields, HTTP_SCHEME_UNKNOWN);

            fields.sec_fetch_site = TEXT("cross-site");
            if (by_origin != expected ||
                site_policy_site(&policy, &fields, HTTP_SCHEME_UNKNOWN) !=
                    expected)
                fail_msg("origin \"%s\" in %s", *at,
                         rows[i].origins ? rows[i].origins : "no list");
            exact_copy_free(origin);
        }
    }
}

/* A page that hides its origin is of an allowed site only if all are. */
static void hidden_origin_is_not_in_a_list(void **state)
{
    (void)state;
    const struct http_fields fields = {.sec_fetch_site = TEXT("cross-site")};
    const struct site_policy list = {.origins = TEXT(ORIGINS)};
    const struct site_policy all = {.origins = TEXT("*")};

    assert_int_equal(site_policy_site(&list, &fields, HTTP_SCHEME_UNKNOWN),
                     HTTP_SITE_OTHER);
    assert_int_equal(site_policy_site(&all, &fields, HTTP_SCHEME_UNKNOWN),
                     HTTP_SITE_ALLOWED);
}

static void host_must_be_local_an_address_or_listed(void **state)
{
    (void)state;
    static const struct {
        bool allowed;
        const char *values[MAX_VALUES];
    } rows[] = {
        {true,
         {"",
          ":8088",
          "localhost",
          "LocalHost:8088",
          "localhost.",
          "localhost.:8088",
          "a.localhost",
          "a.b.localhost:1",
          "127.0.0.1",
          "127.0.0.1:8088",
          "10.1.2.3",
          "127.1",
          "[::1]",
          "[::1]:8088",
          "[fe80::1%25eth0]",
          "example.org",
          "EXAMPLE.org:443",
          "example.org.",
          "lunar:",
          "box.lan",
          "Box.LAN.:80"}},
        {false,
         {"evil.example", "evil.example:8088", "localhost.evil.example",
          "evillocalhost", "localhost..", "a.example.org", "example.orgs",
          "example", "127.0.0.1.evil.example", "1.2.3.4x", "x1.2.3.4", "org",
          "localhos", "ocalhost", "%6cocalhost", "example.org%2e",
          "example.org,lunar", "box", "lan"}},
    };
    const struct site_policy policy = {.hosts = TEXT("example.org, lunar."),
                                       .address = TEXT("box.lan")};

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (const char *const *at = rows[i].values; *at != NULL; at++) {
            struct text host = exact_copy(text_of(*at));
            if (site_policy_allows_host(&policy, host) != rows[i].allowed)
                fail_msg("host \"%s\"", *at);
            exact_copy_free(host);
        }
    }
    /* HTTP/1.0 without Host; and no list. */
    const struct site_policy alone = {.address = TEXT("127.0.0.1")};
    assert_true(site_policy_allows_host(&alone, text_of(NULL)));
    assert_true(site_policy_allows_host(&alone, TEXT("localhost")));
    assert_false(site_policy_allows_host(&alone, TEXT("example.org")));
}

static void check_lists(bool (*is)(struct text list), bool valid,
                        const char *const lists[])
{
    for (; *lists != NULL; lists++) {
        struct text list = exact_copy(text_of(*lists));
        if (is(list) != valid)
            fail_msg("\"%s\" must %sbe valid", *lists, valid ? "" : "not ");
        exact_copy_free(list);
    }
}

static void lists_are_checked(void **state)
{
    (void)state;
    static const char *const origins[] = {"*",
                                          "https://example.org",
                                          ORIGINS,
                                          " http://a , http://b ",
                                          "http://a:65535",
                                          "http://127.0.0.1:1",
                                          "capacitor://localhost",
                                          "http://a_b-c",
                                          NULL};
    static const char *const no_origins[] = {"",
                                             " ",
                                             ",",
                                             "http://a,",
                                             ",http://a",
                                             "http://a,,http://b",
                                             "http://a http://b",
                                             "http://a;http://b",
                                             "*,http://a",
                                             "**",
                                             " *",
                                             "null",
                                             "example.org",
                                             "https://",
                                             "https://:443",
                                             "https:example.org",
                                             "https://example.org/",
                                             "https://example.org/x",
                                             "https://example.org?x",
                                             "https://u@example.org",
                                             "https://*.example.org",
                                             NULL};
    static const char *const bad_origins[] = {"https://example.org:65536",
                                              "https://example.org:x",
                                              "https://[::1",
                                              "://example.org",
                                              "1http://a",
                                              "ht tp://a",
                                              "http://\xc3\xa9",
                                              "http://%61",
                                              "http://a,x",
                                              NULL};
    static const char *const hosts[] = {
        "a", "example.org", "a, b-c.d_e,F.", "127.0.0.1", "A.Z.a.z.0.9", NULL};
    static const char *const no_hosts[] = {
        "",    ",",   "a,",    "a,,b", "a b", "a:80", "http://a", "*",
        "*.a", "a/b", "[::1]", "::1",  "%61", "a;b",  "\xc3\xa9", NULL};

    check_lists(site_policy_is_origin_list, true, origins);
    check_lists(site_policy_is_origin_list, false, no_origins);
    check_lists(site_policy_is_origin_list, false, bad_origins);
    check_lists(site_policy_is_host_list, true, hosts);
    check_lists(site_policy_is_host_list, false, no_hosts);
}

/* The headers as "Name: value; ", in their order. */
static const char *headers_of(const struct http_response *response)
{
    static char text[1024];
    char *at = text;

    *at = '\0';
    for (size_t i = 0; i < response->header_count; i++)
        at += sprintf(at, "%s: %s; ", response->headers[i].name,
                      response->headers[i].value);
    return text;
}

#define ALLOW(origin) "Access-Control-Allow-Origin: " origin "; "
#define EXPOSE                                                                 \
    "Access-Control-Expose-Headers: ETag, Link, Lunar-Position, Retry-After, " \
    "WWW-Authenticate, X-Request-Id, X-Total-Count; "
#define PREFLIGHT                                                              \
    "Access-Control-Allow-Methods: POST, OPTIONS; "                            \
    "Access-Control-Allow-Headers: Authorization, Content-Encoding, "          \
    "Content-Type, If-None-Match, Last-Event-ID, Lunar-After, X-Request-Id; "  \
    "Access-Control-Max-Age: "                                                 \
    "7200; "
#define VARY "Vary: Origin; "

static void responses_say_who_may_read_them(void **state)
{
    (void)state;
    static const struct {
        const char *origins, *origin;
        enum http_method method;
        const char *name, *value; /* of a header that is there already */
        const char *headers;
    } rows[] = {
        {NULL, "http://a", HTTP_GET, NULL, NULL, ""},
        {NULL, "http://a", HTTP_OPTIONS, "Allow", "GET", "Allow: GET; "},
        {"http://a", NULL, HTTP_GET, NULL, NULL, VARY},
        {"http://a", "http://b", HTTP_GET, NULL, NULL, VARY},
        {"http://a", "null", HTTP_GET, NULL, NULL, VARY},
        {"http://a", "http://b", HTTP_OPTIONS, "Allow", "GET",
         "Allow: GET; " VARY},
        /* As it was sent: the browser compares bytes. */
        {"http://b,http://a", "http://A:80", HTTP_GET, NULL, NULL,
         VARY ALLOW("http://A:80") EXPOSE},
        {"http://a", "http://a", HTTP_POST, NULL, NULL,
         VARY ALLOW("http://a") EXPOSE},
        {"http://a", "http://a", HTTP_HEAD, "Vary", "Accept-Encoding",
         "Vary: Accept-Encoding, Origin; " ALLOW("http://a") EXPOSE},
        {"*", NULL, HTTP_GET, "Vary", "Accept-Encoding",
         "Vary: Accept-Encoding; " ALLOW("*") EXPOSE},
        {"*", "null", HTTP_GET, NULL, NULL, ALLOW("*") EXPOSE},
        {"*", "null", HTTP_OPTIONS, "Allow", "POST, OPTIONS",
         "Allow: POST, OPTIONS; " ALLOW("*") PREFLIGHT},
        {"http://a", "http://a", HTTP_OPTIONS, "Allow", "POST, OPTIONS",
         "Allow: POST, OPTIONS; " VARY ALLOW("http://a") PREFLIGHT},
        /* Nothing at this path. */
        {"*", "http://a", HTTP_OPTIONS, NULL, NULL, ALLOW("*")},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct site_policy policy = {.origins = text_of(rows[i].origins)};
        const struct http_request request = {
            .method = rows[i].method,
            .fields = {.origin = text_of(rows[i].origin)}};
        struct http_response response;

        http_response_init(&response);
        if (rows[i].name != NULL)
            http_response_header(&response, rows[i].name, rows[i].value);
        site_policy_add_headers(&policy, &request, &response);
        assert_string_equal(headers_of(&response), rows[i].headers);
        http_response_release(&response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_fetch_site_decides_if_present),
        cmocka_unit_test(origin_is_compared_with_host),
        cmocka_unit_test(origin_is_compared_with_the_list),
        cmocka_unit_test(hidden_origin_is_not_in_a_list),
        cmocka_unit_test(host_must_be_local_an_address_or_listed),
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(responses_say_who_may_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
