/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the values of header fields: tables of values, valid and invalid.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/fields.h"
#include "http/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void token_has_only_token_characters(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "a", "Z", "0", "Content-Type", "!#$%&'*+-.^_`|~",
    };

    for (size_t i = 0; i < COUNT(tokens); i++)
        assert_true(http_is_token(text_of(tokens[i])));
    assert_false(http_is_token(TEXT("")));
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'b'};
        bool good =
            c > ' ' && c < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
        assert_int_equal(http_is_token((struct text){text, 3}), good);
    }
}

/* Check a copy of exactly its size, so that a sanitizer detects overruns. */
static bool is_host(struct text text)
{
    char *copy = malloc(text.length > 0 ? text.length : 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.length);
    bool is = http_is_host((struct text){copy, text.length});
    free(copy);
    return is;
}

static void host_has_only_host_characters(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'b'};
        bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                            (c >= 'a' && c <= 'z');
        bool other = c != 0 && strchr("-._~!$&'()*+,;=", c) != NULL;
        assert_int_equal(is_host((struct text){text, 3}),
                         alphanumeric || other);
    }
}

static void host_syntax_is_checked(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "",
        "a",
        "a.b-c_d~e",
        "A.B:80",
        "a:",
        ":80",
        "127.0.0.1",
        "[::1]",
        "[::1]:80",
        "[::1]:",
        "[v1.a]",
        "[fe80::1%25eth0]",
        "a!$&'()*+,;=",
        "%41%6a",
        "%0a%a0",
        "a:0123456789",
    };
    static const char *const others[] = {
        " ",     "a b",      "a/b",   "a?b",    "a#b",  "a@b",      "a\\b",
        "a:b",   "a:8a",     "a:8:0", "a:-1",   "::1",  "[",        "[]",
        "[::1",  "]",        "::1]",  "[::1]a", "[:/]", "[[::1]]",  "a[::1]",
        "\"a\"", "a%",       "a%4",   "a%4g",   "a%g4", "\xc3\xa9", "a\tb",
        "a\x7f", "http://a", "a{",    "<a>",    "[@]",  "[::1/:80",
    };

    for (size_t i = 0; i < COUNT(hosts); i++)
        assert_true(is_host(text_of(hosts[i])));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(is_host(text_of(others[i])));
    assert_false(http_is_host((struct text){"a\0b", 3}));
    /* The escape must not be read past the end of the text. */
    assert_false(http_is_host((struct text){"%41", 2}));
    assert_false(http_is_host((struct text){"[a]", 2}));
    assert_true(http_is_host((struct text){"[", 0}));
}

static void media_type_ignores_case_and_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        bool is;
    } cases[] = {
        {"application/x-ndjson", true},
        {"Application/X-NDJSON", true},
        {"application/x-ndjson; charset=utf-8", true},
        {"application/x-ndjson ;charset=utf-8", true},
        {"\tapplication/x-ndjson ", true},
        {"application/x-ndjson;", true},
        {"application/x-ndjson2", false},
        {"application/x-ndjso", false},
        {"application/json; application/x-ndjson", false},
        {"application/x-ndjson, text/plain", false},
        {"", false},
        {NULL, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(http_media_type_is(text_of(cases[i].content_type),
                                            TEXT("application/x-ndjson")),
                         cases[i].is);
}

static void accepted_encodings_depend_on_weights(void **state)
{
    (void)state;
    static const struct {
        const char *accept_encoding;
        bool gzip;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"gzip, deflate, br, zstd", true},
        {"deflate,gzip", true},
        {" ,, gzip ,", true},
        {"deflate, br", false},
        {"gzipped", false},
        {"identity", false},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=1", true},
        {"gzip;q=1.000", true},
        {"gzip;q=0.001", true},
        {"gzip;q=0.9", true},
        {"gzip ; Q=0.5", true},
        {"gzip;q=0", false},
        {"gzip;q=0.", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0, *", false}, /* gzip is listed, so "*" is ignored */
        {"*, gzip;q=0", false},
        {"gzip, *;q=0", true},
        {"*;q=0, gzip", true},
        {"br, *;q=0.1", true},
        /* With an invalid weight the coding is not accepted. */
        {"gzip;q=", false},
        {"gzip;q", false},
        {"gzip;", false},
        {"gzip;q=2", false},
        {"gzip;q=2.5", false},
        {"gzip;q=10", false},
        {"gzip;q=0x5", false},
        {"gzip;q=1.001", false},
        {"gzip;q=0.0001", false},
        {"gzip;q=.5", false},
        {"gzip;q=05", false},
        {"gzip;q=-1", false},
        {"gzip;q=0.x", false},
        {"gzip;x=1", false},
        {"gzip;q=1;x=2", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(http_accepts_encoding(
                             text_of(cases[i].accept_encoding), TEXT("gzip")),
                         cases[i].gzip);
}

static void cross_site_requests_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *site, *origin, *host;
        bool cross;
    } cases[] = {
        /* Without both fields the client is not a browser. */
        {NULL, NULL, "x", false},
        {NULL, NULL, NULL, false},
        /* If Sec-Fetch-Site is present, only it decides. */
        {"same-origin", NULL, "x", false},
        {"none", NULL, "x", false},
        {"same-origin", "http://evil", "x", false},
        {"none", "null", "x", false},
        {"same-site", "http://x", "x", true},
        {"cross-site", "http://x", "x", true},
        {"cross-site", NULL, "x", true},
        {"", "http://x", "x", true},
        {"Same-Origin", "http://x", "x", true},
        /* Without it, Origin is compared with Host. */
        {NULL, "http://x", "x", false},
        {NULL, "https://x", "x", false},
        {NULL, "HTTP://X", "x", false},
        {NULL, "http://localhost:8088", "localhost:8088", false},
        {NULL, "http://[::1]:8088", "[::1]:8088", false},
        {NULL, "http://x", "x:80", false},
        {NULL, "http://x:80", "x", false},
        {NULL, "http://x:80", "x:80", false},
        {NULL, "https://x", "x:443", false},
        {NULL, "https://x:443", "x", false},
        {NULL, "http://[::1]", "[::1]:80", false},
        {NULL, "http://x:443", "x", true},
        {NULL, "https://x:80", "x", true},
        {NULL, "http://x", "x:443", true},
        {NULL, "http://localhost:8089", "localhost:8088", true},
        {NULL, "http://localhost", "localhost:8088", true},
        {NULL, "http://127.0.0.1:8088", "localhost:8088", true},
        {NULL, "http://x.evil", "x", true},
        {NULL, "http://evil/x", "x", true},
        {NULL, "http://x", NULL, true},
        {NULL, "null", "null", true},
        {NULL, "", "", true},
        {NULL, "http://", "", true},
        {NULL, "http://:80", "", true},
        {NULL, "http://:80", ":80", true},
        {NULL, "x", "x", true},
        {NULL, "chrome-extension://x", "x", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_fields fields = {
            .host = text_of(cases[i].host),
            .origin = text_of(cases[i].origin),
            .sec_fetch_site = text_of(cases[i].site),
        };
        assert_int_equal(http_is_cross_site(&fields), cases[i].cross);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_has_only_token_characters),
        cmocka_unit_test(host_has_only_host_characters),
        cmocka_unit_test(host_syntax_is_checked),
        cmocka_unit_test(media_type_ignores_case_and_parameters),
        cmocka_unit_test(accepted_encodings_depend_on_weights),
        cmocka_unit_test(cross_site_requests_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
