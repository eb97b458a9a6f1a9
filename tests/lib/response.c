/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses heads of responses, and compares responses with what a test expects.
 */
#include "lib/response.h"

#include "lib/harness.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Parse a line such as "HTTP/1.1 200 OK". */
static bool read_status_line(struct response *response, const char *line)
{
    if ((strncmp(line, "HTTP/1.1 ", 9) != 0 &&
         strncmp(line, "HTTP/1.0 ", 9) != 0) ||
        strspn(line + 9, "0123456789") != 3)
        return false;
    response->status = (unsigned)strtoul(line + 9, NULL, 10);
    return line[12] == ' ' || line[12] == '\0';
}

static bool read_field(struct response *response, char *line)
{
    char *colon = strchr(line, ':');

    if (colon == NULL || colon == line || isspace((unsigned char)colon[-1]) ||
        response->field_count == RESPONSE_MAX_FIELDS)
        return false;
    *colon = '\0';
    response->fields[response->field_count++] =
        (struct response_field){line, colon + 1 + strspn(colon + 1, " \t")};
    return true;
}

/* Split `head`, which ends in an empty line, into names and values. */
static bool read_head(struct response *response)
{
    char *line = response->head;

    for (bool first = true;; first = false) {
        char *end = strstr(line, "\r\n");
        if (end == line || end == NULL)
            return end != NULL && !first;
        *end = '\0';
        if (first ? !read_status_line(response, line)
                  : !read_field(response, line))
            return false;
        line = end + 2;
    }
}

static const char *find_header(const struct response *response,
                               const char *name, size_t *count)
{
    const char *value = NULL;

    *count = 0;
    for (size_t i = 0; i < response->field_count; i++) {
        if (strcasecmp(response->fields[i].name, name) == 0) {
            value = response->fields[i].value;
            ++*count;
        }
    }
    return value;
}

static bool read_framing(struct response *response, bool head)
{
    size_t lengths = 0;
    size_t codings = 0;
    const char *length = find_header(response, "Content-Length", &lengths);
    const char *coding = find_header(response, "Transfer-Encoding", &codings);

    if (lengths + codings > 1 ||
        (codings == 1 && strcasecmp(coding, "chunked") != 0))
        return false;
    if (head || response->status < 200 || response->status == 204 ||
        response->status == 304)
        response->framing = RESPONSE_NO_BODY;
    else if (codings == 1)
        response->framing = RESPONSE_CHUNKED;
    else
        response->framing =
            lengths == 1 ? RESPONSE_LENGTH : RESPONSE_UNTIL_CLOSE;
    if (response->framing == RESPONSE_LENGTH)
        response->body_length = strtoul(length, NULL, 10);
    return true;
}

bool response_read_head(struct response *response, const char *data,
                        size_t length, bool head)
{
    *response = (struct response){.head = strndup(data, length)};
    return response->head != NULL && read_head(response) &&
           read_framing(response, head);
}

void response_release(struct response *response)
{
    free(response->head);
    free(response->body);
    *response = (struct response){0};
}

const char *response_header(const struct response *response, const char *name)
{
    size_t count = 0;
    const char *value = find_header(response, name, &count);

    assert_in_range(count, 0, 1);
    return value;
}

bool response_closes(const struct response *response)
{
    size_t count = 0;
    const char *value = find_header(response, "Connection", &count);

    return response->framing == RESPONSE_UNTIL_CLOSE ||
           (value != NULL && strcasecmp(value, "close") == 0);
}

void response_expect_status(const struct response *response, unsigned status)
{
    if (response->status != status) {
        fail_msg("expected status %u, got %u: %s", status, response->status,
                 response->body);
    }
}

void response_expect_header(const struct response *response, const char *name,
                            const char *value)
{
    const char *sent = response_header(response, name);

    if (value == NULL)
        assert_null(sent);
    else if (sent == NULL)
        fail_msg("no header %s", name);
    else
        assert_string_equal(sent, value);
}

void response_expect_body(const struct response *response, const char *body)
{
    assert_string_equal(response->body, body);
    assert_int_equal(response->body_length, strlen(body));
}

cJSON *response_json(const struct response *response)
{
    cJSON *json = cJSON_ParseWithLengthOpts(
        response->body, response->body_length + 1, NULL, true);

    if (json == NULL)
        fail_msg("the body is not JSON: %.200s", response->body);
    return json;
}

/* How many members a problem of a batch has besides the four: all, or none. */
static int count_batch_members(const cJSON *json)
{
    static const char *const counts[] = {"applied", "duplicate", "stale",
                                         "rejected"};
    int found = cJSON_IsArray(cJSON_GetObjectItem(json, "errors")) ? 1 : 0;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        found += cJSON_IsNumber(cJSON_GetObjectItem(json, counts[i])) ? 1 : 0;
    return found == 5 ? found : 0;
}

bool response_is_problem(const struct response *response, const char *part)
{
    const char *type = response_header(response, "Content-Type");
    const char *caching = response_header(response, "Cache-Control");
    const char *sent_id = response_header(response, "X-Request-Id");

    if (type == NULL || strcmp(type, "application/problem+json") != 0 ||
        caching == NULL || strcmp(caching, "no-store") != 0)
        return false;
    cJSON *json = response_json(response);
    const char *detail =
        cJSON_GetStringValue(cJSON_GetObjectItem(json, "detail"));
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItem(json, "requestId"));
    double status = cJSON_GetNumberValue(cJSON_GetObjectItem(json, "status"));
    bool found = cJSON_GetArraySize(json) == 5 + count_batch_members(json) &&
                 status == response->status &&
                 cJSON_IsString(cJSON_GetObjectItem(json, "type")) &&
                 cJSON_IsString(cJSON_GetObjectItem(json, "title")) &&
                 detail != NULL && strstr(detail, part) != NULL && id != NULL &&
                 sent_id != NULL && strcmp(id, sent_id) == 0;
    cJSON_Delete(json);
    return found;
}

void response_expect_problem(const struct response *response, unsigned status,
                             const char *part)
{
    response_expect_status(response, status);
    if (!response_is_problem(response, part))
        fail_msg("not a problem with \"%s\": %s", part, response->body);
}
