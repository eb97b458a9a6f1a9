/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths and methods, and the resources other than rockets: health, the API
 * document, the Swagger UI.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ALLOW = 64 };

static const struct {
    const char *path, *allow;
} routes[] = {
    {"/messages", "POST, OPTIONS"},          {"/rockets", "GET, HEAD, OPTIONS"},
    {"/rockets/any", "GET, HEAD, OPTIONS"},  {"/health", "GET, HEAD, OPTIONS"},
    {"/openapi.yaml", "GET, HEAD, OPTIONS"}, {"/swagger", "GET, HEAD, OPTIONS"},
    {"/swagger/", "GET, HEAD, OPTIONS"},     {"/", "GET, HEAD, OPTIONS"},
};

static void send_request(const struct instance *instance, const char *method,
                         const char *target, const char *fields,
                         struct response *response)
{
    struct connection connection;

    instance_connect(instance, &connection);
    connection_request(&connection, method, target, fields);
    connection_expect(&connection, response);
    connection_close(&connection);
}

/* Return whether `list`, such as "GET, HEAD", contains the item `name`. */
static bool list_contains(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *item = list; *item != '\0';) {
        item += strspn(item, ", ");
        size_t item_length = strcspn(item, ", ");
        if (item_length == length && strncmp(item, name, length) == 0)
            return true;
        item += item_length;
    }
    return false;
}

/* Expect that Allow has the methods of `allow`, in any order. */
static void expect_allow(const struct response *response, const char *allow)
{
    static const char *const methods[] = {"GET", "HEAD",   "POST", "OPTIONS",
                                          "PUT", "DELETE", "PATCH"};
    const char *sent = response_header(response, "Allow");

    assert_non_null(sent);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (list_contains(sent, methods[i]) != list_contains(allow, methods[i]))
            fail_msg("Allow: %s, expected: %s", sent, allow);
}

static void options_lists_the_methods(void **state)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        struct response response;

        send_request(*state, "OPTIONS", routes[i].path, "", &response);
        response_expect_status(&response, 204);
        expect_allow(&response, routes[i].allow);
        response_release(&response);
    }
}

static void wrong_method_gets_405_with_allow(void **state)
{
    static const char *const methods[] = {"GET",    "POST",  "PUT",
                                          "DELETE", "PATCH", "BREW"};

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
            struct response response;

            if (list_contains(routes[i].allow, methods[m]))
                continue;
            send_request(*state, methods[m], routes[i].path, "", &response);
            response_expect_problem(&response, 405, "");
            expect_allow(&response, routes[i].allow);
            response_release(&response);
        }
    }
}

static void head_of_messages_gets_405(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_request(&connection, "HEAD", "/messages", "");
    connection_get(&connection, "/health");
    assert_int_equal(connection_receive_head(&connection, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 405);
    expect_allow(&response, "POST, OPTIONS");
    response_release(&response);
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

static void other_paths_are_not_found(void **state)
{
    static const char *const paths[] = {
        "/nowhere",         "/messages/",         "/rockets/a/b", "/health/",
        "/Rockets",         "/openapi.yaml/",     "//rockets",    "/rocket",
        "/swagger/nothing", "/swagger/../health", "/messagesx",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct response response;

        send_request(*state, "GET", paths[i], "", &response);
        if (response.status != 404)
            print_error("%s\n", paths[i]);
        response_expect_problem(&response, 404, "");
        response_release(&response);
    }
}

/* The escaped path is longer than any path segment of a route. */
static void long_escaped_path_is_not_found(void **state)
{
    struct response response;
    char path[600] = "/%68";

    memset(path + strlen(path), 'a', sizeof(path) - strlen(path) - 1);
    send_request(*state, "GET", path, "", &response);
    response_expect_problem(&response, 404, "");
    response_release(&response);
}

static void empty_id_is_not_found(void **state)
{
    struct response response;

    send_request(*state, "GET", "/rockets/", "", &response);
    response_expect_problem(&response, 404, "");
    response_release(&response);
}

static void refused_body_leaves_the_connection_usable(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    connection_send_text(&connection,
                         "POST /nowhere HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 5\r\n\r\nhello");
    connection_expect_status(&connection, 404);
    connection_send_text(&connection,
                         "PUT /rockets HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 5\r\n\r\nhello");
    connection_expect_status(&connection, 405);
    connection_get(&connection, "/health");
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

static void health_is_ok(void **state)
{
    struct response response;

    send_request(*state, "GET", "/health", "", &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_body(&response, "{\"status\":\"ok\"}");
    response_release(&response);
}

static void root_redirects_to_swagger(void **state)
{
    struct response response;

    send_request(*state, "GET", "/", "", &response);
    assert_in_range(response.status, 301, 308);
    response_expect_header(&response, "Location", "/swagger");
    response_release(&response);
}

static void openapi_document_is_served(void **state)
{
    struct response response;

    send_request(*state, "GET", "/openapi.yaml", "", &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "application/yaml");
    assert_non_null(strstr(response.body, "openapi: 3.1"));
    response_release(&response);
}

/* Copy to `path` the absolute path of the first script of the page. */
static void find_script(const struct response *page, char *path, size_t size)
{
    const char *start = strstr(page->body, "<script");

    assert_non_null(start);
    start = strstr(start, "src=\"");
    assert_non_null(start);
    start += 5;
    start += strncmp(start, "./", 2) == 0 ? 2 : 0;
    snprintf(path, size, "%s%.*s", *start == '/' ? "" : "/swagger/",
             (int)strcspn(start, "\""), start);
}

static bool lacks_swagger(const struct response *page)
{
    return page->status != 200 || strstr(page->body, "<script") == NULL;
}

static void swagger_page_has_a_content_security_policy(void **state)
{
    static const char *const paths[] = {"/swagger", "/swagger/"};

    for (size_t i = 0; i < 2; i++) {
        struct response response;

        send_request(*state, "GET", paths[i], "", &response);
        const char *type = response_header(&response, "Content-Type");
        assert_non_null(type);
        assert_memory_equal(type, "text/html", 9);
        if (!lacks_swagger(&response)) {
            const char *policy =
                response_header(&response, "Content-Security-Policy");
            assert_non_null(policy);
            assert_non_null(strstr(policy, "default-src"));
            assert_null(strstr(policy, "http:"));
            assert_non_null(response_header(&response, "ETag"));
        }
        response_release(&response);
    }
}

static void get_with_coding(const struct instance *instance, const char *path,
                            const char *accepted, struct response *response)
{
    char field[128] = "";

    if (accepted != NULL)
        snprintf(field, sizeof(field), "Accept-Encoding: %s\r\n", accepted);
    send_request(instance, "GET", path, field, response);
    response_expect_status(response, 200);
    const char *vary = response_header(response, "Vary");
    assert_non_null(vary);
    assert_true(list_contains(vary, "Accept-Encoding"));
}

static void expect_content_codings(const struct instance *instance,
                                   const char *path)
{
    static const char *const gzip[] = {"gzip", "deflate, GZIP;q=0.5", "*"};
    static const char *const plain[] = {NULL, "identity", "gzip;q=0", "br"};
    struct response response;

    for (size_t i = 0; i < sizeof(gzip) / sizeof(gzip[0]); i++) {
        get_with_coding(instance, path, gzip[i], &response);
        response_expect_header(&response, "Content-Encoding", "gzip");
        assert_memory_equal(response.body, "\x1f\x8b", 2);
        response_release(&response);
    }
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        get_with_coding(instance, path, plain[i], &response);
        response_expect_header(&response, "Content-Encoding", NULL);
        assert_memory_not_equal(response.body, "\x1f\x8b", 2);
        response_release(&response);
    }
}

static void expect_entity_tags(const struct instance *instance,
                               const char *path)
{
    struct response gzip;
    struct response plain;
    struct response again;
    char field[256];

    get_with_coding(instance, path, "gzip", &gzip);
    get_with_coding(instance, path, NULL, &plain);
    assert_string_not_equal(response_header(&gzip, "ETag"),
                            response_header(&plain, "ETag"));
    snprintf(field, sizeof(field), "If-None-Match: %s\r\n",
             response_header(&plain, "ETag"));
    send_request(instance, "GET", path, field, &again);
    response_expect_status(&again, 304);
    response_expect_header(&again, "ETag", response_header(&plain, "ETag"));
    assert_non_null(response_header(&again, "Vary"));
    response_release(&gzip);
    response_release(&plain);
    response_release(&again);
}

static void assets_are_served_plain_and_gzipped(void **state)
{
    struct response page;
    char script[256];

    expect_content_codings(*state, "/openapi.yaml");
    expect_entity_tags(*state, "/openapi.yaml");
    send_request(*state, "GET", "/swagger", "", &page);
    if (!lacks_swagger(&page)) {
        find_script(&page, script, sizeof(script));
        expect_content_codings(*state, "/swagger");
        expect_content_codings(*state, script);
        expect_entity_tags(*state, "/swagger");
        expect_entity_tags(*state, script);
    }
    response_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_lists_the_methods),
        cmocka_unit_test(wrong_method_gets_405_with_allow),
        cmocka_unit_test(head_of_messages_gets_405),
        cmocka_unit_test(other_paths_are_not_found),
        cmocka_unit_test(long_escaped_path_is_not_found),
        cmocka_unit_test(empty_id_is_not_found),
        cmocka_unit_test(refused_body_leaves_the_connection_usable),
        cmocka_unit_test(health_is_ok),
        cmocka_unit_test(root_redirects_to_swagger),
        cmocka_unit_test(openapi_document_is_served),
        cmocka_unit_test(swagger_page_has_a_content_security_policy),
        cmocka_unit_test(assets_are_served_plain_and_gzipped),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
