/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked coding (RFC 9112 section 7.1), valid and malformed: sizes,
 * extensions, the bytes between chunks, trailers. libmicrohttpd decodes it and
 * passes on only the content of the chunks. Rows record what it accepts
 * although it should not.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A POST with this body. The next request follows it. */
#define BODY(text) HTTP_SENT(HTTP_POST HTTP_CHUNKED "\r\n" text)

#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define REFUSED .responses = {400}, .next = HTTP_CLOSED
/* The chunk never ends: no response, no effect. */
#define ENDLESS .next = HTTP_CLOSED, .unfinished = true

#define END "\r\n0\r\n\r\n"

/* A chunk with this size, which must be refused. */
#define SIZE(name, text)                                                       \
    {                                                                          \
        "RFC 9112 7.1", name, BODY(text "\r\n" HTTP_MESSAGE END), REFUSED      \
    }

static const struct http_case sizes[] = {
    {"RFC 9112 7.1", "one chunk", BODY("a0\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "upper-case digits", BODY("A0\r\n" HTTP_MESSAGE END),
     APPLIED},
    {"RFC 9112 7.1", "leading zeros",
     BODY("00000000000000000000000000a0\r\n" HTTP_MESSAGE "\r\n"
          "0000000000000000000000\r\n\r\n"),
     APPLIED},
    SIZE("empty", ""),
    SIZE("an empty line before it", "\r\na0"),
    SIZE("not a digit", "x"),
    SIZE("an invalid digit", "ag"),
    SIZE("0x", "0xa0"),
    SIZE("a plus sign", "+a0"),
    SIZE("a minus sign", "-a0"),
    SIZE("minus one", "-1"),
    SIZE("an h after it", "a0h"),
    SIZE("a comma after it", "a0,"),
    SIZE("a fraction", "a0.0"),
    SIZE("quoted", "\"a0\""),
    SIZE("a space before it", " a0"),
    SIZE("a space after it", "a0 "),
    SIZE("a tab after it", "a0\t"),
    SIZE("a NUL after it", "a0\0"),
    SIZE("a NUL before it", "\0a0"),
    SIZE("a CR within", "a\r0"),
    SIZE("a CR after it", "a0\r"),
    SIZE("two sizes", "a0 a0"),
    {"RFC 9112 7.1", "past 64 bits",
     BODY("10000000000000000\r\n" HTTP_MESSAGE END), .responses = {413},
     .next = HTTP_CLOSED},
    {"RFC 9112 7.1", "far past 64 bits",
     BODY("fffffffffffffffffffffffffffffffff\r\n" HTTP_MESSAGE END),
     .responses = {413}, .next = HTTP_CLOSED},
    /* A parser that wraps at 64 bits would read 160. */
    {"RFC 9112 7.1", "2^64 + 160",
     BODY("100000000000000a0\r\n" HTTP_MESSAGE END), .responses = {413},
     .next = HTTP_CLOSED},
    {"RFC 9112 7.1", "2^64 - 1", BODY("ffffffffffffffff\r\n" HTTP_MESSAGE END),
     ENDLESS},
    {"RFC 9112 7.1", "2^63 - 1", BODY("7fffffffffffffff\r\n" HTTP_MESSAGE END),
     ENDLESS},
    {"RFC 9112 7.1", "2^32 + 160", BODY("1000000a0\r\n" HTTP_MESSAGE END),
     ENDLESS},
};

static const struct http_case data[] = {
    {"RFC 9112 7.1", "a chunk too long by two", BODY("a2\r\n" HTTP_MESSAGE END),
     REFUSED},
    {"RFC 9112 7.1", "a chunk too short by one",
     BODY("9f\r\n" HTTP_MESSAGE END), REFUSED},
    {"RFC 9112 7.1", "no CRLF after a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "a bare CR after a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "two CRs after a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\r\n0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "an extra CRLF after a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n\r\n0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "no last chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 8", "the stream ends within a chunk", BODY("a0\r\n{"), ENDLESS},
    {"RFC 9112 8", "the stream ends before the last chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n"), ENDLESS},
    {"RFC 9112 8", "the stream ends within the last chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n0\r\n"), ENDLESS},
    {"RFC 9112 7.1", "only the last chunk", BODY("0\r\n\r\n"),
     .responses = {400}, .next = HTTP_ANSWERED},
    {"RFC 9112 7.1", "a request as content of a chunk",
     BODY("e1\r\n" HTTP_SMUGGLED END), .responses = {400},
     .next = HTTP_ANSWERED},
    /*
     * RFC 9112 section 2.2 allows a bare LF as the end of the request line and
     * of field lines, but not here. libmicrohttpd 0.9.75 accepts it everywhere,
     * and the service sees only the content. A proxy in front that takes the LF
     * for a part of an extension reads a different request. It must refuse
     * control characters there, as the grammar requires.
     */
    {"RFC 9112 7.1", "an LF after the size", BODY("a0\n" HTTP_MESSAGE END),
     APPLIED},
    {"RFC 9112 7.1", "an LF after an extension",
     BODY("a0;a\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "an LF after a chunk",
     BODY("a0\r\n" HTTP_MESSAGE "\n0\r\n\r\n"), APPLIED},
    {"RFC 9112 7.1", "an LF after a chunk whose last byte is a CR",
     BODY("a1\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1", "an LF after the last size",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n0\n\r\n"), APPLIED},
    {"RFC 9112 7.1", "an LF as the last line end",
     BODY("a0\r\n" HTTP_MESSAGE "\r\n0\r\n\n"), APPLIED},
};

static const struct http_case extensions[] = {
    {"RFC 9112 7.1.1", "a name", BODY("a0;a\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1.1", "a value", BODY("a0;a=b\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1.1", "several, also of the last chunk",
     BODY("a0;a=\"b;c\";d\r\n" HTTP_MESSAGE "\r\n0;e=f\r\n\r\n"), APPLIED},
    {"RFC 9112 7.1.1", "one that looks like a size",
     BODY("a0;5;0\r\n" HTTP_MESSAGE END), APPLIED},
    {"RFC 9112 7.1.1", "a CRLF in a quoted value",
     BODY("a0;a=\"\r\n0\r\n\r\n" HTTP_SMUGGLED), REFUSED},
    /* The grammar does not allow an empty one, but it is not ambiguous. */
    {"RFC 9112 7.1.1", "an empty one", BODY("a0;\r\n" HTTP_MESSAGE END),
     APPLIED},
    /*
     * libmicrohttpd does not check the content of extensions. Bare CRs (RFC
     * 9112 section 2.2) and NULs should be refused.
     */
    {"RFC 9112 2.2", "a CR within", BODY("a0;a\rb\r\n" HTTP_MESSAGE END),
     APPLIED},
    {"RFC 9112 7.1.1", "a NUL within", BODY("a0;a\0b\r\n" HTTP_MESSAGE END),
     APPLIED},
    /*
     * Whitespace before the semicolon must be accepted (RFC 9110 section
     * 5.6.3). libmicrohttpd refuses it, which is safe.
     */
    {"RFC 9112 7.1.1", "a space before it",
     BODY("a0 ;a=b\r\n" HTTP_MESSAGE END), REFUSED},
};

/*
 * Trailer fields are read and discarded (RFC 9112 section 7.1.2), including
 * those that would change the framing. The connection closes after them,
 * because libmicrohttpd 0.9.75 may take a field without a name for their end.
 */
#define APPLIED_LAST .responses = {202}, .next = HTTP_CLOSED, .applied = true
#define TRAILER(text) BODY("a0\r\n" HTTP_MESSAGE "\r\n0\r\n" text)

static const struct http_case trailers[] = {
    {"RFC 9112 7.1.2", "one", TRAILER("X: 1\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 7.1.2", "several", TRAILER("X: 1\r\nY:2\r\nZ:\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 6.5.1", "a length", TRAILER("Content-Length: 225\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 6.5.1", "a transfer coding",
     TRAILER("Transfer-Encoding: chunked\r\n\r\n"), APPLIED_LAST},
    {"RFC 9110 6.5.1", "another host", TRAILER("Host: a\r\nHost: b\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 6.5.1", "a connection option",
     TRAILER("Connection: close\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 5", "no colon", TRAILER("X\r\n\r\n"), REFUSED},
    {"RFC 9112 5", "no colon in the second", TRAILER("X: 1\r\nY\r\n\r\n"),
     REFUSED},
    {"RFC 9112 7.1", "a request instead of the empty line",
     TRAILER(HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 8", "the stream ends within one", TRAILER("X: 1"), ENDLESS},
    {"RFC 9112 8", "the stream ends after one", TRAILER("X: 1\r\n"), ENDLESS},
    /* Trailers have no effect, so malformed ones do no harm. */
    {"RFC 9112 5.2", "folded", TRAILER("X: 1\r\n 2\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 5.1", "a space before the colon", TRAILER("X : 1\r\n\r\n"),
     APPLIED_LAST},
    {"RFC 9110 5.5", "a NUL", TRAILER("X: a\0b\r\n\r\n"), APPLIED_LAST},
    {"RFC 9112 11.2", "a field without a name",
     TRAILER("X: 1\r\n: 2\r\n" HTTP_SMUGGLED), APPLIED_LAST},
    {"RFC 9112 11.2", "a NUL before the second",
     TRAILER("X: 1\r\n\0: 2\r\n" HTTP_SMUGGLED), APPLIED_LAST},
    {"RFC 9112 5", "no name, in the first", TRAILER(": 1\r\n\r\n"),
     APPLIED_LAST},
    /*
     * Should be refused. A NUL at the start of the first trailer also ends the
     * trailers in libmicrohttpd, and nothing shows this to the service. A proxy
     * must refuse such a name (RFC 9110 section 5.1).
     */
    {"RFC 9112 11.2", "a NUL before the first",
     TRAILER("\0: 1\r\n" HTTP_SMUGGLED), .responses = {202, 202},
     .next = HTTP_ANSWERED, .applied = true, .smuggled = true},
};

/*
 * Return `row` with a chunked POST as `sent`: `before`, `length` filler bytes,
 * `after`. Ownership: the caller frees `sent`.
 */
static struct http_case with_filler(struct http_case row, const char *before,
                                    size_t length, const char *after)
{
    char *filler = malloc(length + 1), *text = NULL;

    assert_non_null(filler);
    memset(filler, 'x', length);
    filler[length] = '\0';
    int size = asprintf(&text, HTTP_POST HTTP_CHUNKED "\r\n%s%s%s", before,
                        filler, after);
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

static void chunk_size_must_be_hexadecimal(void **state)
{
    HTTP_CASES_RUN(*state, sizes);
}

static void chunk_must_end_in_a_line_end(void **state)
{
    HTTP_CASES_RUN(*state, data);
}

static void extensions_are_ignored(void **state)
{
    HTTP_CASES_RUN(*state, extensions);
}

static void trailers_are_read_and_discarded(void **state)
{
    HTTP_CASES_RUN(*state, trailers);
}

/*
 * RFC 9112 section 7.1.1: a server ought to limit the length of extensions and
 * send a 4xx beyond it. The limit of libmicrohttpd is the memory of the
 * connection, and its status is 500.
 */
static void extensions_have_a_limit(void **state)
{
    const struct http_case good = {"RFC 9112 7.1.1", "12,000 bytes", APPLIED};
    const struct http_case bad = {"RFC 9112 7.1.1", "100,000 bytes",
                                  .responses = {500}, .next = HTTP_CLOSED};

    run_long(*state, with_filler(good, "a0;", 12000, "\r\n" HTTP_MESSAGE END));
    run_long(*state, with_filler(bad, "a0;", 100000, "\r\n" HTTP_MESSAGE END));
}

static void trailers_have_a_limit(void **state)
{
    const struct http_case good = {"RFC 6585 5", "12,000 bytes", APPLIED_LAST};
    const struct http_case bad = {"RFC 6585 5", "100,000 bytes",
                                  .responses = {431}, .next = HTTP_CLOSED};

    run_long(*state, with_filler(good, "a0\r\n" HTTP_MESSAGE "\r\n0\r\nX: ",
                                 12000, "\r\n\r\n"));
    run_long(*state, with_filler(bad, "a0\r\n" HTTP_MESSAGE "\r\n0\r\nX: ",
                                 100000, "\r\n\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_size_must_be_hexadecimal),
        cmocka_unit_test(chunk_must_end_in_a_line_end),
        cmocka_unit_test(extensions_are_ignored),
        cmocka_unit_test(trailers_are_read_and_discarded),
        cmocka_unit_test(extensions_have_a_limit),
        cmocka_unit_test(trailers_have_a_limit),
    };
    return HTTP_RUN_TESTS(tests);
}
