/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of requests: the request line, line ends, field names and values.
 * libmicrohttpd parses them. The service detects what it parses wrongly and
 * refuses it, as it refuses all that is ambiguous (RFC 9112 section 11.2).
 */
#include "http_case.h"

#include "lib/harness.h"

#define OK .responses = {200}, .next = HTTP_ANSWERED
#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define REFUSED .responses = {400}, .next = HTTP_CLOSED
/* RFC 9112 section 3 asks for 400; libmicrohttpd sends nothing. */
#define CLOSED .next = HTTP_CLOSED

#define LINE(text) HTTP_SENT(text "\r\n" HTTP_HOST "\r\n")
/* A POST with this among its fields. */
#define FIELD(text)                                                            \
    HTTP_SENT(HTTP_POST text "\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE)

static const struct http_case lines[] = {
    {"RFC 9112 3", "valid", LINE("GET /health HTTP/1.1"), OK},
    /* Any whitespace may separate the parts, or this may be refused. */
    {"RFC 9112 3", "two spaces before the target",
     LINE("GET  /health HTTP/1.1"), OK},
    {"RFC 9112 3", "two spaces after the target", LINE("GET /health  HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3", "a space at the end", LINE("GET /health HTTP/1.1 "),
     REFUSED},
    {"RFC 9112 3", "a space at the start", LINE(" GET /health HTTP/1.1"),
     CLOSED},
    {"RFC 9112 3", "tabs", LINE("GET\t/health\tHTTP/1.1"), CLOSED},
    {"RFC 9112 3", "a tab before the version", LINE("GET /health\tHTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a space in the target", LINE("GET /hea lth HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a space in the query", LINE("GET /health?a b HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3", "only a method", LINE("GET"), CLOSED},
    {"RFC 9112 3", "no target", LINE("GET HTTP/1.1"), REFUSED},
    {"RFC 9112 3", "two spaces instead of a target", LINE("GET  HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3", "no version: HTTP/0.9", LINE("GET /health"), REFUSED},
    {"RFC 9112 3", "no method", LINE("/health HTTP/1.1"), REFUSED},
    {"RFC 9112 3", "only fields", HTTP_SENT(HTTP_HOST "\r\n"), REFUSED},
    {"RFC 9112 3", "words", LINE("hello"), CLOSED},
    {"RFC 9112 2.2", "a CR in the method", LINE("G\rET /health HTTP/1.1"),
     REFUSED},
    {"RFC 9112 2.2", "a CR before the method", LINE("\rGET /health HTTP/1.1"),
     REFUSED},
    {"RFC 9112 2.2", "a CR in the target", LINE("GET /health\r HTTP/1.1"),
     REFUSED},
    {"RFC 9112 2.2", "a CR in the query", LINE("GET /health?\r HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a tab in the target", LINE("GET /hea\tlth HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a control character in the target",
     LINE("GET /health?\x01 HTTP/1.1"), REFUSED},
    {"RFC 9112 3.2", "a DEL in the target", LINE("GET /health?\x7f HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a DEL as the target", LINE("GET \x7f HTTP/1.1"), REFUSED},
    {"RFC 9112 2.2", "a CR in the version", LINE("GET /health HTTP/1.1\r"),
     REFUSED},
    {"RFC 9112 3", "a NUL in the method", LINE("GET\0 /health HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3", "a NUL after the method", LINE("GET \0/health HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a NUL in the target", LINE("GET /health\0 HTTP/1.1"),
     REFUSED},
    {"RFC 9112 3.2", "a NUL in the target, and more",
     LINE("GET /health\0/../x HTTP/1.1"), REFUSED},
    {"RFC 9112 3.2", "a NUL in the query", LINE("GET /health?a\0b HTTP/1.1"),
     REFUSED},
    {"RFC 9112 2.3", "a NUL in the version", LINE("GET /health HTTP/1.1\0"),
     REFUSED},
    /*
     * Should be refused. libmicrohttpd 0.9.75 takes a line that begins with a
     * NUL for an empty line, which may precede a request, and discards it. It
     * reads no request from it. Other servers read a method with a NUL, which
     * they must refuse.
     */
    {"RFC 9112 3", "a line that is a NUL", HTTP_SENT("\0\r\n" HTTP_GET "\r\n"),
     OK},
    {"RFC 9112 3", "a line that begins with a NUL",
     HTTP_SENT("\0GET /nowhere HTTP/1.1\r\n" HTTP_GET "\r\n"), OK},
};

static const struct http_case versions[] = {
    {"RFC 9112 9.3", "HTTP/1.0", LINE("GET /health HTTP/1.0"),
     .responses = {200}, .next = HTTP_CLOSED},
    {"RFC 9112 9.3", "HTTP/1.0 with keep-alive",
     HTTP_SENT("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), OK},
    {"RFC 9112 9.3", "HTTP/1.0, a POST with keep-alive",
     HTTP_SENT(
         "POST /messages HTTP/1.0\r\nConnection: Keep-Alive\r\n" HTTP_LENGTH
         "\r\n" HTTP_MESSAGE),
     APPLIED},
    {"RFC 9112 9.3", "HTTP/1.0, a POST",
     HTTP_SENT("POST /messages HTTP/1.0\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     .responses = {202}, .next = HTTP_CLOSED, .applied = true},
    {"RFC 9112 9.6", "HTTP/1.1 with close",
     HTTP_SENT(HTTP_GET "Connection: close\r\n\r\n"), .responses = {200},
     .next = HTTP_CLOSED},
    {"RFC 9112 9.6", "close among other options",
     HTTP_SENT(HTTP_GET "Connection: x, CLOSE ,y\r\n\r\n"), .responses = {200},
     .next = HTTP_CLOSED},
    {"RFC 9112 9.6", "close and keep-alive",
     HTTP_SENT(HTTP_GET "Connection: keep-alive\r\nConnection: close\r\n\r\n"),
     .responses = {200}, .next = HTTP_CLOSED},
    {"RFC 9110 2.5", "a later minor version is read as ours",
     LINE("GET /health HTTP/1.9"), OK},
    {"RFC 9110 15.6.6", "HTTP/2.0 in the request line",
     LINE("GET /health HTTP/2.0"), .responses = {505}, .next = HTTP_CLOSED},
    {"RFC 9113 3.4", "the preface of HTTP/2",
     HTTP_SENT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
               "\0\0\0\x04\0\0\0\0\0"),
     .responses = {505}, .next = HTTP_CLOSED},
    {"RFC 9110 7.8", "an upgrade to HTTP/2: ignored",
     HTTP_SENT(HTTP_GET "Connection: Upgrade, HTTP2-Settings\r\n"
                        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
     OK},
    {"RFC 9110 15.6.6", "HTTP/0.9 in the request line",
     LINE("GET /health HTTP/0.9"), .responses = {505}, .next = HTTP_CLOSED},
    {"RFC 9112 2.3", "lower case", LINE("GET /health http/1.1"), REFUSED},
    {"RFC 9112 2.3", "two digits", LINE("GET /health HTTP/1.10"), REFUSED},
    {"RFC 9112 2.3", "a comma", LINE("GET /health HTTP/1,1"), REFUSED},
    {"RFC 9112 2.3", "no minor version", LINE("GET /health HTTP/1"), REFUSED},
    {"RFC 9112 2.3", "another protocol", LINE("GET /health ICAP/1.1"), REFUSED},
    {"RFC 9112 2.3", "a longer name", LINE("GET /health HTTPS/1.1"), REFUSED},
    /*
     * The start of a TLS ClientHello, with an LF where a length or random
     * number may contain one. Without an LF the connection waits for its
     * deadline.
     */
    {"RFC 8446 4.1.2", "a TLS ClientHello",
     HTTP_SENT("\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03\n\x13\x01 \n\0\x02"),
     CLOSED},
};

/*
 * Empty lines before a request are ignored; RFC 9112 section 2.2 asks this for
 * at least one. A bare LF may be accepted as a line end.
 */
static const struct http_case line_ends[] = {
    {"RFC 9112 2.2", "an empty line before", HTTP_SENT("\r\n" HTTP_GET "\r\n"),
     OK},
    {"RFC 9112 2.2", "ten empty lines before",
     HTTP_SENT("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" HTTP_GET "\r\n"), OK},
    {"RFC 9112 2.2", "an empty line after a body",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE "\r\n"), APPLIED},
    {"RFC 9112 2.2", "empty lines and no request", HTTP_SENT("\r\n\r\n"),
     CLOSED, .unfinished = true},
    {"RFC 9112 2.2", "LFs instead of CRLFs",
     HTTP_SENT("\nGET /health HTTP/1.1\nHost: localhost\nX: y\n\n"), OK},
    {"RFC 9112 2.2", "LFs and CRLFs",
     HTTP_SENT("GET /health HTTP/1.1\nHost: localhost\r\nX: y\n\r\n"), OK},
    /* Two fields, which another server may read as one. */
    {"RFC 9112 2.2", "an LF in a value: a length",
     HTTP_SENT(HTTP_GET "X: y\nContent-Length: 225\r\n\r\n" HTTP_SMUGGLED), OK},
    {"RFC 9112 2.2", "an LF in a value: a second length",
     HTTP_SENT(HTTP_GET "Content-Length: 0\r\nX: y\nContent-Length: 225\r\n"
                        "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 2.2", "CRs instead of CRLFs",
     HTTP_SENT("GET /health HTTP/1.1\rHost: localhost\r\r"), CLOSED,
     .unfinished = true},
    {"RFC 9112 2.2", "a CR as the empty line",
     HTTP_SENT(HTTP_GET "\r\r\n" HTTP_SMUGGLED), REFUSED},
};

static const struct http_case names[] = {
    {"RFC 9110 5.6.2", "all characters of a token",
     FIELD("!#$%&'*+-.^_`|~0aZ: x"), APPLIED},
    {"RFC 9112 5", "no colon", FIELD("X"), REFUSED},
    {"RFC 9112 5", "no colon in the first field",
     HTTP_SENT("GET /health HTTP/1.1\r\nHost\r\n\r\n"), REFUSED},
    {"RFC 9112 5.1", "a space before the colon", FIELD("X : y"), REFUSED},
    {"RFC 9112 5.1", "a tab before the colon", FIELD("X\t: y"), REFUSED},
    {"RFC 9112 5.1", "a space before the colon of Host",
     HTTP_SENT("GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n"), REFUSED},
    {"RFC 9112 2.2", "a space before the first field",
     HTTP_SENT("GET /health HTTP/1.1\r\n X: y\r\n" HTTP_HOST "\r\n"), REFUSED},
    {"RFC 9112 2.2", "a space before the first field, Host",
     HTTP_SENT("GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n"), REFUSED},
    {"RFC 9110 5.6.2", "a space within", FIELD("X Y: z"), REFUSED},
    {"RFC 9110 5.6.2", "a CR within", FIELD("X\rY: z"), REFUSED},
    {"RFC 9110 5.6.2", "parentheses", FIELD("X(Y): z"), REFUSED},
    {"RFC 9110 5.6.2", "a slash", FIELD("X/Y: z"), REFUSED},
    {"RFC 9110 5.6.2", "quotes", FIELD("\"X\": z"), REFUSED},
    {"RFC 9110 5.6.2", "a DEL", FIELD("X\x7f: z"), REFUSED},
    {"RFC 9110 5.6.2", "beyond ASCII", FIELD("\xc3\xa9: z"), REFUSED},
    {"RFC 9110 5.6.2", "a NUL after the name", FIELD("X\0: z"), REFUSED},
    {"RFC 9110 5.6.2", "no name, in the first field",
     HTTP_SENT("GET /health HTTP/1.1\r\n: x\r\n" HTTP_HOST "\r\n"), REFUSED},
    /*
     * libmicrohttpd 0.9.75 takes a line that begins with a NUL, or with a colon
     * unless it is the first field line, for the end of the head. Other servers
     * ignore such a line and read fields where this one would read a request.
     * The service detects it by the bytes left of the head.
     */
    {"RFC 9112 11.2", "no name, in the second field",
     HTTP_SENT(HTTP_GET ": x\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 11.2", "no name and no value",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\n:\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 11.2", "no name, and LFs",
     HTTP_SENT("GET /health HTTP/1.1\nHost: localhost\n: x\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 11.2", "a NUL as a name",
     HTTP_SENT(HTTP_GET "\0: x\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 11.2", "a NUL as a line",
     HTTP_SENT(HTTP_GET "\0\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 11.2", "a NUL before a name",
     HTTP_SENT(HTTP_GET "\0X: y\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 11.2", "a NUL before the only name",
     HTTP_SENT("GET /health HTTP/1.0\r\n\0Connection: keep-alive\r\n"
               "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 11.2", "NULs instead of CRLFs",
     HTTP_SENT(HTTP_GET "X: y\0\0\0\0" HTTP_SMUGGLED), REFUSED},
    /*
     * Should be refused. A line of a colon or a NUL, with a bare LF next to it,
     * has become the same four NULs as "\r\n\r\n" when the service sees the
     * head, so it cannot be detected. A proxy that forwards both such a name
     * and a bare LF makes smuggling possible; RFC 9112 sections 2.2 and 5.1
     * forbid both.
     */
    {"RFC 9112 11.2", "a colon and an LF",
     HTTP_SENT(HTTP_GET ":\n" HTTP_SMUGGLED), .responses = {200, 202},
     .next = HTTP_ANSWERED, .smuggled = true},
    {"RFC 9112 11.2", "a NUL and an LF",
     HTTP_SENT(HTTP_GET "\0\n" HTTP_SMUGGLED), .responses = {200, 202},
     .next = HTTP_ANSWERED, .smuggled = true},
    {"RFC 9112 11.2", "a colon after an LF",
     HTTP_SENT("GET /health HTTP/1.1\r\nHost: localhost\n:\r\n" HTTP_SMUGGLED),
     .responses = {200, 202}, .next = HTTP_ANSWERED, .smuggled = true},
    {"RFC 9112 11.2", "a NUL after an LF",
     HTTP_SENT("GET /health HTTP/1.1\r\nHost: localhost\n\0\r\n" HTTP_SMUGGLED),
     .responses = {200, 202}, .next = HTTP_ANSWERED, .smuggled = true},
};

static const struct http_case values[] = {
    {"RFC 9110 5.5", "empty", FIELD("X:"), APPLIED},
    {"RFC 9110 5.5", "only whitespace", FIELD("X: \t "), APPLIED},
    {"RFC 9110 5.5", "whitespace within and after it", FIELD("X: a \t b \t"),
     APPLIED},
    {"RFC 9110 5.5", "bytes beyond ASCII", FIELD("X: \xe9\xff"), APPLIED},
    {"RFC 9110 5.5", "colons", FIELD("X: :a::b:"), APPLIED},
    /* These may be retained where they do no harm. */
    {"RFC 9110 5.5", "other control characters", FIELD("X: \x01\x7f\v\f"),
     APPLIED},
    /* CRs and NULs must be refused, or replaced by spaces. */
    {"RFC 9110 5.5", "a CR within", FIELD("X: a\rb"), REFUSED},
    {"RFC 9110 5.5", "a CR at the start", FIELD("X: \ra"), REFUSED},
    {"RFC 9110 5.5", "a CR at the end", FIELD("X: a\r"), REFUSED},
    {"RFC 9110 5.5", "a CR as the value", FIELD("X:\r"), REFUSED},
    {"RFC 9110 5.5", "a NUL within", FIELD("X: a\0b"), REFUSED},
    {"RFC 9110 5.5", "a NUL at the end", FIELD("X: a\0"), REFUSED},
    {"RFC 9110 5.5", "a NUL as the value", FIELD("X: \0"), REFUSED},
    {"RFC 9110 5.5", "a NUL in the last value",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "X: a\0b\r\n\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9110 5.5", "a NUL at the end of the last value",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "X: a\0\r\n\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9110 5.5", "a NUL in a length",
     HTTP_SENT(HTTP_POST "Content-Length: 160\0"
                         "0\r\n\r\n" HTTP_MESSAGE),
     REFUSED},
    {"RFC 9110 5.5", "a NUL in a transfer coding",
     HTTP_SENT(HTTP_POST
               "Transfer-Encoding: chunked\0, x\r\n\r\na0\r\n" HTTP_MESSAGE
               "\r\n0\r\n\r\n"),
     REFUSED},
    {"RFC 9110 5.5", "a NUL in Sec-Fetch-Site",
     FIELD("Sec-Fetch-Site: none\0, cross-site"), REFUSED},
    /* Cannot be distinguished from a CR, and is accepted as one. */
    {"RFC 9110 5.5", "a NUL before an LF", FIELD("X: a\0\nY: z"), APPLIED},
};

/*
 * RFC 9112 section 5.2: a folded line must be refused, or each fold replaced by
 * spaces. The service refuses it.
 */
static const struct http_case folds[] = {
    {"RFC 9112 5.2", "a value continues", FIELD("X: a\r\n b"), REFUSED},
    {"RFC 9112 5.2", "a value continues after a tab", FIELD("X: a\r\n\tb"),
     REFUSED},
    {"RFC 9112 5.2", "a value continues on several lines",
     FIELD("X: a\r\n b\r\n c\r\n d"), REFUSED},
    {"RFC 9112 5.2", "a value continues after an LF", FIELD("X: a\n b"),
     REFUSED},
    {"RFC 9112 5.2", "only whitespace on the second line", FIELD("X: a\r\n \t"),
     REFUSED},
    {"RFC 9112 5.2", "a second line that looks like a field",
     FIELD("X: a\r\n Y: b"), REFUSED},
    {"RFC 9112 5.2", "a second line that looks like Host",
     FIELD("X: a\r\n Host: b"), REFUSED},
    {"RFC 9112 5.2", "a length begins on the second line",
     HTTP_SENT(HTTP_GET "Content-Length:\r\n 225\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 5.2", "a length continues",
     HTTP_SENT(HTTP_GET "Content-Length: 0\r\n 225\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 5.2", "a name continues",
     HTTP_SENT(HTTP_GET "Content-Len: 225\r\n gth\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
    /*
     * libmicrohttpd 0.9.75 appends the fold to the name, which makes it an
     * unknown field.
     */
    {"RFC 9112 5.2", "a value begins on the second line", FIELD("X:\r\n a"),
     REFUSED},
    {"RFC 9112 5.2", "a value of whitespace on the second line",
     FIELD("X:\r\n "), REFUSED},
    {"RFC 9112 5.2", "whitespace, and a value on the second line",
     FIELD("X: \t \r\n a"), REFUSED},
    {"RFC 9112 5.2", "Sec-Fetch-Site begins on the second line",
     FIELD("Sec-Fetch-Site:\r\n cross-site"), REFUSED},
    {"RFC 9112 5.2", "the last field",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "X:\r\n a\r\n\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9112 5.2", "the last field, only whitespace on the second line",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "X: a\r\n \r\n\r\n" HTTP_MESSAGE),
     REFUSED},
};

static void request_line_is_unambiguous(void **state)
{
    HTTP_CASES_RUN(*state, lines);
}

static void version_decides_about_the_next_request(void **state)
{
    HTTP_CASES_RUN(*state, versions);
}

static void lines_end_in_crlf_or_lf(void **state)
{
    HTTP_CASES_RUN(*state, line_ends);
}

static void field_name_must_be_a_token(void **state)
{
    HTTP_CASES_RUN(*state, names);
}

static void field_value_is_one_line_of_text(void **state)
{
    HTTP_CASES_RUN(*state, values);
}

static void folded_line_is_refused(void **state)
{
    HTTP_CASES_RUN(*state, folds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_line_is_unambiguous),
        cmocka_unit_test(version_decides_about_the_next_request),
        cmocka_unit_test(lines_end_in_crlf_or_lf),
        cmocka_unit_test(field_name_must_be_a_token),
        cmocka_unit_test(field_value_is_one_line_of_text),
        cmocka_unit_test(folded_line_is_refused),
    };
    return HTTP_RUN_TESTS(tests);
}
