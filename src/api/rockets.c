/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets/{id}.
 */
#include "etags.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"
#include "api/rocket_json.h"
#include "table/table.h"

void rockets_set_unknown(struct http_response *response)
{
    problem_set(response, 404,
                "no message has come from a rocket with this id");
}

void rockets_get(struct api *api, const struct http_request *request,
                 struct http_response *response)
{
    struct rocket_view view;

    if (!table_find(api->table, request->segments[1], &view)) {
        rockets_set_unknown(response);
        return;
    }
    etags_answer(api, request, view.revision, response);
    http_response_header(response, "Content-Type", "application/json");
    rocket_json_write(&response->body, &view);
}
