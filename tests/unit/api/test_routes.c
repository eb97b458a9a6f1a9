/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody may send must not take much memory: how much of a body is kept,
 * by its operation.
 */
#include "lib/unit_check.h"

#include "api/api.h"
#include "base/metrics.h"
#include "http/request.h"
#include "http/response.h"
#include "table/table.h"

enum { LOGIN = 1024 + 1 /* the last byte shows that it is too long */ };

static void body_is_kept_for_its_operation_only(void **state)
{
    static const struct {
        enum http_method method;
        const char *target;
        size_t kept;
    } rows[] = {
        {HTTP_POST, "/messages", HTTP_MAX_BODY},
        {HTTP_POST, "/login", LOGIN},
        {HTTP_POST, "/logout", LOGIN},
        {HTTP_POST, "/rockets", 0},
        {HTTP_POST, "/nothing", 0},
        {HTTP_POST, "/%", 0},
        {HTTP_GET, "/messages", 0},
        {HTTP_GET, "/rockets", 0},
        {HTTP_OPTIONS, "/messages", 0},
        {HTTP_OTHER, "/messages", 0},
    };
    struct api api;

    (void)state;
    api_init(&api, table_new(SIZE_MAX), NULL, metrics_new());
    struct http_app app = api_app(&api);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request = {.method = rows[i].method,
                                       .kept_body = HTTP_MAX_BODY};
        struct http_response response;
        char decoded[16];

        http_response_init(&response);
        http_request_set_target(&request, text_of(rows[i].target), decoded);
        assert_null(app.open(app.context, &request, &response));
        if (request.kept_body != rows[i].kept)
            fail_msg("%s: %zu bytes", rows[i].target, request.kept_body);
        http_response_release(&response);
    }
    table_free(api.table);
    metrics_free(api.registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_is_kept_for_its_operation_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
