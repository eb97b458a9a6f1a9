/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of requests: the request line, line ends, field names and values; and
 * where a request goes, by its method, target and Host. libmicrohttpd parses
 * heads. The service detects what it parses wrongly and refuses it, as it
 * refuses all that is ambiguous (RFC 9112 section 11.2). tests/unit/http has
 * all hosts and percent-encodings.
 */
#include "http_case.h"

#include "lib/harness.h"

/* RFC 9112 section 3 asks for 400; for CLOSED ones libmicrohttpd sends nothing.
 */
static const struct http_case request_line_is_unambiguous[] = {
    /* Any whitespace may separate the parts, or this may be refused. */
    {"9112 3", "two spaces", LINE("GET  /health HTTP/1.1"), OK},
    {"9112 3", "two after the target", LINE("GET /health  HTTP/1.1"), REFUSED},
    {"9112 3", "a space at the start", LINE(" GET /health HTTP/1.1"), CLOSED},
    {"9112 3", "tabs", LINE("GET\t/health\tHTTP/1.1"), CLOSED},
    {"9112 3", "a tab after the target", LINE("GET /x\tHTTP/1.1"), REFUSED},
    {"9112 3.2", "a space in the target", LINE("GET /a b HTTP/1.1"), REFUSED},
    {"9112 3", "only a method", LINE("GET"), CLOSED},
    {"9112 3", "no target", LINE("GET HTTP/1.1"), REFUSED},
    {"9112 3", "no version: HTTP/0.9", LINE("GET /health"), REFUSED},
    {"9112 2.2", "a CR in the method", LINE("G\rET / HTTP/1.1"), REFUSED},
    {"9112 2.2", "a CR in the target", LINE("GET /health\r HTTP/1.1"), REFUSED},
    {"9112 3.2", "a tab in the target", LINE("GET /a\tb HTTP/1.1"), REFUSED},
    {"9112 3.2", "a DEL in the query", LINE("GET /?\x7f HTTP/1.1"), REFUSED},
    {"9112 3", "a NUL in the method", LINE("GET\0 / HTTP/1.1"), REFUSED},
    {"9112 3.2", "a NUL in the target", LINE("GET /x\0 HTTP/1.1"), REFUSED},
    {"9112 2.3", "a NUL in the version", LINE("GET / HTTP/1.1\0"), REFUSED},
    /*
     * Should be refused. libmicrohttpd 0.9.75 takes a line that begins with a
     * NUL for an empty line, which may precede a request, and discards it. It
     * reads no request from it. Other servers read a method with a NUL, which
     * they must refuse.
     */
    {"9112 3", "a line that is a NUL", SENT("\0\r\n" GET "\r\n"), OK},
    {"9112 3", "a line that begins with a NUL",
     SENT("\0GET /nowhere HTTP/1.1\r\n" GET "\r\n"), OK},
};

static const struct http_case version_decides_about_the_next_request[] = {
    {"9112 9.3", "HTTP/1.0", LINE("GET /health HTTP/1.0"), LAST(200)},
    {"9112 9.3", "HTTP/1.0, a POST with keep-alive",
     SENT(POST_1_0 "Connection: Keep-Alive\r\n" WITH_MESSAGE), APPLIED},
    {"9112 9.3", "HTTP/1.0, a POST", SENT(POST_1_0 WITH_MESSAGE), LAST(202),
     .applied = true},
    {"9112 9.6", "close", SENT(GET "Connection: close\r\n\r\n"), LAST(200)},
    {"9112 9.6", "close among other options",
     SENT(GET "Connection: x, CLOSE ,y\r\n\r\n"), LAST(200)},
    {"9110 2.5", "a later minor version", LINE("GET /health HTTP/1.9"), OK},
    {"9110 15.6.6", "HTTP/2.0", LINE("GET /health HTTP/2.0"), LAST(505)},
    {"9113 3.4", "the preface of HTTP/2",
     SENT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"), LAST(505)},
    {"9112 2.3", "lower case", LINE("GET /health http/1.1"), REFUSED},
    /*
     * The start of a TLS ClientHello, with an LF where a length or random
     * number may contain one. Without an LF the connection waits for its
     * deadline.
     */
    {"8446 4.1.2", "a TLS ClientHello",
     SENT("\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03\n\x13\x01 \n\0\x02"), CLOSED},
};

/*
 * Empty lines before a request are ignored; RFC 9112 section 2.2 asks this for
 * at least one. A bare LF may be accepted as a line end.
 */
static const struct http_case lines_end_in_crlf_or_lf[] = {
    {"9112 2.2", "an empty line before", SENT("\r\n" GET "\r\n"), OK},
    {"9112 2.2", "one after a body", SENT(POST WITH_MESSAGE "\r\n"), APPLIED},
    {"9112 2.2", "empty lines and no request", SENT("\r\n\r\n"), UNFINISHED},
    {"9112 2.2", "LFs instead of CRLFs",
     SENT("\nGET /health HTTP/1.1\nHost: localhost\nX: y\n\n"), OK},
    /* Two fields, which another server may read as one. */
    {"9112 2.2", "an LF in a value", SENT(GET "X: y\n" WITH_SMUGGLED), OK},
    {"9112 2.2", "an LF in a value: a second length",
     SENT(GET "Content-Length: 0\r\nX: y\n" WITH_SMUGGLED), REFUSED},
    {"9112 2.2", "CRs instead of CRLFs",
     SENT("GET /health HTTP/1.1\rHost: localhost\r\r"), UNFINISHED},
    {"9112 2.2", "a CR as an empty line", SENT(GET "\r\r\n" SMUGGLED), REFUSED},
};

/*
 * Should be refused. A line of a colon or a NUL, with a bare LF next to it,
 * has become the same four NULs as "\r\n\r\n" when the service sees the head,
 * so it cannot be detected. A proxy that forwards both such a name and a bare
 * LF makes smuggling possible; RFC 9112 sections 2.2 and 5.1 forbid both.
 */
#define UNSEEN .responses = {200, 202}, .next = HTTP_ANSWERED, .smuggled = true
static const struct http_case field_name_must_be_a_token[] = {
    {"9110 5.6.2", "every tchar", FIELD("!#$%&'*+-.^_`|~0aZ: x"), APPLIED},
    {"9112 5", "no colon", FIELD("X"), REFUSED},
    {"9112 5.1", "a space before the colon", FIELD("X : y"), REFUSED},
    {"9112 2.2", "a space before the first field, Host",
     SENT("GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n"), REFUSED},
    {"9110 5.6.2", "a space within", FIELD("X Y: z"), REFUSED},
    {"9110 5.6.2", "a CR within", FIELD("X\rY: z"), REFUSED},
    {"9110 5.6.2", "parentheses", FIELD("X(Y): z"), REFUSED},
    {"9110 5.6.2", "a DEL", FIELD("X\x7f: z"), REFUSED},
    {"9110 5.6.2", "beyond ASCII", FIELD("\xc3\xa9: z"), REFUSED},
    {"9110 5.6.2", "a NUL after the name", FIELD("X\0: z"), REFUSED},
    {"9110 5.6.2", "no name in the first field",
     SENT("GET /health HTTP/1.1\r\n: x\r\n" HOST "\r\n"), REFUSED},
    /*
     * libmicrohttpd 0.9.75 takes a line that begins with a NUL, or with a colon
     * unless it is the first field line, for the end of the head. Other servers
     * ignore such a line and read fields where this one would read a request.
     * The service detects it by the bytes left of the head.
     */
    {"9112 11.2", "no name, the second", SENT(GET ": x\r\n" SMUGGLED), REFUSED},
    {"9112 11.2", "no name and no value",
     SENT(POST "Content-Length: 0\r\n:\r\n" SMUGGLED), REFUSED},
    {"9112 11.2", "no name, and LFs",
     SENT("GET /health HTTP/1.1\nHost: localhost\n: x\n" SMUGGLED), REFUSED},
    {"9112 11.2", "a NUL as a name", SENT(GET "\0: x\r\n" SMUGGLED), REFUSED},
    {"9112 11.2", "a NUL before it", SENT(GET "\0X: y\r\n" SMUGGLED), REFUSED},
    {"9112 11.2", "a NUL before the only name",
     SENT("GET /health HTTP/1.0\r\n\0Connection: keep-alive\r\n\r\n" SMUGGLED),
     REFUSED},
    {"9112 11.2", "NULs for CRLFs", SENT(GET "X: y\0\0\0\0" SMUGGLED), REFUSED},
    {"9112 11.2", "a colon and an LF", SENT(GET ":\n" SMUGGLED), UNSEEN},
    {"9112 11.2", "a NUL and an LF", SENT(GET "\0\n" SMUGGLED), UNSEEN},
    {"9112 11.2", "a colon after an LF",
     SENT("GET /health HTTP/1.1\r\nHost: localhost\n:\r\n" SMUGGLED), UNSEEN},
    {"9112 11.2", "a NUL after an LF",
     SENT("GET /health HTTP/1.1\r\nHost: localhost\n\0\r\n" SMUGGLED), UNSEEN},
};

static const struct http_case field_value_is_one_line_of_text[] = {
    {"9110 5.5", "empty", FIELD("X:"), APPLIED},
    {"9110 5.5", "whitespace within and after", FIELD("X: a \t b \t"), APPLIED},
    {"9110 5.5", "bytes beyond ASCII", FIELD("X: \xe9\xff"), APPLIED},
    /* These may be retained where they do no harm. */
    {"9110 5.5", "other control characters", FIELD("X: \x01\x7f\v\f"), APPLIED},
    /* CRs and NULs must be refused, or replaced by spaces. */
    {"9110 5.5", "a CR within", FIELD("X: a\rb"), REFUSED},
    {"9110 5.5", "a CR at the end", FIELD("X: a\r"), REFUSED},
    {"9110 5.5", "a NUL within", FIELD("X: a\0b"), REFUSED},
    {"9110 5.5", "a NUL in the last value",
     SENT(POST LENGTH "X: a\0b\r\n\r\n" MESSAGE), REFUSED},
    {"9110 5.5", "a NUL in a length",
     SENT(POST "Content-Length: 160\0"
               "0\r\n\r\n" MESSAGE),
     REFUSED},
    {"9110 5.5", "a NUL in a transfer coding",
     SENT(POST
          "Transfer-Encoding: chunked\0, x\r\n\r\na0\r\n" MESSAGE LAST_CHUNK),
     REFUSED},
    {"9110 5.5", "a NUL in Sec-Fetch-Site",
     FIELD("Sec-Fetch-Site: none\0, cross-site"), REFUSED},
    /* Cannot be distinguished from a CR, and is accepted as one. */
    {"9110 5.5", "a NUL before an LF", FIELD("X: a\0\nY: z"), APPLIED},
};

/*
 * RFC 9112 section 5.2: a folded line must be refused, or each fold replaced by
 * spaces. The service refuses it.
 */
static const struct http_case folded_line_is_refused[] = {
    {"9112 5.2", "a value continues", FIELD("X: a\r\n b"), REFUSED},
    {"9112 5.2", "a value continues after an LF", FIELD("X: a\n b"), REFUSED},
    {"9112 5.2", "a length begins on the second line",
     SENT(GET "Content-Length:\r\n 225\r\n\r\n" SMUGGLED), REFUSED},
    {"9112 5.2", "a length continues",
     SENT(GET "Content-Length: 0\r\n 225\r\n\r\n" SMUGGLED), REFUSED},
    /*
     * libmicrohttpd 0.9.75 appends the fold to the name, which makes it an
     * unknown field.
     */
    {"9112 5.2", "a value on the second line", FIELD("X:\r\n a"), REFUSED},
    {"9112 5.2", "Sec-Fetch-Site begins on the second line",
     FIELD("Sec-Fetch-Site:\r\n cross-site"), REFUSED},
    {"9112 5.2", "the last field", SENT(POST LENGTH "X:\r\n a\r\n\r\n" MESSAGE),
     REFUSED},
    {"9112 5.2", "the last field, only whitespace on the second line",
     SENT(POST LENGTH "X: a\r\n \r\n\r\n" MESSAGE), REFUSED},
};

/* RFC 9110 section 9.1: methods are case-sensitive. */
static const struct http_case methods_are_exact[] = {
#define TO(line) SENT(line " HTTP/1.1\r\n" HOST WITH_MESSAGE)
    {"9110 9.3.2", "HEAD", LINE("HEAD /health HTTP/1.1"), OK, .head = true},
    {"9110 9.1", "post", TO("post /messages"), NEXT(405)},
    {"9110 9.3.4", "PUT", TO("PUT /messages"), NEXT(405)},
    /* 405 lists the methods of the path; 501 would be correct as well. */
    {"9110 9.1", "an unknown one", LINE("LAUNCH /health HTTP/1.1"), NEXT(405)},
    {"9110 9.1", "every tchar", LINE("!#$%&'*+-.^_`|~0aZ /x HTTP/1.1"),
     NEXT(404)},
    {"9110 9.1", "not a token", LINE("G@T /health HTTP/1.1"), REFUSED},
};

#define AT(target) LINE("GET " target " HTTP/1.1")
#define POST_TO(target, field)                                                 \
    SENT("POST " target " HTTP/1.1\r\n" HOST field WITH_MESSAGE)

static const struct http_case target_has_one_of_four_forms[] = {
    {"9112 3.2.1", "with a query", AT("/health?_a=b"), OK},
    {"9112 3.2.2", "absolute-form, another host",
     POST_TO("http://a.localhost:1/messages", ""), APPLIED},
    /* The host in the target is used, Host is ignored. */
    {"9112 3.2.2", "absolute-form, a host that differs from Origin",
     POST_TO("http://a.localhost/messages", "Origin: http://localhost\r\n"),
     NEXT(403)},
    {"9112 3.2.2", "absolute-form, the host of Origin",
     POST_TO("http://a.localhost:80/messages",
             "Origin: http://a.localhost\r\n"),
     APPLIED},
    {"9112 3.2.2", "absolute-form, a host that is not the service's",
     POST_TO("http://other/messages", ""), LAST(421)},
    {"9112 3.2.2", "absolute-form, and a Host that is not the service's",
     SENT("GET http://localhost/health HTTP/1.1\r\nHost: other\r\n\r\n"), OK},
    {"9110 4.2.3", "no path", LINE("OPTIONS http://[::1] HTTP/1.1"), NEXT(204)},
    {"9110 4.2.1", "only a port", AT("http://:80/health"), REFUSED},
    {"9110 4.2.1", "no host", AT("http:///health"), REFUSED},
    {"9110 4.2.4", "user info", AT("http://user@host/health"), REFUSED},
    {"9110 4.2.1", "a bad port", AT("http://localhost:a/health"), REFUSED},
    {"9112 3.2.4", "asterisk-form", LINE("OPTIONS * HTTP/1.1"), NEXT(204)},
    /* The service makes no tunnels: any status but 2xx will do. */
    {"9110 9.3.6", "authority-form", LINE("CONNECT host:80 HTTP/1.1"),
     NEXT(404)},
    {"9112 3.2.1", "a slash at the end", AT("/health/"), NEXT(404)},
    {"9112 3.2", "a fragment", AT("/health#a"), NEXT(404)},
    /* Paths are exact: dot segments are not removed. */
    {"3986 6.2.2.3", "two dots", AT("/rockets/../health"), NEXT(404)},
    {"3986 6.2.2.2", "percent-encoded letters", POST_TO("/%6d%65ssages", ""),
     APPLIED},
    {"3986 2.1", "% and no digits", AT("/%zz"), NEXT(400)},
    {"3986 2.1", "% and no digits in the query", AT("/health?%zz"), NEXT(400)},
    /* Bytes that no URI may have are taken literally, which is safe. */
    {"9112 3.2", "bytes beyond ASCII", AT("/\xc3\xa9"), NEXT(404)},
    {"9112 3.2", "beyond ASCII in a query", AT("/health?_\xff"), OK},
};

/* Ids of rockets that exist: see post_rockets(). */
static const struct http_case ids_are_percent_decoded_once[] = {
    {"3986 2.2", "a percent-encoded slash", AT("/rockets/http%2Fb"), OK},
    {"3986 3.3", "an unencoded slash", AT("/rockets/http/b"), NEXT(404)},
    {"3986 2.4", "decoded only once", AT("/rockets/http%252Fb"), NEXT(404)},
    {"3986 2.4", "a plus is a plus", AT("/rockets/http+e"), OK},
    {"3986 2.5", "UTF-8", AT("/rockets/http%C3%A9"), OK},
    {"3629 3", "truncated UTF-8", AT("/rockets/http%C3"), NEXT(404)},
    {"3629 3", "an overlong slash", AT("/rockets/http%C0%AFb"), NEXT(404)},
    {"3986 2.1", "a NUL at the end", AT("/rockets/http-A%00"), NEXT(404)},
};

#define WITH_HOST(value) SENT("GET /health HTTP/1.1\r\nHost:" value "\r\n\r\n")

static const struct http_case request_has_one_host[] = {
    {"9112 3.2", "none", SENT("GET /health HTTP/1.1\r\n\r\n"), REFUSED},
    {"9112 3.2", "two", SENT(GET HOST "\r\n"), REFUSED},
    {"9112 3.2", "none in HTTP/1.0", SENT("GET /health HTTP/1.0\r\n\r\n"),
     LAST(200)},
    {"9112 3.2", "none in HTTP/1.0, with an origin of one letter",
     SENT(POST_1_0 "Origin: http://a\r\n" WITH_MESSAGE), LAST(403)},
    {"9112 3.2", "none, with a target in absolute-form",
     SENT("GET http://localhost/health HTTP/1.1\r\n\r\n"), REFUSED},
    {"9110 7.2", "empty", WITH_HOST(""), OK},
    {"9110 7.2", "IPv6", WITH_HOST(" [::1]:80"), OK},
    {"9110 7.2", "a name of any kind", WITH_HOST(" a_b~c,d;e=%41.localhost"),
     OK},
    {"9110 15.5.20", "a name of another server", WITH_HOST(" example.org:80"),
     LAST(421)},
    {"9110 15.5.20", "the same in HTTP/1.0",
     SENT("GET /health HTTP/1.0\r\nHost: example.org\r\n\r\n"), LAST(421)},
    {"9110 7.2", "whitespace around it", WITH_HOST(" \t localhost \t"), OK},
    {"9112 3.2", "a space within", WITH_HOST(" a b"), REFUSED},
    {"9112 3.2", "a port of letters", WITH_HOST(" localhost:abc"), REFUSED},
    {"9112 3.2", "beyond ASCII", WITH_HOST(" \xc3\xa9"), REFUSED},
};

#define TWICE(name, first, second)                                             \
    {                                                                          \
        "9110 5.3", name,                                                      \
            SENT(GET name ": " first "\r\n" name ": " second "\r\n\r\n"),      \
            REFUSED                                                            \
    }

/* Another server may use the other value. */
static const struct http_case fields_with_one_value_come_once[] = {
    TWICE("Authorization", "Bearer a", "Bearer b"),
    TWICE("authorization", "", "Bearer b"),
    TWICE("Content-Type", "application/json", "application/x-ndjson"),
    TWICE("Last-Event-ID", "a", "b"),
    TWICE("Origin", "http://localhost", "http://localhost"),
    TWICE("Sec-Fetch-Site", "cross-site", "same-origin"),
};

static void post_rockets(void **state)
{
    static const char *const channels[] = {"http-A", "http/b", "http+e",
                                           "http\xc3\xa9"};
    struct connection connection;

    (void)state;
    instance_connect(http_service(), &connection);
    for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
        struct fleet_message message = fleet_faster(channels[i], 1, 1);
        fleet_post(&connection, &message);
    }
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(request_line_is_unambiguous),
        HTTP_TABLE(version_decides_about_the_next_request),
        HTTP_TABLE(lines_end_in_crlf_or_lf),
        HTTP_TABLE(field_name_must_be_a_token),
        HTTP_TABLE(field_value_is_one_line_of_text),
        HTTP_TABLE(folded_line_is_refused),
        HTTP_TABLE(methods_are_exact),
        HTTP_TABLE(target_has_one_of_four_forms),
        cmocka_unit_test(post_rockets),
        HTTP_TABLE(ids_are_percent_decoded_once),
        HTTP_TABLE(request_has_one_host),
        HTTP_TABLE(fields_with_one_value_come_once),
    };
    return HTTP_RUN_TESTS(tests);
}
