/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the values of header fields: tables of values, valid and invalid.
 */
#include "lib/unit_check.h"

#include "http/etag.h"
#include "http/fields.h"

enum { MAX_VALUES = 24 };

/* Values that are all accepted, or all refused. A NULL ends them. */
struct values {
    bool accepted;
    const char *values[MAX_VALUES];
};

/* Check each value, as a copy of its size. */
static void check_values(bool (*is)(struct text value),
                         const struct values *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (const char *const *at = rows[i].values; *at != NULL; at++) {
            struct text copy = exact_copy(text_of(*at));
            if (is(copy) != rows[i].accepted)
                fail_msg("\"%s\" must %sbe accepted", *at,
                         rows[i].accepted ? "" : "not ");
            exact_copy_free(copy);
        }
    }
}

/* Check the texts of three bytes with any byte between two letters. */
static void check_bytes(bool (*is)(struct text value), const char *accepted)
{
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'b'};
        bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                            (c >= 'a' && c <= 'z');
        bool other = c != 0 && strchr(accepted, c) != NULL;
        assert_int_equal(is((struct text){text, 3}), alphanumeric || other);
    }
}

static void token_has_only_token_characters(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true, {"a", "Z", "0", "Content-Type", "!#$%&'*+-.^_`|~"}},
        {false, {""}},
    };

    check_values(http_is_token, rows, COUNT(rows));
    check_bytes(http_is_token, "!#$%&'*+-.^_`|~");
}

static void request_id_is_printable_and_bounded(void **state)
{
    (void)state;
    static const char punctuation[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    static const struct values rows[] = {
        {true,
         {"a", "!", "~", "258dbca1b259b0212cff3f1a9240c951", punctuation}},
        {false, {"", " ", "a b", " a", "a ", "a\t", "\x7f", "\xc3\xa9"}},
    };
    char longest[HTTP_MAX_REQUEST_ID + 1];

    check_values(http_is_request_id, rows, COUNT(rows));
    check_bytes(http_is_request_id, punctuation);
    assert_false(http_is_request_id(text_of(NULL)));
    memset(longest, 'x', sizeof(longest));
    assert_true(
        http_is_request_id((struct text){longest, HTTP_MAX_REQUEST_ID}));
    assert_false(
        http_is_request_id((struct text){longest, HTTP_MAX_REQUEST_ID + 1}));
}

static bool closes(struct text connection)
{
    return http_list_has(connection, TEXT("close"));
}

static void token_is_found_in_a_list(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true,
         {"close", "CLOSE", " close\t", "a,close", "a , close ,b", ",close,",
          "a b, close"}},
        {false, {"", ",", "closed", "clos", "a close", "close b", "\"close\""}},
    };

    check_values(closes, rows, COUNT(rows));
    assert_false(closes(text_of(NULL)));
}

static void transfer_coding_is_chunked_alone_or_unknown(void **state)
{
    (void)state;
    static const struct {
        enum http_transfer_coding coding;
        const char *values[MAX_VALUES];
    } rows[] = {
        {HTTP_TRANSFER_CHUNKED, {"chunked", "CHunkED"}},
        {HTTP_TRANSFER_UNKNOWN,
         {"gzip", "x", "identity", "chunkedx", "gzip, chunked", "gzip,,chunked",
          "gzip ;q=1;a=\"b\" , chunked", " a , b,", "gzip, chunked;a"}},
        /* Chunked, but not last, or twice, or written in another way. */
        {HTTP_TRANSFER_INVALID,
         {"chunked, gzip", "chunked,chunked", "gzip, chunked, chunked",
          "chunked ", " chunked", "chunked,", ",chunked", "chunked;", ",,"}},
        {HTTP_TRANSFER_INVALID,
         {"", " ", "chunked\v", "chunked gzip", "a b", "\"gzip\"", ";a=b",
          "gzip,;a", "chun\rked", "gzip;a=\"b,c\""}},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (const char *const *at = rows[i].values; *at != NULL; at++) {
            struct text copy = exact_copy(text_of(*at));
            if (http_transfer_coding_of(copy) != rows[i].coding)
                fail_msg("\"%s\" must be %d", *at, (int)rows[i].coding);
            exact_copy_free(copy);
        }
    assert_int_equal(http_transfer_coding_of(text_of(NULL)),
                     HTTP_TRANSFER_INVALID);
}

static void host_syntax_is_checked(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true,
         {"", "a", "a.b-c_d~e", "A.B:80", "a:", ":80", "127.0.0.1", "[::1]",
          "[::1]:80", "[::1]:", "[v1.a]", "%41%6a", "[fe80::1%25eth0]",
          "a!$&'()*+,;=", "%0a%a0", "a:0123456"}},
        {false,
         {" ", "a b", "a/b", "a?b", "a#b", "a@b", "a\\b", "a:b", "a:8a",
          "a:8:0", "a:-1", "::1", "[", "[]", "[::1", "]", "::1]"}},
        {false,
         {"[::1]a", "[:/]", "[[::1]]", "a[::1]", "\"a\"", "a%", "a%4", "a%4g",
          "a%g4", "\xc3\xa9", "a\tb", "a\x7f", "http://a", "a{", "<a>", "[@]",
          "[::1/:80"}},
    };

    check_values(http_is_host, rows, COUNT(rows));
    check_bytes(http_is_host, "-._~!$&'()*+,;=");
    /* The escape must not be read past the end of the text. */
    assert_false(http_is_host((struct text){"%41", 2}));
    assert_false(http_is_host((struct text){"[a]", 2}));
    assert_true(http_is_host((struct text){"[", 0}));
}

static bool is_ndjson(struct text content_type)
{
    return text_equal_ignoring_case(http_media_type(content_type),
                                    TEXT("application/x-ndjson"));
}

static void media_type_ignores_case_and_parameters(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true,
         {"application/x-ndjson", "Application/X-NDJSON",
          "application/x-ndjson; charset=utf-8",
          "application/x-ndjson ;charset=utf-8", "\tapplication/x-ndjson ",
          "application/x-ndjson;"}},
        {false,
         {"application/x-ndjson2", "application/x-ndjso",
          "application/json; application/x-ndjson",
          "application/x-ndjson, text/plain", ""}},
    };

    check_values(is_ndjson, rows, COUNT(rows));
    assert_false(is_ndjson(text_of(NULL)));
}

static void content_coding_is_gzip_or_none_or_another(void **state)
{
    (void)state;
    static const struct {
        enum http_coding coding;
        const char *values[9];
    } rows[] = {
        {HTTP_IDENTITY, {"", " ", ",", "identity", "Identity", ", identity,"}},
        {HTTP_GZIP,
         {"gzip", "x-gzip", "GZip", " gzip\t", ",gzip,", "identity, gzip"}},
        {HTTP_OTHER_CODING,
         {"gzip, gzip", "x-gzip,gzip", "deflate", "gzip, br", "br, gzip",
          "gzip;q=1", "gzi", "gzipp"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (const char *const *at = rows[i].values; *at != NULL; at++) {
            struct text copy = exact_copy(text_of(*at));
            if (http_content_coding(copy) != rows[i].coding)
                fail_msg("\"%s\" is another coding", *at);
            exact_copy_free(copy);
        }
    }
    assert_int_equal(http_content_coding(text_of(NULL)), HTTP_IDENTITY);
}

static bool accepts_gzip(struct text accept_encoding)
{
    return http_accepts_encoding(accept_encoding, TEXT("gzip"));
}

static void accepted_encodings_depend_on_weights(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true,
         {"gzip", "GZIP", "gzip, deflate, br, zstd", "deflate,gzip", "*",
          " ,, gzip ,", "gzip;q=1", "gzip;q=1.000", "gzip;q=0.001",
          "gzip;q=0.9", "gzip ; Q=0.5", "gzip, *;q=0", "*;q=0, gzip",
          "br, *;q=0.1"}},
        /* If gzip is listed, "*" is ignored. */
        {false,
         {"", "deflate, br", "gzipped", "identity", "*;q=0", "gzip;q=0",
          "gzip;q=0.", "gzip;q=0.000", "gzip;q=0, *", "*, gzip;q=0"}},
        /* invalid weights */
        {false,
         {"gzip;q=", "gzip;q", "gzip;", "gzip;q=2", "gzip;q=2.5", "gzip;q=10",
          "gzip;q=0x5", "gzip;q=1.001", "gzip;q=0.0001", "gzip;q=.5",
          "gzip;q=05", "gzip;q=-1", "gzip;q=0.x", "gzip;x=1", "gzip;q=1;x=2"}},
    };

    check_values(accepts_gzip, rows, COUNT(rows));
    assert_false(accepts_gzip(text_of(NULL)));
}

/* Strong or weak makes no difference. */
static bool matches_a(struct text if_none_match)
{
    bool matches = etag_matches(if_none_match, TEXT("\"a\""));

    assert_int_equal(etag_matches(if_none_match, TEXT("W/\"a\"")), matches);
    return matches;
}

static void if_none_match_is_compared_with_every_tag(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true,
         {"\"a\"", "W/\"a\"", "\"b\", \"c\", W/\"a\"", "\"b\", \"a\", \"c\"",
          "\"b\",\"a\"", "\"b\" \t,\t \"a\"", " \t\"a\"\t ",
          ",, \"b\",, ,\"a\",", "\"b,c\", \"a\"", "*", " * ", "\"a\", x",
          "\"a\" x", "\"a\", \"b"}},
        /* A star matches only if it is alone. */
        {false,
         {"\"A\"", "\"ab\"", "\"\"", "\"W/a\"", "\"b\", \"c\", W/\"d\"",
          "\"x,\"a\"", "\"b,a\"", "\"*\"", "\"b\", *", "*, \"a\"", "**"}},
        /* Tags after a syntax error are ignored. */
        {false,
         {"", " ", ",", "a", "\"a", "a\"", "\"", "W/", "W/a", "W\"a\"",
          "w/\"a\"", "W/ \"a\"", "'a'", "x, \"a\"", "\"b\" \"a\"", "\"b\"\"a\"",
          "\"b\"x, \"a\"", "W", "xa\""}},
    };

    check_values(matches_a, rows, COUNT(rows));
    assert_false(matches_a(text_of(NULL)));
}

/* As Apache's mod_deflate and mod_brotli write them. */
static void suffix_of_a_proxy_is_ignored(void **state)
{
    (void)state;
    static const struct values rows[] = {
        {true,
         {"\"a-gzip\"", "W/\"a-gzip\"", "\"a-br\"",
          "\"b-gzip\", W/\"a-gzip\""}},
        {false,
         {"\"b-gzip\"", "\"-gzip\"", "\"a-gzip-gzip\"", "\"a-gzip-br\"",
          "\"a-GZIP\"", "\"a-gzi\"", "\"a-gzipp\"", "\"a;gzip\"", "\"agzip\"",
          "\"a-zstd\"", "\"a-gzip", "a-gzip", "\"aa-gzip\""}},
    };

    check_values(matches_a, rows, COUNT(rows));
    /* The suffix is not taken off our own tag. */
    assert_false(etag_matches(TEXT("\"a\""), TEXT("\"a-gzip\"")));
    assert_true(etag_matches(TEXT("\"-gzip\""), TEXT("W/\"\"")));
}

static void etags_are_compared_by_every_byte(void **state)
{
    (void)state;
    assert_true(etag_matches(TEXT("\"\""), TEXT("W/\"\"")));
    assert_false(etag_matches(TEXT("\""), TEXT("W/\"\"")));
    assert_true(etag_matches(TEXT("\"\xc3\xa9\""), TEXT("\"\xc3\xa9\"")));
    assert_true(etag_matches(TEXT("\"a,b\", \"c\""), TEXT("\"a,b\"")));
    assert_false(etag_matches(TEXT("\"a\""), TEXT("\"ab\"")));
    /* Neither may contain these bytes. */
    assert_false(etag_matches(TEXT("\"a b\""), TEXT("\"a b\"")));
    assert_false(etag_matches(TEXT("\"a\x7f\""), TEXT("\"a\x7f\"")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_id_is_printable_and_bounded),
        cmocka_unit_test(token_has_only_token_characters),
        cmocka_unit_test(token_is_found_in_a_list),
        cmocka_unit_test(transfer_coding_is_chunked_alone_or_unknown),
        cmocka_unit_test(host_syntax_is_checked),
        cmocka_unit_test(media_type_ignores_case_and_parameters),
        cmocka_unit_test(content_coding_is_gzip_or_none_or_another),
        cmocka_unit_test(accepted_encodings_depend_on_weights),
        cmocka_unit_test(if_none_match_is_compared_with_every_tag),
        cmocka_unit_test(suffix_of_a_proxy_is_ignored),
        cmocka_unit_test(etags_are_compared_by_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
