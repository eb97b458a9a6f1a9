/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses, targets and header fields, as tables.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/sync.h"
#include "http/fields.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text(struct text text, const char *expected)
{
    if (expected == NULL) {
        assert_null(text.data);
        return;
    }
    assert_non_null(text.data);
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

static void response_keeps_its_headers_in_order(void **state)
{
    (void)state;
    struct http_response response;
    http_response_init(&response);
    char value[] = "W/\"1\", and more";
    http_response_header(&response, "Allow", "GET");
    assert_true(
        http_response_header_copy(&response, "ETag", (struct text){value, 5}));
    memset(value, '#', sizeof(value) - 1);
    assert_true(
        http_response_header_copy(&response, "Empty", (struct text){NULL, 0}));
    assert_int_equal(response.header_count, 3);
    assert_string_equal(response.headers[0].name, "Allow");
    assert_string_equal(response.headers[0].value, "GET");
    assert_string_equal(response.headers[1].name, "ETag");
    assert_string_equal(response.headers[1].value, "W/\"1\"");
    assert_string_equal(response.headers[2].value, "");
    http_response_release(&response);
}

/* Room for all that one may have, and no look beyond it. */
static void response_may_have_so_many_headers(void **state)
{
    (void)state;
    struct http_response response;
    http_response_init(&response);
    for (size_t i = 0; i < HTTP_MAX_HEADERS; i++)
        assert_true(http_response_header_copy(&response, "A", TEXT("b")));
    assert_int_equal(response.header_count, HTTP_MAX_HEADERS);
    http_response_release(&response);
}

struct counted_stream {
    struct http_stream stream;
    int freed;
};

static void count_free(struct http_stream *stream)
{
    container_of(stream, struct counted_stream, stream)->freed++;
}

struct counted_deferred {
    struct http_deferred deferred;
    int freed;
};

static void count_deferred_free(struct http_deferred *deferred)
{
    container_of(deferred, struct counted_deferred, deferred)->freed++;
}

static void release_frees_everything_once(void **state)
{
    (void)state;
    struct counted_stream stream = {{.free = count_free}, 0};
    struct counted_deferred deferred = {{.free = count_deferred_free}, 0};
    struct http_response response;
    http_response_init(&response);
    response.status = 200;
    response.stream = &stream.stream;
    response.deferred = &deferred.deferred;
    response.fixed = TEXT("x");
    buffer_append(&response.body, TEXT("body"));
    assert_true(http_response_header_copy(&response, "A", TEXT("b")));
    http_response_release(&response);
    http_response_release(&response);
    assert_int_equal(stream.freed, 1);
    assert_int_equal(deferred.freed, 1);
    assert_int_equal(response.status, 0);
    assert_int_equal(response.header_count, 0);
    assert_int_equal(response.body.length, 0);
    assert_null(response.stream);
    assert_null(response.deferred);
    assert_null(response.fixed.data);
}

static void methods_are_case_sensitive(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum http_method method;
    } cases[] = {
        {"GET", HTTP_GET},         {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST},
        {"OPTIONS", HTTP_OPTIONS}, {"get", HTTP_OTHER}, {"Post", HTTP_OTHER},
        {"GETS", HTTP_OTHER},      {"GE", HTTP_OTHER},  {"PUT", HTTP_OTHER},
        {"DELETE", HTTP_OTHER},    {"", HTTP_OTHER},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(http_method_of(text_of(cases[i].name)),
                         cases[i].method);
}

static void target_is_cut_into_path_and_query(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *path;
        const char *query; /* NULL: absent */
    } cases[] = {
        {"/", "/", NULL},
        {"/rockets", "/rockets", NULL},
        {"/rockets?", "/rockets", ""},
        {"/rockets?a=b", "/rockets", "a=b"},
        {"/rockets?a=?&b", "/rockets", "a=?&b"},
        {"/a%3Fb?c", "/a%3Fb", "c"},
        {"//x/y", "//x/y", NULL},
        {"*", "*", NULL},
        {"", "", NULL},
        {"?a", "", "a"},
        {"http://host", "/", NULL},
        {"http://host/", "/", NULL},
        {"http://host:80/rockets?a", "/rockets", "a"},
        {"HTTPS://host/x", "/x", NULL},
        {"http://host?a=/b", "/", "a=/b"},
        {"http://", "/", NULL},
        {"http:/x", "http:/x", NULL},
        {"ftp://host/x", "ftp://host/x", NULL},
        {"/http://host/x", "/http://host/x", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text path;
        struct text query;
        http_target_split(text_of(cases[i].target), &path, &query);
        assert_text(path, cases[i].path);
        assert_text(query, cases[i].query);
    }
}

static void absolute_target_has_an_authority(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *authority; /* NULL: absent */
    } cases[] = {
        {"/", NULL},
        {"/http://host/x", NULL},
        {"*", NULL},
        {"", NULL},
        {"host:80", NULL},
        {"ftp://host/x", NULL},
        {"http:/x", NULL},
        {"http://", ""},
        {"http:///x", ""},
        {"http://host", "host"},
        {"HTTPS://Host:1/x", "Host:1"},
        {"http://host?a", "host"},
        {"http://host#a", "host"},
        {"http://user@host/", "user@host"},
        {"http://[::1]:80/", "[::1]:80"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_text(http_target_authority(text_of(cases[i].target)),
                    cases[i].authority);
}

static void token_has_no_other_characters(void **state)
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

/* Exactly as long as the text, so that a sanitizer sees overruns. */
static bool is_host(struct text text)
{
    char *copy = malloc(text.length > 0 ? text.length : 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.length);
    bool is = http_is_host((struct text){copy, text.length});
    free(copy);
    return is;
}

static void host_has_no_other_characters(void **state)
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

static void host_has_a_form(void **state)
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
    /* Not beyond its end. */
    assert_false(http_is_host((struct text){"%41", 2}));
    assert_false(http_is_host((struct text){"[a]", 2}));
    assert_true(http_is_host((struct text){"[", 0}));
}

static void percent_is_decoded_in_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool plus_is_space;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"", false, ""},
        {"abc", false, "abc"},
        {"%41%6a%6A", false, "Ajj"},
        {"a+b", false, "a+b"},
        {"a+b", true, "a b"},
        {"%2B+%2b", true, "+ +"},
        {"%25%34%31", false, "%41"}, /* once, not twice */
        {"%ff%C3", false, "\xff\xc3"},
        {"%", false, NULL},
        {"%4", false, NULL},
        {"a%4", false, NULL},
        {"a%4g", false, NULL},
        {"a%g4", false, NULL},
        {"%%41", false, NULL},
        {"%+1", true, NULL},
        {"% 1", false, NULL},
        {"%-1", false, NULL},
        {"%0x", false, NULL},
        {"%@0", false, NULL},
        {"%`0", false, NULL},
        {"%:0", false, NULL},
        {"%/0", false, NULL},
        {"%G0", false, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* Exactly as long as the text, so that a sanitizer sees overruns. */
        size_t length = strlen(cases[i].text);
        char *text = malloc(length > 0 ? length : 1);
        assert_non_null(text);
        memcpy(text, cases[i].text, length);
        ptrdiff_t decoded =
            http_percent_decode(text, length, cases[i].plus_is_space);
        if (cases[i].decoded == NULL)
            assert_true(decoded == -1);
        else
            assert_text((struct text){text, (size_t)decoded}, cases[i].decoded);
        free(text);
    }
    char nul[] = "a%00b";
    assert_true(http_percent_decode(nul, 5, false) == 3);
    assert_memory_equal(nul, "a\0b", 3);
    char beyond[] = "a%41";
    assert_true(http_percent_decode(beyond, 3, false) == -1);
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

static void accepted_encodings_follow_their_weights(void **state)
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
        {"gzip;q=0, *", false}, /* named, so "*" does not count */
        {"*, gzip;q=0", false},
        {"gzip, *;q=0", true},
        {"*;q=0, gzip", true},
        {"br, *;q=0.1", true},
        /* What is no weight grants nothing. */
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

static void cross_site_requests_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *site, *origin, *host;
        bool cross;
    } cases[] = {
        /* No browser: neither field. */
        {NULL, NULL, "x", false},
        {NULL, NULL, NULL, false},
        /* Sec-Fetch-Site decides alone. */
        {"same-origin", NULL, "x", false},
        {"none", NULL, "x", false},
        {"same-origin", "http://evil", "x", false},
        {"none", "null", "x", false},
        {"same-site", "http://x", "x", true},
        {"cross-site", "http://x", "x", true},
        {"cross-site", NULL, "x", true},
        {"", "http://x", "x", true},
        {"Same-Origin", "http://x", "x", true},
        /* Without it, Origin against Host. */
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
        cmocka_unit_test(response_keeps_its_headers_in_order),
        cmocka_unit_test(response_may_have_so_many_headers),
        cmocka_unit_test(release_frees_everything_once),
        cmocka_unit_test(methods_are_case_sensitive),
        cmocka_unit_test(target_is_cut_into_path_and_query),
        cmocka_unit_test(absolute_target_has_an_authority),
        cmocka_unit_test(token_has_no_other_characters),
        cmocka_unit_test(host_has_no_other_characters),
        cmocka_unit_test(host_has_a_form),
        cmocka_unit_test(percent_is_decoded_in_place),
        cmocka_unit_test(media_type_ignores_case_and_parameters),
        cmocka_unit_test(accepted_encodings_follow_their_weights),
        cmocka_unit_test(cross_site_requests_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
