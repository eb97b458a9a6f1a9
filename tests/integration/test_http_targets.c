/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets, methods and hosts of requests: the four forms of a target (RFC 9112
 * section 3.2), percent-encoded ids (RFC 3986 section 2.1), known and unknown
 * methods, and Host (RFC 9110 section 7.2).
 */
#include "http_case.h"

#include "lib/harness.h"

#define NEXT(status) .responses = {status}, .next = HTTP_ANSWERED
#define APPLIED NEXT(202), .applied = true
#define REFUSED .responses = {400}, .next = HTTP_CLOSED

#define LINE(text) HTTP_SENT(text " HTTP/1.1\r\n" HTTP_HOST "\r\n")
#define POST_TO(target)                                                        \
    HTTP_SENT("POST " target " HTTP/1.1\r\n" HTTP_HOST HTTP_LENGTH             \
              "\r\n" HTTP_MESSAGE)

/* The same with an Origin header. */
#define FROM(target, origin)                                                   \
    HTTP_SENT("POST " target " HTTP/1.1\r\n" HTTP_HOST "Origin: " origin       \
              "\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE)

static const struct http_case forms[] = {
    {"RFC 9112 3.2.1", "origin-form", LINE("GET /health"), NEXT(200)},
    {"RFC 9112 3.2.1", "with a query", LINE("GET /health?a=b"), NEXT(200)},
    {"RFC 9112 3.2.1", "with an empty query", LINE("GET /health?"), NEXT(200)},
    {"RFC 9112 3.2.2", "absolute-form", LINE("GET http://localhost/health"),
     NEXT(200)},
    {"RFC 9112 3.2.2", "absolute-form, a port and a query",
     LINE("GET http://localhost:8088/rockets?limit=1"), NEXT(200)},
    {"RFC 9110 4.2.3", "absolute-form, upper case",
     LINE("GET HTTP://LOCALHOST/health"), NEXT(200)},
    {"RFC 9110 4.2.2", "absolute-form, https",
     LINE("GET https://localhost/health"), NEXT(200)},
    {"RFC 9112 3.2.2", "absolute-form, a POST",
     POST_TO("http://localhost/messages"), APPLIED},
    {"RFC 9112 3.2.2", "absolute-form, another host",
     POST_TO("http://other:1/messages"), APPLIED},
    /* The host in the target is used, Host is ignored. */
    {"RFC 9112 3.2.2", "absolute-form, a host that differs from Origin",
     FROM("http://other/messages", "http://localhost"), NEXT(403)},
    {"RFC 9112 3.2.2", "absolute-form, the host of Origin",
     FROM("http://other:80/messages", "http://other"), APPLIED},
    {"RFC 9110 4.2.3", "absolute-form, no path",
     LINE("OPTIONS http://localhost"), NEXT(204)},
    {"RFC 9112 3.2.2", "absolute-form, another scheme",
     LINE("GET ftp://localhost/health"), NEXT(404)},
    {"RFC 9110 4.2.1", "absolute-form, no host", LINE("GET http:///health"),
     REFUSED},
    {"RFC 9110 4.2.1", "absolute-form, only a port",
     LINE("GET http://:80/health"), REFUSED},
    {"RFC 9110 4.2.4", "absolute-form, user information",
     LINE("GET http://user@localhost/health"), REFUSED},
    {"RFC 9110 4.2.1", "absolute-form, an invalid port",
     LINE("GET http://localhost:a/health"), REFUSED},
    {"RFC 9112 3.2.4", "asterisk-form", LINE("OPTIONS *"), NEXT(204)},
    {"RFC 9112 3.2.4", "asterisk-form, not with OPTIONS", LINE("GET *"),
     NEXT(404)},
    /* The service makes no tunnels: any status but 2xx will do. */
    {"RFC 9110 9.3.6", "authority-form", LINE("CONNECT localhost:80"),
     NEXT(404)},
    {"RFC 9110 9.3.6", "CONNECT to a path", LINE("CONNECT /messages"),
     NEXT(405)},
    {"RFC 9112 3.2.3", "authority-form, not with CONNECT",
     LINE("GET localhost:80"), NEXT(404)},
    {"RFC 9112 3.2.1", "no slash at the start", LINE("GET health"), NEXT(404)},
    {"RFC 9112 3.2.1", "two slashes at the start", LINE("GET //health"),
     NEXT(404)},
    {"RFC 9112 3.2.1", "a slash at the end", LINE("GET /health/"), NEXT(404)},
    {"RFC 9112 3.2", "a fragment", LINE("GET /health#a"), NEXT(404)},
    /* Paths are exact: dot segments are not removed. */
    {"RFC 3986 6.2.2.3", "a dot", LINE("GET /./health"), NEXT(404)},
    {"RFC 3986 6.2.2.3", "two dots", LINE("GET /rockets/../health"), NEXT(404)},
    {"RFC 3986 6.2.2.3", "percent-encoded dots",
     LINE("GET /rockets/%2e%2e/%2e%2e/etc/passwd"), NEXT(404)},
    {"RFC 3986 6.2.2.2", "percent-encoded letters", POST_TO("/%6d%65ssages"),
     APPLIED},
    {"RFC 3986 2.1", "% and nothing", LINE("GET /health%"), NEXT(400)},
    {"RFC 3986 2.1", "% and one digit", LINE("GET /health%6"), NEXT(400)},
    {"RFC 3986 2.1", "% and no digits", LINE("GET /%zz"), NEXT(400)},
    {"RFC 3986 2.1", "% and no digits in the query", LINE("GET /health?%zz"),
     NEXT(400)},
    {"RFC 3986 2.1", "% and a sign", LINE("GET /%+1"), NEXT(400)},
    {"RFC 3986 2.1", "%u", LINE("GET /%u0041"), NEXT(400)},
    /*
     * These bytes are not allowed in a URI. They are taken literally, which is
     * safe.
     */
    {"RFC 9112 3.2", "bytes beyond ASCII", LINE("GET /\xc3\xa9"), NEXT(404)},
    {"RFC 9112 3.2", "brackets and quotes", LINE("GET /<\"{|}\\^`>"),
     NEXT(404)},
    {"RFC 9112 3.2", "bytes beyond ASCII in a query", LINE("GET /health?\xff"),
     NEXT(200)},
};

/* Ids of rockets that exist: see post_rockets(). */
static const struct http_case ids[] = {
    {"RFC 3986 2.1", "unencoded", LINE("GET /rockets/http-A"), NEXT(200)},
    {"RFC 3986 2.1", "a percent-encoded letter", LINE("GET /rockets/http-%41"),
     NEXT(200)},
    {"RFC 3986 2.1", "percent-encoded completely",
     LINE("GET /rockets/%68%74%74%70%2D%41"), NEXT(200)},
    {"RFC 3986 6.2.2.1", "lower-case hexadecimal digits",
     LINE("GET /rockets/%68%74%74%70%2d%41"), NEXT(200)},
    {"RFC 3986 6.2.2.1", "ids are case-sensitive", LINE("GET /rockets/http-a"),
     NEXT(404)},
    {"RFC 3986 2.2", "a percent-encoded slash", LINE("GET /rockets/http%2Fb"),
     NEXT(200)},
    {"RFC 3986 2.2", "a percent-encoded slash in lower case",
     LINE("GET /rockets/http%2fb"), NEXT(200)},
    {"RFC 3986 3.3", "an unencoded slash", LINE("GET /rockets/http/b"),
     NEXT(404)},
    {"RFC 3986 2.4", "decoded only once", LINE("GET /rockets/http%252Fb"),
     NEXT(404)},
    {"RFC 3986 2.4", "a percent sign", LINE("GET /rockets/http%25c"),
     NEXT(200)},
    {"RFC 3986 2.4", "a question mark", LINE("GET /rockets/http%3Fd?e"),
     NEXT(200)},
    {"RFC 3986 2.4", "a plus is a plus", LINE("GET /rockets/http+e"),
     NEXT(200)},
    {"RFC 3986 2.4", "a space is not a plus", LINE("GET /rockets/http%20e"),
     NEXT(404)},
    {"RFC 3986 2.5", "UTF-8", LINE("GET /rockets/http%C3%A9"), NEXT(200)},
    {"RFC 3986 2.5", "unencoded UTF-8", LINE("GET /rockets/http\xc3\xa9"),
     NEXT(200)},
    {"RFC 3629 3", "truncated UTF-8", LINE("GET /rockets/http%C3"), NEXT(404)},
    {"RFC 3629 3", "invalid UTF-8", LINE("GET /rockets/http%FF%FE"), NEXT(404)},
    {"RFC 3629 3", "an overlong slash", LINE("GET /rockets/http%C0%AFb"),
     NEXT(404)},
    {"RFC 3629 3", "an overlong NUL", LINE("GET /rockets/http-A%C0%80"),
     NEXT(404)},
    {"RFC 3986 2.1", "a NUL at the end", LINE("GET /rockets/http-A%00"),
     NEXT(404)},
    {"RFC 3986 2.1", "a NUL in the middle", LINE("GET /rockets/http-A%00b"),
     NEXT(404)},
    {"RFC 3986 2.1", "a NUL at the start", LINE("GET /rockets/%00http-A"),
     NEXT(404)},
    {"RFC 3986 2.1", "only a NUL", LINE("GET /rockets/%00"), NEXT(404)},
    {"RFC 3986 2.1", "CRLF", LINE("GET /rockets/http-A%0D%0AX:%20y"),
     NEXT(404)},
    {"RFC 3986 3.3", "empty", LINE("GET /rockets/"), NEXT(404)},
};

static void post_rockets(const struct instance *instance)
{
    static const char *const channels[] = {
        "http-A", "http/b", "http%c", "http?d", "http+e", "http\xc3\xa9",
    };
    struct connection connection;

    instance_connect(instance, &connection);
    for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
        struct fleet_message message = fleet_faster(channels[i], 1, 1);
        fleet_post(&connection, &message);
    }
    connection_close(&connection);
}

/* RFC 9110 section 9.1: methods are case-sensitive. */
static const struct http_case methods[] = {
    {"RFC 9110 9.3.2", "HEAD", LINE("HEAD /health"), NEXT(200), .head = true},
    {"RFC 9110 9.3.7", "OPTIONS", LINE("OPTIONS /health"), NEXT(204)},
    {"RFC 9110 9.3.3", "POST", POST_TO("/messages"), APPLIED},
    {"RFC 9110 9.1", "post",
     HTTP_SENT("post /messages HTTP/1.1\r\n" HTTP_HOST HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     NEXT(405)},
    {"RFC 9110 9.1", "Post",
     HTTP_SENT("Post /messages HTTP/1.1\r\n" HTTP_HOST HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     NEXT(405)},
    {"RFC 9110 9.1", "get", LINE("get /health"), NEXT(405)},
    {"RFC 9110 9.1", "Get", LINE("Get /health"), NEXT(405)},
    {"RFC 9110 9.3.4", "PUT",
     HTTP_SENT("PUT /messages HTTP/1.1\r\n" HTTP_HOST HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     NEXT(405)},
    {"RFC 9110 9.3.5", "DELETE", LINE("DELETE /rockets/http-A"), NEXT(405)},
    {"RFC 5789 2", "PATCH",
     HTTP_SENT("PATCH /messages HTTP/1.1\r\n" HTTP_HOST HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     NEXT(405)},
    {"RFC 9110 9.3.8", "TRACE", LINE("TRACE /health"), NEXT(405)},
    /* 405 lists the methods of the path; 501 would be correct as well. */
    {"RFC 9110 9.1", "an unknown method", LINE("LAUNCH /health"), NEXT(405)},
    {"RFC 9110 9.1", "an unknown method and path", LINE("LAUNCH /nowhere"),
     NEXT(404)},
    {"RFC 9110 9.1", "a known method with a suffix", LINE("GETS /health"),
     NEXT(405)},
    {"RFC 9110 9.1", "a prefix of a known method", LINE("GE /health"),
     NEXT(405)},
    {"RFC 9110 9.1", "all characters of a token",
     LINE("!#$%&'*+-.^_`|~0aZ /health"), NEXT(405)},
    {"RFC 9110 15.5.6", "a method override in a field",
     HTTP_SENT("GET /messages HTTP/1.1\r\n" HTTP_HOST
               "X-HTTP-Method-Override: POST\r\n" HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     NEXT(405)},
    {"RFC 9110 9.1", "not a token", LINE("G@T /health"), REFUSED},
    {"RFC 9110 9.1", "in quotes", LINE("\"GET\" /health"), REFUSED},
    {"RFC 9110 9.1", "with a tab", LINE("GET\t /health"), REFUSED},
    {"RFC 9110 9.1", "beyond ASCII", LINE("G\xc3\x89T /health"), REFUSED},
};

#define WITH_HOST(value)                                                       \
    HTTP_SENT("GET /health HTTP/1.1\r\nHost:" value "\r\n\r\n")

static const struct http_case hosts[] = {
    {"RFC 9112 3.2", "none", HTTP_SENT("GET /health HTTP/1.1\r\n\r\n"),
     REFUSED},
    {"RFC 9112 3.2", "none in a POST",
     HTTP_SENT("POST /messages HTTP/1.1\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     REFUSED},
    {"RFC 9112 3.2", "two", HTTP_SENT(HTTP_GET HTTP_HOST "\r\n"), REFUSED},
    {"RFC 9112 3.2", "two different ones",
     HTTP_SENT(HTTP_GET "host: other\r\n\r\n"), REFUSED},
    {"RFC 9112 3.2", "two in HTTP/1.0",
     HTTP_SENT("GET /health HTTP/1.0\r\n" HTTP_HOST HTTP_HOST "\r\n"), REFUSED},
    {"RFC 9112 3.2", "none in HTTP/1.0",
     HTTP_SENT("GET /health HTTP/1.0\r\n\r\n"), .responses = {200},
     .next = HTTP_CLOSED},
    {"RFC 9112 3.2", "none in HTTP/1.0, with an origin of one letter",
     HTTP_SENT("POST /messages HTTP/1.0\r\nOrigin: http://a\r\n" HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     .responses = {403}, .next = HTTP_CLOSED},
    {"RFC 9112 3.2", "none, with a target in absolute-form",
     HTTP_SENT("GET http://localhost/health HTTP/1.1\r\n\r\n"), REFUSED},
    {"RFC 9110 7.2", "empty", WITH_HOST(""), NEXT(200)},
    {"RFC 9110 7.2", "a port", WITH_HOST(" localhost:80"), NEXT(200)},
    {"RFC 9110 7.2", "an empty port", WITH_HOST(" localhost:"), NEXT(200)},
    {"RFC 9110 7.2", "IPv6", WITH_HOST(" [::1]:80"), NEXT(200)},
    {"RFC 9110 7.2", "IPv4", WITH_HOST(" 127.0.0.1"), NEXT(200)},
    {"RFC 9110 7.2", "a name of any kind", WITH_HOST(" a_b~c,d;e=%41"),
     NEXT(200)},
    {"RFC 3986 3.2.2", "a future IP version", WITH_HOST(" [v7.a:b]"),
     NEXT(200)},
    {"RFC 9110 7.2", "whitespace around it", WITH_HOST(" \t localhost \t"),
     NEXT(200)},
    {"RFC 9112 3.2", "a space within", WITH_HOST(" a b"), REFUSED},
    {"RFC 9112 3.2", "a list", WITH_HOST(" a, b"), REFUSED},
    {"RFC 9112 3.2", "a port of letters", WITH_HOST(" localhost:abc"), REFUSED},
    {"RFC 9112 3.2", "a port with a sign", WITH_HOST(" localhost:+80"),
     REFUSED},
    {"RFC 9112 3.2", "two ports", WITH_HOST(" localhost:80:80"), REFUSED},
    {"RFC 9112 3.2", "user information", WITH_HOST(" user@localhost"), REFUSED},
    {"RFC 9112 3.2", "a URL", WITH_HOST(" http://localhost"), REFUSED},
    {"RFC 9112 3.2", "a path", WITH_HOST(" localhost/a"), REFUSED},
    {"RFC 9112 3.2", "a query", WITH_HOST(" localhost?a"), REFUSED},
    {"RFC 9112 3.2", "no closing bracket", WITH_HOST(" [::1"), REFUSED},
    {"RFC 9112 3.2", "no opening bracket", WITH_HOST(" ::1]"), REFUSED},
    {"RFC 9112 3.2", "IPv6 without brackets", WITH_HOST(" ::1"), REFUSED},
    {"RFC 9112 3.2", "empty brackets", WITH_HOST(" []"), REFUSED},
    {"RFC 9112 3.2", "letters after brackets", WITH_HOST(" [::1]a"), REFUSED},
    {"RFC 9112 3.2", "quotes", WITH_HOST(" \"localhost\""), REFUSED},
    {"RFC 9112 3.2", "an incomplete percent-encoding", WITH_HOST(" a%4"),
     REFUSED},
    {"RFC 9112 3.2", "beyond ASCII", WITH_HOST(" \xc3\xa9"), REFUSED},
    {"RFC 9112 3.2", "an invalid one in HTTP/1.0",
     HTTP_SENT("GET /health HTTP/1.0\r\nHost: a/b\r\n\r\n"), REFUSED},
};

static void target_has_one_of_four_forms(void **state)
{
    HTTP_CASES_RUN(*state, forms);
}

static void ids_are_percent_decoded_once(void **state)
{
    post_rockets(*state);
    HTTP_CASES_RUN(*state, ids);
}

static void methods_are_exact(void **state)
{
    HTTP_CASES_RUN(*state, methods);
}

static void request_has_one_host(void **state)
{
    HTTP_CASES_RUN(*state, hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_has_one_of_four_forms),
        cmocka_unit_test(ids_are_percent_decoded_once),
        cmocka_unit_test(methods_are_exact),
        cmocka_unit_test(request_has_one_host),
    };
    return HTTP_RUN_TESTS(tests);
}
