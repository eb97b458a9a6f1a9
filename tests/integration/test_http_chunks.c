/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked coding (RFC 9112 section 7.1), well made and not: sizes,
 * extensions, what must stand between chunks, trailers. libmicrohttpd reads
 * it and shows us only what is in the chunks, so what it takes too lightly
 * is written down here as it is.
 */
#include "http_case.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A POST with this as its body, which has the next request behind it. */
#define BODY(text) HTTP_SENT(HTTP_POST HTTP_CHUNKED "\r\n" text)

#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define REFUSED .responses = {400}, .next = HTTP_CLOSED
/* The chunk never ends: nothing is answered, nothing done. */
#define ENDLESS .next = HTTP_CLOSED, .unfinished = true

#define END "\r\n0\r\n\r\n"

/* A chunk with this for its size, which must not be understood. */
#define SIZE(name, text)                                                       \
    {                                                                          \
        "RFC 9112 7.1", name, BODY(text "\r\n" HTTP_MESSAGE END), REFUSED      \
    }

static const struct http_case sizes[] = {
    {"RFC 9112 7.1", "one chunk", BODY("a0\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "capitals", BODY("A0\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "zeros before it",
     BODY("00000000000000000000000000a0\r\n" HTTP_MESSAGE "\r\n"
          "0000000000000000000000\r\n\r\n"),
     APPLIED},
    SIZE("empty", ""),
    SIZE("an empty line before it", "\r\na0"),
    SIZE("no digit", "x"),
    SIZE("a digit that is none", "ag"),
    SIZE("0x", "0xa0"),
    SIZE("a plus", "+a0"),
    SIZE("a minus", "-a0"),
    SIZE("minus one", "-1"),
    SIZE("an h behind it", "a0h"),
    SIZE("a comma behind it", "a0,"),
    SIZE("a fraction", "a0.0"),
    SIZE("quoted", "\"a0\""),
    SIZE("a blank before it", " a0"),
    SIZE("a blank behind it", "a0 "),
    SIZE("a tab behind it", "a0\t"),
    SIZE("a NUL behind it", "a0\0"),
    SIZE("a NUL before it", "\0a0"),
    SIZE("a CR within", "a\r0"),
    SIZE("a CR behind it", "a0\r"),
    SIZE("two sizes", "a0 a0"),
    {"RFC 9112 7.1", "past 64 bits",
     BODY("10000000000000000\r\n" HTTP_MESSAGE END), .responses = {413},
     .next = HTTP_CLOSED},
    {"RFC 9112 7.1", "far past 64 bits",
     BODY("fffffffffffffffffffffffffffffffff\r\n" HTTP_MESSAGE END),
     .responses = {413}, .next = HTTP_CLOSED},
    /* 2^64 + 160: must not be taken for 160. */
    {"RFC 9112 7.1", "160 if it wraps",
     BODY("100000000000000a0\r\n" HTTP_MESSAGE END), .responses = {413},
     .next = HTTP_CLOSED},
    {"RFC 9112 7.1", "all of 64 bits",
     BODY("ffffffffffffffff\r\n" HTTP_MESSAGE END), ENDLESS},
    {"RFC 9112 7.1", "all of 63 bits",
     BODY("7fffffffffffffff\r\n" HTTP_MESSAGE END), ENDLESS},
    {"RFC 9112 7.1", "160 in 32 bits", BODY("1000000a0\r\n" HTTP_MESSAGE END),
     ENDLESS},
};

static const struct http_case data[] = {
    {"RFC 9112 7.1", "a chunk too long by two", BODY("a2\r\n" HTTP_MESSAGE END),
     REFUSED},
    {"RFC 9112 7.1", "a chunk too short by one",
     BODY("9f\r\n" HTTP_MESSAGE END), REFUSED},
    {"RFC 9112 7.1", "no CRLF behind a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "a CR alone behind a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "two CRs behind a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\r\n0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "a CRLF too many behind a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n\r\n0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "no last chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 8", "it ends within a chunk", BODY("a0\r\n{"), ENDLESS},
    {"RFC 9112 8", "it ends before the last chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n"), ENDLESS},
    {"RFC 9112 8", "it ends within the last chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n0\r\n"), ENDLESS},
    {"RFC 9112 7.1", "no chunk but the last", BODY("0\r\n\r\n"),
     .responses = {400}, .next = HTTP_ANSWERED},
    {"RFC 9112 7.1", "a request in a chunk is none",
     BODY("e1\r\n" HTTP_SMUGGLED END), .responses = {400},
     .next = HTTP_ANSWERED},
    /*
     * RFC 9112 section 2.2 leaves it to us to take an LF for the end of the
     * first line and of fields; not of these. libmicrohttpd 0.9.75 takes it
     * for that everywhere, and we see no more than the content. A server in
     * front that takes the LF for a part of an extension reads another
     * request: it must refuse control characters there, as it should.
     */
    {"RFC 9112 7.1", "an LF behind the size", BODY("a0\n" HTTP_MESSAGE END),
     APPLIED},
    {"RFC 9112 7.1", "an LF behind an extension",
     BODY("a0;a\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "an LF behind a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\n0\r\n\r\n"), APPLIED},
    {"RFC 9112 7.1", "an LF behind a chunk with a CR for its last byte",
     BODY("a1\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "an LF behind the last size",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n0\n\r\n"), APPLIED},
    {"RFC 9112 7.1", "an LF at the end",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n0\r\n\n"), APPLIED},
};

static const struct http_case extensions[] = {
    {"RFC 9112 7.1.1", "a name", BODY("a0;a\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1.1", "a value", BODY("a0;a=b\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1.1", "several, and of the last chunk",
     BODY("a0;a=\"b;c\";d\r\n" HTTP_MESSAGE "\r\n0;e=f\r\n\r\n"), APPLIED},
    {"RFC 9112 7.1.1", "that looks like a size",
     BODY("a0;5;0\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1.1", "a CRLF is not quoted",
     BODY("a0;a=\"\r\n0\r\n\r\n" HTTP_SMUGGLED), REFUSED},
    /* An empty one is none by the grammar; nobody can mistake it. */
    {"RFC 9112 7.1.1", "an empty one", BODY("a0;\r\n" HTTP_MESSAGE END),
     APPLIED},
    /*
     * What stands in an extension is not looked at by libmicrohttpd. Bare
     * CRs (RFC 9112 section 2.2) and NULs should be refused.
     */
    {"RFC 9112 2.2", "a CR within", BODY("a0;a\rb\r\n" HTTP_MESSAGE END),
     APPLIED},
    {"RFC 9112 7.1.1", "a NUL within", BODY("a0;a\0b\r\n" HTTP_MESSAGE END),
     APPLIED},
    /*
     * Blanks before the semicolon must be taken (RFC 9110 section 5.6.3).
     * libmicrohttpd refuses them, which deceives nobody.
     */
    {"RFC 9112 7.1.1", "a blank before it",
     BODY("a0 ;a=b\r\n" HTTP_MESSAGE END), REFUSED},
};

/*
 * Trailer fields are read and forgotten (RFC 9112 section 7.1.2), also those
 * that would say where the request ends. The connection ends with them, as
 * libmicrohttpd 0.9.75 may have taken one that has no name for their end.
 */
#define APPLIED_LAST .responses = {202}, .next = HTTP_CLOSED, .applied = true
#define TRAILER(text) BODY("a0\r\n" HTTP_MESSAGE "\r\n0\r\n" text)

static const struct http_case trailers[] = {
    {"RFC 9112 7.1.2", "one", TRAILER("X: 1\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 7.1.2", "several", TRAILER("X: 1\r\nY:2\r\nZ:\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 6.5.1", "a length", TRAILER("Content-Length: 225\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 6.5.1", "a coding",
     TRAILER("Transfer-Encoding: chunked\r\n\r\n"), APPLIED_LAST},
    {"RFC 9110 6.5.1", "another host", TRAILER("Host: a\r\nHost: b\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 6.5.1", "another connection",
     TRAILER("Connection: close\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 5", "no colon", TRAILER("X\r\n\r\n"), REFUSED},
    {"RFC 9112 5", "no colon in the second", TRAILER("X: 1\r\nY\r\n\r\n"),
     REFUSED},
    {"RFC 9112 7.1", "a request in place of the end", TRAILER(HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 8", "it ends within one", TRAILER("X: 1"), ENDLESS},
    {"RFC 9112 8", "it ends behind one", TRAILER("X: 1\r\n"), ENDLESS},
    /* Nothing is done with them: what they look like decides nothing. */
    {"RFC 9112 5.2", "folded", TRAILER("X: 1\r\n 2\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 5.1", "a blank before the colon", TRAILER("X : 1\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 5.5", "a NUL", TRAILER("X: a\0b\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 11.2", "a field without a name",
     TRAILER("X: 1\r\n: 2\r\n" HTTP_SMUGGLED), APPLIED_LAST},
    {"RFC 9112 11.2", "a NUL before the second",
     TRAILER("X: 1\r\n\0: 2\r\n" HTTP_SMUGGLED), APPLIED_LAST},
    {"RFC 9112 5", "no name, in the first", TRAILER(": 1\r\n\r\n"),
     APPLIED_LAST},
    /*
     * Should be refused. A NUL at the start of the first of them ends them
     * as well, and leaves nothing by which we could tell. Others must refuse
     * such a name (RFC 9110 section 5.1).
     */
    {"RFC 9112 11.2", "a NUL before the first",
     TRAILER("\0: 1\r\n" HTTP_SMUGGLED), .responses = {202, 202},
     .next = HTTP_ANSWERED, .applied = true, .smuggled = true},
};

/* The body with `length` bytes of an extension, or of a trailer. */
static struct http_case long_one(struct http_case row, const char *before,
                                 size_t length, const char *behind)
{
    char *filler = malloc(length + 1), *text = NULL;

    assert_non_null(filler);
    memset(filler, 'x', length);
    filler[length] = '\0';
    int size = asprintf(&text, HTTP_POST HTTP_CHUNKED "\r\n%s%s%s", before,
                        filler, behind);
    free(filler);
    assert_true(size > 0);
    row.sent = text;
    row.length = (size_t)size;
    return row;
}

static void run_long(const struct instance *instance, struct http_case row)
{
    http_cases_run(instance, &row, 1);
    free((char *)row.sent);
}

static void chunk_size_is_hexadecimal_or_the_request_is_refused(void **state)
{
    HTTP_CASES_RUN(*state, sizes);
}

static void chunks_are_apart_or_the_request_is_refused(void **state)
{
    HTTP_CASES_RUN(*state, data);
}

static void extensions_are_passed_over(void **state)
{
    HTTP_CASES_RUN(*state, extensions);
}

static void trailers_are_read_and_forgotten(void **state)
{
    HTTP_CASES_RUN(*state, trailers);
}

/*
 * RFC 9112 section 7.1.1: there should be a limit, and past it a 4xx.
 * libmicrohttpd's is the memory of the connection, and its answer 500.
 */
static void extensions_have_a_limit(void **state)
{
    const struct http_case good = {"RFC 9112 7.1.1", "12,000 bytes", APPLIED};
    const struct http_case bad = {"RFC 9112 7.1.1", "100,000 bytes",
                                  .responses = {500}, .next = HTTP_CLOSED};

    run_long(*state, long_one(good, "a0;", 12000, "\r\n" HTTP_MESSAGE END));
    run_long(*state, long_one(bad, "a0;", 100000, "\r\n" HTTP_MESSAGE END));
}

static void trailers_have_a_limit(void **state)
{
    const struct http_case good = {"RFC 6585 5", "12,000 bytes", APPLIED_LAST};
    const struct http_case bad = {"RFC 6585 5", "100,000 bytes",
                                  .responses = {431}, .next = HTTP_CLOSED};

    run_long(*state, long_one(good, "a0\r\n" HTTP_MESSAGE "\r\n0\r\nX: ", 12000,
                              "\r\n\r\n"));
    run_long(*state, long_one(bad, "a0\r\n" HTTP_MESSAGE "\r\n0\r\nX: ", 100000,
                              "\r\n\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_size_is_hexadecimal_or_the_request_is_refused),
        cmocka_unit_test(chunks_are_apart_or_the_request_is_refused),
        cmocka_unit_test(extensions_are_passed_over),
        cmocka_unit_test(trailers_are_read_and_forgotten),
        cmocka_unit_test(extensions_have_a_limit),
        cmocka_unit_test(trailers_have_a_limit),
    };
    return HTTP_RUN_TESTS(tests);
}
