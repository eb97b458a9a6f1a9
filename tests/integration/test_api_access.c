/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control over real sockets: each operation with each scope, sessions of
 * browsers, and the end of streams whose permission ends. The operations are
 * those of the service's own table, so that none is forgotten here.
 *
 * Most of the time streams wait for their next heartbeat. So that ctest can run
 * both modes of threads at the same time, an argument names one of them.
 */
#include "lib/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/route_table.h"
#include "auth/tokens.h"
#include "lib/temporary_folder.h"

#define JSON "Content-Type: application/json\r\n"

static const enum scope scopes[SCOPES] = {SCOPE_INGEST, SCOPE_READ,
                                          SCOPE_METRICS, SCOPE_ADMIN};

/* A service, and its tokens: one for each scope, with the scope's name. */
struct scene {
    const char *threads; /* a flag */
    char folder[FOLDER_ROOT];
    char flag[FOLDER_ROOT + 32];
    struct tokens_new tokens[SCOPES];
    struct instance instance;
};

static const char *path_of(const struct scene *scene)
{
    return scene->flag + strlen("-tokens=");
}

/* Write the file of tokens anew, without that of the scope number `without`. */
static void write_tokens(const struct scene *scene, size_t without)
{
    char next[FOLDER_ROOT + 32];

    snprintf(next, sizeof(next), "%s/next", scene->folder);
    FILE *file = fopen(next, "we");
    assert_non_null(file);
    assert_int_equal(chmod(next, 0600), 0);
    for (size_t i = 0; i < SCOPES; i++)
        if (i != without)
            fprintf(file, "%s\n", scene->tokens[i].line);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(next, path_of(scene)), 0);
}

static int start(void **state, const char *threads)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        return -1;
    scene->threads = threads;
    folder_make(scene->folder);
    snprintf(scene->flag, sizeof(scene->flag), "-tokens=%s/tokens",
             scene->folder);
    for (size_t i = 0; i < SCOPES; i++)
        if (!tokens_make(text_of(scopes_name(scopes[i])), scopes[i],
                         &scene->tokens[i]))
            return -1;
    write_tokens(scene, SCOPES);
    instance_start(&scene->instance, INSTANCE_FLAGS(scene->flag, threads));
    *state = scene;
    return 0;
}

static int start_loops(void **state)
{
    return start(state, "-threads=2");
}

static int start_per_connection(void **state)
{
    return start(state, "-threads=per-connection");
}

static int stop(void **state)
{
    struct scene *scene = *state;

    instance_stop(&scene->instance);
    folder_remove(scene->folder);
    free(scene);
    return 0;
}

/*
 * Send a request on a new connection, and read the head of its response: it may
 * be a stream. Ownership: the caller releases `response`.
 */
static void ask(const struct scene *scene, const char *method,
                const char *target, const char *fields,
                struct response *response)
{
    struct connection connection;
    const char *end = NULL;

    instance_connect(&scene->instance, &connection);
    assert_true(connection_print(&connection,
                                 "%s %s HTTP/1.1\r\nHost: localhost\r\n"
                                 "Content-Length: 0\r\n%s\r\n",
                                 method, target, fields));
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    while (end == NULL) {
        assert_true(
            connection_fill(&connection, connection.length + 1, deadline));
        end = memmem(connection.data, connection.length, "\r\n\r\n", 4);
    }
    assert_true(response_read_head(response, connection.data,
                                   (size_t)(end + 4 - connection.data),
                                   strcmp(method, "HEAD") == 0));
    connection_close(&connection);
}

/* What a request presents: 0: nothing; 1: a wrong token; 2: one by scope. */
enum { NOTHING, WRONG, FIRST_TOKEN, PRESENTED = FIRST_TOKEN + SCOPES };

static void write_fields(const struct scene *scene, size_t presented,
                         char fields[128])
{
    fields[0] = '\0';
    if (presented == WRONG)
        snprintf(fields, 128, "Authorization: Bearer lunar_wrong\r\n");
    if (presented >= FIRST_TOKEN)
        snprintf(fields, 128, "Authorization: Bearer %s\r\n",
                 scene->tokens[presented - FIRST_TOKEN].text);
}

/* 401, 403, or 0 for anything else. */
static unsigned expected_refusal(const struct route *route, const char *method,
                                 size_t presented)
{
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool posts = strcmp(method, "POST") == 0;

    if (route->scope == ROUTE_OPEN ||
        !((reads && route->get != NULL) || (posts && route->post != NULL)))
        return 0;
    if (presented < FIRST_TOKEN)
        return 401;
    return scopes[presented - FIRST_TOKEN] == route->scope ? 0 : 403;
}

static void write_challenge(const struct route *route, size_t presented,
                            char challenge[128])
{
    snprintf(challenge, 128, "Bearer realm=\"lunar\"");
    if (presented == WRONG)
        snprintf(challenge, 128,
                 "Bearer realm=\"lunar\", error=\"invalid_token\"");
    if (presented >= FIRST_TOKEN)
        snprintf(challenge, 128,
                 "Bearer realm=\"lunar\", error=\"insufficient_scope\", "
                 "scope=\"%s\"",
                 scopes_name((enum scope)route->scope));
}

static void expect_row(const struct scene *scene, const struct route *route,
                       const char *method, const char *target, size_t presented)
{
    unsigned refusal = expected_refusal(route, method, presented);
    char fields[128], challenge[128];
    struct response response;

    write_fields(scene, presented, fields);
    ask(scene, method, target, fields, &response);
    bool refused = response.status == 401 || response.status == 403;
    if (refused != (refusal != 0) || (refused && response.status != refusal))
        fail_msg("%s %s with %zu: expected %u, got %u", method, target,
                 presented, refusal, response.status);
    write_challenge(route, presented, challenge);
    response_expect_header(&response, "WWW-Authenticate",
                           refused ? challenge : NULL);
    /* A body that is refused is not read. */
    if (refused && strcmp(method, "POST") == 0)
        assert_true(response_closes(&response));
    response_release(&response);
}

static void write_target(const struct route *route, char target[128])
{
    size_t length = 0;

    for (size_t i = 0; route->segments[i] != NULL; i++)
        length += (size_t)snprintf(
            target + length, 128 - length, "/%s",
            route->segments[i][0] == '{' ? "some" : route->segments[i]);
}

static void each_operation_takes_its_scope_only(void **state)
{
    static const char *const methods[] = {"GET", "HEAD",    "POST",
                                          "PUT", "OPTIONS", "DELETE"};
    const struct scene *scene = *state;
    char target[128];

    for (size_t i = 0; i < route_table_count; i++) {
        const struct route *route = &route_table[i];
        write_target(route, target);
        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++)
            for (size_t p = 0; p < PRESENTED; p++)
                expect_row(scene, route, methods[m], target, p);
    }
}

/* 0, which is a row that was forgotten, is not among them. */
static void each_row_names_one_scope_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_table_count; i++) {
        unsigned scope = route_table[i].scope;
        assert_true(scope == ROUTE_OPEN || scope == SCOPE_INGEST ||
                    scope == SCOPE_READ || scope == SCOPE_METRICS ||
                    scope == SCOPE_ADMIN);
        assert_false(route_table[i].get != NULL && route_table[i].post != NULL);
    }
}

static void files_are_open(void **state)
{
    const struct scene *scene = *state;
    static const struct exchange rows[] = {
        {.target = "/openapi.yaml", .status = 200},
        {.target = "/openapi.yaml",
         .fields = "Authorization: Bearer lunar_wrong\r\n",
         .status = 200},
        {.target = "/nowhere", .status = 404},
    };

    EXCHANGES_RUN(&scene->instance, rows);
}

/* Neither the status nor a byte differs, whatever else is wrong. */
static void refusal_does_not_say_whether_a_rocket_exists(void **state)
{
    const struct scene *scene = *state;
    static const char message[] =
        "{\"metadata\":{\"channel\":\"known\",\"messageNumber\":1,"
        "\"messageTime\":\"2022-02-02T19:39:05Z\",\"messageType\":"
        "\"RocketLaunched\"},\"message\":{\"type\":\"a\",\"launchSpeed\":1,"
        "\"mission\":\"b\"}}";
    static const char *const targets[] = {
        "/rockets/known", "/rockets/other", "/rockets/known?unknown=1",
        "/rockets/known/gaps", "/rockets/other/gaps?limit=0"};
    char fields[128], first[2048] = "";

    write_fields(scene, FIRST_TOKEN, fields);
    EXCHANGE(&scene->instance, .fields = fields, .body = message,
             .status = 202);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct connection connection;
        struct response response;

        instance_connect(&scene->instance, &connection);
        connection_request(&connection, "GET", targets[i],
                           "X-Request-Id: a\r\nIf-None-Match: *\r\n");
        connection_expect(&connection, &response);
        connection_close(&connection);
        response_expect_status(&response, 401);
        if (i == 0)
            snprintf(first, sizeof(first), "%s", response.body);
        assert_string_equal(response.body, first);
        response_release(&response);
    }
}

/* Log in by the token of a scope. Copies the cookie's name and value. */
static void log_in(const struct instance *instance, const char *token,
                   char cookie[512])
{
    struct connection connection;
    struct response response;

    instance_connect(instance, &connection);
    connection_print(&connection,
                     "POST /login HTTP/1.1\r\nHost: localhost:1234\r\n" JSON
                     "Sec-Fetch-Site: same-origin\r\n"
                     "Content-Length: %zu\r\n\r\n{\"token\":\"%s\"}",
                     strlen(token) + 12, token);
    connection_expect(&connection, &response);
    connection_close(&connection);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Cache-Control", "no-store");
    const char *set = response_header(&response, "Set-Cookie");
    assert_non_null(set);
    size_t length = strcspn(set, ";");
    assert_non_null(strstr(set, "; HttpOnly; SameSite=Strict; Max-Age="));
    assert_null(strstr(set, "Path"));
    assert_null(strstr(set, "Domain"));
    assert_null(strstr(set, "Secure")); /* it came in plain text */
    assert_memory_equal(set, "lunar-session-1234=", 19);
    snprintf(cookie, 512, "Cookie: %.*s\r\n", (int)length, set);
    response_release(&response);
}

/* The same request with a session and other fields. */
static void expect_status(const struct instance *instance, const char *target,
                          unsigned status, const char *cookie,
                          const char *fields, const char *part)
{
    struct connection connection;
    struct response response;

    instance_connect(instance, &connection);
    connection_print(&connection,
                     "GET %s HTTP/1.1\r\nHost: localhost:1234\r\n%s%s\r\n",
                     target, cookie, fields);
    connection_expect(&connection, &response);
    connection_close(&connection);
    response_expect_status(&response, status);
    if (strstr(response.body, part) == NULL)
        fail_msg("no %s in %s", part, response.body);
    response_release(&response);
}

static void session_counts_for_own_pages_only(void **state)
{
    const struct scene *scene = *state;
    const struct instance *instance = &scene->instance;
    char cookie[512];

    log_in(instance, scene->tokens[1].text, cookie);
    expect_status(instance, "/fleet", 200, cookie, "", "");
    expect_status(instance, "/fleet", 200, cookie,
                  "Sec-Fetch-Site: same-origin\r\n", "");
    expect_status(instance, "/metrics", 403, cookie, "", "the scope metrics");
    expect_status(instance, "/session", 200, cookie, "",
                  "{\"tokens\":true,\"name\":\"read\",\"scopes\":[\"read\"],"
                  "\"expires\":\"2");
    /* A page of another port, and of another site. */
    expect_status(instance, "/fleet", 401, cookie,
                  "Sec-Fetch-Site: same-site\r\n", "");
    expect_status(instance, "/fleet", 401, cookie,
                  "Origin: http://localhost:1\r\n", "");
    expect_status(instance, "/session", 200, cookie,
                  "Sec-Fetch-Site: cross-site\r\n", "\"name\":null");
    /* A changed one. */
    cookie[strlen(cookie) - 8] ^= 1;
    expect_status(instance, "/fleet", 401, cookie, "", "the session has ended");
    expect_status(instance, "/session", 200, "", "",
                  "{\"tokens\":true,\"name\":null,\"scopes\":[],"
                  "\"expires\":null}");
}

static void logout_takes_the_cookie_back(void **state)
{
    const struct scene *scene = *state;

    EXCHANGE(&scene->instance, .target = "/logout", .body = "", .status = 204,
             .header = "Set-Cookie",
             .value = "lunar-session=; HttpOnly; SameSite=Strict; Max-Age=0");
    EXCHANGE(&scene->instance, .target = "/logout", .body = "",
             .fields = "Sec-Fetch-Site: same-site\r\n", .status = 403,
             .part = "may log out");
}

static void body_of_a_login_is_an_object_with_a_token(void **state)
{
    const struct scene *scene = *state;
    char long_body[1100];
    memset(long_body, ' ', sizeof(long_body));
    long_body[sizeof(long_body) - 1] = '\0';
    const struct exchange rows[] = {
        {.target = "/login",
         .fields = JSON,
         .body = "{\"token\":\"lunar_no\"}",
         .status = 401,
         .header = "WWW-Authenticate",
         .value = "Bearer realm=\"lunar\"",
         .part = "does not know this token"},
        {.target = "/login",
         .fields = JSON,
         .body = "{\"token\":\"a\",\"token\":\"b\"}",
         .status = 400,
         .part = "twice"},
        {.target = "/login",
         .fields = JSON,
         .body = "{\"token\":1}",
         .status = 400,
         .part = "member token"},
        {.target = "/login",
         .fields = JSON,
         .body = "[\"token\"]",
         .status = 400,
         .part = "member token"},
        {.target = "/login",
         .fields = JSON,
         .body = "{\"token\":",
         .status = 400,
         .part = "the login is not JSON"},
        {.target = "/login", .fields = JSON, .body = "", .status = 400},
        {.target = "/login",
         .fields = JSON,
         .body = long_body,
         .status = 413,
         .part = "1024"},
    };

    EXCHANGES_RUN(&scene->instance, rows);
}

static void login_takes_plain_json_of_its_own_page_only(void **state)
{
    const struct scene *scene = *state;
    const struct exchange rows[] = {
        {.target = "/login",
         .fields = "Content-Type: text/plain\r\n",
         .body = "{\"token\":\"a\"}",
         .status = 415,
         .part = "application/json"},
        {.target = "/login",
         .fields = JSON "Content-Encoding: gzip\r\n",
         .body = "{\"token\":\"a\"}",
         .status = 415,
         .part = "Content-Encoding"},
        {.target = "/login",
         .fields = JSON "Sec-Fetch-Site: cross-site\r\n",
         .body = "{\"token\":\"a\"}",
         .status = 403,
         .part = "may log in"},
        {.target = "/login?token=a",
         .fields = JSON,
         .body = "{\"token\":\"a\"}",
         .status = 400,
         .part = "unknown parameter token",
         .closes = true},
    };

    EXCHANGES_RUN(&scene->instance, rows);
}

/* They may post and read by a token, but a session is for our own pages. */
static void pages_of_allowed_origins_have_no_session(void **state)
{
    const struct scene *scene = *state;
    struct instance instance;
    char fields[256], cookie[512];

    instance_start(&instance, INSTANCE_FLAGS(scene->flag, scene->threads,
                                             "-allow-origin=*"));
    log_in(&instance, scene->tokens[1].text, cookie);
    expect_status(&instance, "/fleet", 200, cookie,
                  "Origin: http://localhost:1234\r\n", "rockets");
    expect_status(&instance, "/fleet", 401, cookie,
                  "Origin: http://page.example\r\n", "");
    expect_status(&instance, "/fleet", 401, cookie,
                  "Sec-Fetch-Site: cross-site\r\n", "");
    EXCHANGE(&instance, .target = "/login",
             .fields = JSON "Origin: http://page.example\r\n",
             .body = "{\"token\":\"a\"}", .status = 403, .part = "may log in");
    write_fields(scene, FIRST_TOKEN + 1, fields);
    size_t length = strlen(fields);
    snprintf(fields + length, sizeof(fields) - length,
             "Origin: http://page.example\r\n");
    EXCHANGE(&instance, .target = "/fleet", .fields = fields, .status = 200,
             .header = "Access-Control-Allow-Origin", .value = "*");
    EXCHANGE(&instance, .target = "/fleet",
             .fields = "Origin: http://page.example\r\n", .status = 401,
             .header = "Access-Control-Allow-Origin", .value = "*");
    instance_stop(&instance);
}

static void service_without_tokens_has_no_login(void **state)
{
    const struct scene *scene = *state;
    struct instance instance;

    instance_start(&instance, INSTANCE_FLAGS(scene->threads));
    EXCHANGE(&instance, .target = "/login", .fields = JSON, .body = "{}",
             .status = 404, .part = "no tokens");
    EXCHANGE(&instance, .target = "/session", .status = 200,
             .exact = "{\"tokens\":false,\"name\":null,\"scopes\":[\"ingest\","
                      "\"read\",\"metrics\",\"admin\"],\"expires\":null}");
    EXCHANGE(&instance, .target = "/fleet",
             .fields = "Authorization: Bearer lunar_wrong\r\n", .status = 200);
    instance_stop(&instance);
}

static void failures_are_counted_and_logged_without_secrets(void **state)
{
    const struct scene *scene = *state;
    struct instance instance;
    char fields[128];

    instance_start(&instance, INSTANCE_FLAGS(scene->flag, scene->threads,
                                             "-anonymous=metrics"));
    EXCHANGE(&instance, .target = "/fleet", .status = 401);
    write_fields(scene, WRONG, fields);
    EXCHANGE(&instance, .target = "/fleet", .fields = fields, .status = 401);
    write_fields(scene, FIRST_TOKEN, fields);
    EXCHANGE(&instance, .target = "/fleet", .fields = fields, .status = 403);
    EXCHANGE(&instance, .target = "/fleet",
             .fields = "Cookie: lunar-session=1.read.99.no\r\n", .status = 401);
    EXCHANGE(&instance, .target = "/login", .fields = JSON,
             .body = "{\"token\":\"lunar_wrong\"}", .status = 401);
    static const char *const reasons[] = {"missing", "invalid_token", "session",
                                          "scope", "login"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        char part[128];
        snprintf(part, sizeof(part),
                 "lunar_auth_failures_total{reason=\"%s\"} 1\n", reasons[i]);
        EXCHANGE(&instance, .target = "/metrics", .status = 200, .part = part);
    }
    char *log = instance_stop_log(&instance);
    assert_non_null(strstr(log, "403: token \"ingest\" has no scope read"));
    assert_null(strstr(log, "lunar_wrong"));
    assert_null(strstr(log, scene->tokens[0].text));
    assert_null(strstr(log, "1.read.99"));
    free(log);
}

/* The response must be complete: a client sees that the stream has ended. */
static void expect_end_of_stream(struct connection *connection)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "text/event-stream");
    response_release(&response);
    connection_close(connection);
}

static void stream_ends_with_its_session(void **state)
{
    const struct scene *scene = *state;
    struct instance instance;
    struct connection connection;
    char cookie[512];

    instance_start(&instance,
                   INSTANCE_FLAGS(scene->flag, scene->threads, "-session=1"));
    log_in(&instance, scene->tokens[1].text, cookie);
    instance_connect(&instance, &connection);
    connection_print(&connection,
                     "GET /events HTTP/1.1\r\nHost: localhost:1234\r\n%s\r\n",
                     cookie);
    expect_end_of_stream(&connection);
    expect_status(&instance, "/fleet", 401, cookie, "",
                  "the session has ended");
    instance_stop(&instance);
}

/* Wait until the service has sent something on the connection. */
static void expect_begin(struct connection *connection)
{
    assert_true(
        connection_fill(connection, 1, process_clock() + CONNECTION_PATIENCE));
}

static void stream_and_poll_end_with_their_token(void **state)
{
    struct scene *scene = *state;
    struct connection removed, poll;
    char fields[128], target[256];
    struct response response;

    write_fields(scene, FIRST_TOKEN + 1, fields);
    ask(scene, "HEAD", "/rockets?limit=1", fields, &response);
    const char *etag = response_header(&response, "ETag");
    assert_non_null(etag);
    snprintf(target, sizeof(target), "/rockets?since=%.*s&wait=20",
             (int)strcspn(etag + 3, "\""), etag + 3);
    response_release(&response);
    instance_connect(&scene->instance, &removed);
    instance_connect(&scene->instance, &poll);
    connection_request(&removed, "GET", "/events", fields);
    connection_request(&poll, "GET", target, fields);
    expect_begin(&removed);
    write_tokens(scene, 1);
    process_signal(&scene->instance.process, SIGHUP);
    process_wait_error(&scene->instance.process, "reloaded");
    expect_end_of_stream(&removed);
    connection_expect(&poll, &response);
    response_expect_problem(&response, 401, "not known");
    response_release(&response);
    connection_close(&poll);
    EXCHANGE(&scene->instance, .target = "/fleet", .fields = fields,
             .status = 401);
    write_tokens(scene, SCOPES);
}

static bool is_asked_for(char *arguments[], const char *threads)
{
    return arguments[1] == NULL || strcmp(arguments[1], threads) == 0;
}

int main(int count, char *arguments[])
{
    int failures = 0;

    (void)count;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_names_one_scope_or_none),
        cmocka_unit_test(each_operation_takes_its_scope_only),
        cmocka_unit_test(files_are_open),
        cmocka_unit_test(refusal_does_not_say_whether_a_rocket_exists),
        cmocka_unit_test(session_counts_for_own_pages_only),
        cmocka_unit_test(logout_takes_the_cookie_back),
        cmocka_unit_test(body_of_a_login_is_an_object_with_a_token),
        cmocka_unit_test(login_takes_plain_json_of_its_own_page_only),
        cmocka_unit_test(pages_of_allowed_origins_have_no_session),
        cmocka_unit_test(service_without_tokens_has_no_login),
        cmocka_unit_test(failures_are_counted_and_logged_without_secrets),
        cmocka_unit_test(stream_ends_with_its_session),
        /* The last one: its token is gone. */
        cmocka_unit_test(stream_and_poll_end_with_their_token),
    };
    if (is_asked_for(arguments, "event-loops"))
        failures += cmocka_run_group_tests_name("event loops", tests,
                                                start_loops, stop);
    if (is_asked_for(arguments, "per-connection"))
        failures += cmocka_run_group_tests_name(
            "a thread for each connection", tests, start_per_connection, stop);
    return failures;
}
