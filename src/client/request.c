/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request has no body, and no fields but those that every server needs.
 */
#include "client/request.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/log.h"

size_t client_write_get(const struct client_request *request, char *out,
                        size_t size)
{
    char host[HTTP_URL_HOST + HTTP_URL_PORT + 3];
    struct text path =
        request->path.data != NULL ? request->path : request->url->path;
    bool slash = path.length > 0 && path.data[0] == '/';
    bool token = request->token != NULL;

    http_url_write_host(request->url, host);
    int length =
        snprintf(out, size,
                 "GET %s%.*s HTTP/%s\r\n"
                 "Host: %s\r\n"
                 "User-Agent: lunar.service/" LUNAR_VERSION "\r\n"
                 "Connection: close\r\n"
                 "%s%s%s\r\n",
                 slash ? "" : "/", (int)path.length, path.data,
                 request->version, host, token ? "Authorization: Bearer " : "",
                 token ? request->token : "", token ? "\r\n" : "");
    return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

bool client_read_detail(struct text body, char *out, size_t size)
{
    cJSON *problem = body.data != NULL
                         ? cJSON_ParseWithLength(body.data, body.length)
                         : NULL;
    const char *detail = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(problem, "detail"));

    if (detail != NULL)
        log_escape(text_of(detail), out, size);
    bool found = detail != NULL;
    cJSON_Delete(problem);
    return found;
}
