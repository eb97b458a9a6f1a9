/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request goes: the four forms of a target (RFC 9112 section 3.2),
 * percent-encoded ids (RFC 3986 section 2.1), and Host (RFC 9110 section 7.2).
 * tests/unit/http has all hosts and percent-encodings.
 */
#include "http_case.h"

#include "lib/harness.h"

#define TO(target) LINE("GET " target " HTTP/1.1")
#define POST_TO(target, field)                                                 \
    SENT("POST " target " HTTP/1.1\r\n" HOST field WITH_MESSAGE)

static const struct http_case target_has_one_of_four_forms[] = {
    {"9112 3.2.1", "with a query", TO("/health?a=b"), OK},
    {"9112 3.2.1", "with an empty query", TO("/health?"), OK},
    {"9112 3.2.2", "absolute-form", TO("http://localhost/health"), OK},
    {"9112 3.2.2", "a port", TO("http://localhost:8088/rockets?limit=1"), OK},
    {"9110 4.2.3", "upper case", TO("HTTP://LOCALHOST/health"), OK},
    {"9110 4.2.2", "https", TO("https://localhost/health"), OK},
    {"9112 3.2.2", "absolute-form, a POST",
     POST_TO("http://localhost/messages", ""), APPLIED},
    {"9112 3.2.2", "absolute-form, another host",
     POST_TO("http://other:1/messages", ""), APPLIED},
    /* The host in the target is used, Host is ignored. */
    {"9112 3.2.2", "absolute-form, a host that differs from Origin",
     POST_TO("http://other/messages", "Origin: http://localhost\r\n"),
     NEXT(403)},
    {"9112 3.2.2", "absolute-form, the host of Origin",
     POST_TO("http://other:80/messages", "Origin: http://other\r\n"), APPLIED},
    {"9110 4.2.3", "no path", LINE("OPTIONS http://localhost HTTP/1.1"),
     NEXT(204)},
    {"9112 3.2.2", "another scheme", TO("ftp://localhost/health"), NEXT(404)},
    {"9110 4.2.1", "no host", TO("http:///health"), REFUSED},
    {"9110 4.2.1", "only a port", TO("http://:80/health"), REFUSED},
    {"9110 4.2.4", "a user", TO("http://user@localhost/health"), REFUSED},
    {"9110 4.2.1", "a bad port", TO("http://localhost:a/health"), REFUSED},
    {"9112 3.2.4", "asterisk-form", LINE("OPTIONS * HTTP/1.1"), NEXT(204)},
    {"9112 3.2.4", "asterisk-form, not with OPTIONS", TO("*"), NEXT(404)},
    /* The service makes no tunnels: any status but 2xx will do. */
    {"9110 9.3.6", "authority-form", LINE("CONNECT localhost:80 HTTP/1.1"),
     NEXT(404)},
    {"9110 9.3.6", "CONNECT to a path", LINE("CONNECT /messages HTTP/1.1"),
     NEXT(405)},
    {"9112 3.2.3", "authority-form of a GET", TO("localhost:80"), NEXT(404)},
    {"9112 3.2.1", "no slash at the start", TO("health"), NEXT(404)},
    {"9112 3.2.1", "two slashes at the start", TO("//health"), NEXT(404)},
    {"9112 3.2.1", "a slash at the end", TO("/health/"), NEXT(404)},
    {"9112 3.2", "a fragment", TO("/health#a"), NEXT(404)},
    /* Paths are exact: dot segments are not removed. */
    {"3986 6.2.2.3", "a dot", TO("/./health"), NEXT(404)},
    {"3986 6.2.2.3", "two dots", TO("/rockets/../health"), NEXT(404)},
    {"3986 6.2.2.3", "percent-encoded dots",
     TO("/rockets/%2e%2e/%2e%2e/etc/passwd"), NEXT(404)},
    {"3986 6.2.2.2", "percent-encoded letters", POST_TO("/%6d%65ssages", ""),
     APPLIED},
    {"3986 2.1", "% and nothing", TO("/health%"), NEXT(400)},
    {"3986 2.1", "% and no digits", TO("/%zz"), NEXT(400)},
    {"3986 2.1", "% and no digits in the query", TO("/health?%zz"), NEXT(400)},
    /* Bytes that no URI may have are taken literally, which is safe. */
    {"9112 3.2", "bytes beyond ASCII", TO("/\xc3\xa9"), NEXT(404)},
    {"9112 3.2", "brackets and quotes", TO("/<\"{|}\\^`>"), NEXT(404)},
    {"9112 3.2", "beyond ASCII in a query", TO("/health?\xff"), OK},
};

/* Ids of rockets that exist: see post_rockets(). */
static const struct http_case ids_are_percent_decoded_once[] = {
    {"3986 2.1", "unencoded", TO("/rockets/http-A"), OK},
    {"3986 2.1", "a letter", TO("/rockets/http-%41"), OK},
    {"3986 2.1", "completely", TO("/rockets/%68%74%74%70%2D%41"), OK},
    {"3986 6.2.2.1", "in lower case", TO("/rockets/%68%74%74%70%2d%41"), OK},
    {"3986 6.2.2.1", "case-sensitive", TO("/rockets/http-a"), NEXT(404)},
    {"3986 2.2", "a percent-encoded slash", TO("/rockets/http%2Fb"), OK},
    {"3986 2.2", "that in lower case", TO("/rockets/http%2fb"), OK},
    {"3986 3.3", "an unencoded slash", TO("/rockets/http/b"), NEXT(404)},
    {"3986 2.4", "decoded only once", TO("/rockets/http%252Fb"), NEXT(404)},
    {"3986 2.4", "a percent sign", TO("/rockets/http%25c"), OK},
    {"3986 2.4", "a question mark", TO("/rockets/http%3Fd?e"), OK},
    {"3986 2.4", "a plus is a plus", TO("/rockets/http+e"), OK},
    {"3986 2.4", "a space is not a plus", TO("/rockets/http%20e"), NEXT(404)},
    {"3986 2.5", "UTF-8", TO("/rockets/http%C3%A9"), OK},
    {"3986 2.5", "unencoded UTF-8", TO("/rockets/http\xc3\xa9"), OK},
    {"3629 3", "truncated UTF-8", TO("/rockets/http%C3"), NEXT(404)},
    {"3629 3", "invalid UTF-8", TO("/rockets/http%FF%FE"), NEXT(404)},
    {"3629 3", "an overlong slash", TO("/rockets/http%C0%AFb"), NEXT(404)},
    {"3629 3", "an overlong NUL", TO("/rockets/http-A%C0%80"), NEXT(404)},
    {"3986 2.1", "a NUL at the end", TO("/rockets/http-A%00"), NEXT(404)},
    {"3986 2.1", "a NUL within", TO("/rockets/http-A%00b"), NEXT(404)},
    {"3986 2.1", "a NUL at the start", TO("/rockets/%00http-A"), NEXT(404)},
    {"3986 2.1", "only a NUL", TO("/rockets/%00"), NEXT(404)},
    {"3986 2.1", "CRLF", TO("/rockets/http-A%0D%0AX:%20y"), NEXT(404)},
    {"3986 3.3", "empty", TO("/rockets/"), NEXT(404)},
};

#define WITH_HOST(value) SENT("GET /health HTTP/1.1\r\nHost:" value "\r\n\r\n")

static const struct http_case request_has_one_host[] = {
    {"9112 3.2", "none", SENT("GET /health HTTP/1.1\r\n\r\n"), REFUSED},
    {"9112 3.2", "none in a POST",
     SENT("POST /messages HTTP/1.1\r\n" WITH_MESSAGE), REFUSED},
    {"9112 3.2", "two", SENT(GET HOST "\r\n"), REFUSED},
    {"9112 3.2", "two different ones", SENT(GET "host: other\r\n\r\n"),
     REFUSED},
    {"9112 3.2", "two in HTTP/1.0",
     SENT("GET /health HTTP/1.0\r\n" HOST HOST "\r\n"), REFUSED},
    {"9112 3.2", "none in HTTP/1.0", SENT("GET /health HTTP/1.0\r\n\r\n"),
     LAST(200)},
    {"9112 3.2", "none in HTTP/1.0, with an origin of one letter",
     SENT(POST_1_0 "Origin: http://a\r\n" WITH_MESSAGE), LAST(403)},
    {"9112 3.2", "none, with a target in absolute-form",
     SENT("GET http://localhost/health HTTP/1.1\r\n\r\n"), REFUSED},
    {"9110 7.2", "empty", WITH_HOST(""), OK},
    {"9110 7.2", "a port", WITH_HOST(" localhost:80"), OK},
    {"9110 7.2", "IPv6", WITH_HOST(" [::1]:80"), OK},
    {"9110 7.2", "a name of any kind", WITH_HOST(" a_b~c,d;e=%41"), OK},
    {"9110 7.2", "whitespace around it", WITH_HOST(" \t localhost \t"), OK},
    {"9112 3.2", "a space within", WITH_HOST(" a b"), REFUSED},
    {"9112 3.2", "a list", WITH_HOST(" a, b"), REFUSED},
    {"9112 3.2", "a port of letters", WITH_HOST(" localhost:abc"), REFUSED},
    {"9112 3.2", "user information", WITH_HOST(" user@localhost"), REFUSED},
    {"9112 3.2", "a URL", WITH_HOST(" http://localhost"), REFUSED},
    {"9112 3.2", "a path", WITH_HOST(" localhost/a"), REFUSED},
    {"9112 3.2", "no closing bracket", WITH_HOST(" [::1"), REFUSED},
    {"9112 3.2", "beyond ASCII", WITH_HOST(" \xc3\xa9"), REFUSED},
    {"9112 3.2", "an invalid one in HTTP/1.0",
     SENT("GET /health HTTP/1.0\r\nHost: a/b\r\n\r\n"), REFUSED},
};

static void post_rockets(void **state)
{
    static const char *const channels[] = {"http-A", "http/b", "http%c",
                                           "http?d", "http+e", "http\xc3\xa9"};
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
        HTTP_TABLE(target_has_one_of_four_forms),
        cmocka_unit_test(post_rockets),
        HTTP_TABLE(ids_are_percent_decoded_once),
        HTTP_TABLE(request_has_one_host),
    };
    return HTTP_RUN_TESTS(tests);
}
