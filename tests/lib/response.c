/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses responses for tests. A response is parsed again from its first byte
 * each time more bytes arrive. This is simple, and fast enough, because a body
 * is only scanned until it is complete.
 */
#include "lib/response.h"

#include "lib/harness.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_HEAD = 64 * 1024 };

/*
 * The extent of a body: where it ends in the data received, and its decoded
 * length.
 */
struct extent {
    size_t end;
    size_t length;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char *copy_of(const char *data, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy != NULL) {
        memcpy(copy, data, length);
        copy[length] = '\0';
    }
    return copy;
}

/* Parse a line such as "HTTP/1.1 200 OK". */
static bool read_status_line(struct response *response, const char *line)
{
    if (strncmp(line, "HTTP/1.1 ", 9) != 0 &&
        strncmp(line, "HTTP/1.0 ", 9) != 0)
        return false;
    for (int i = 9; i < 12; i++) {
        if (!isdigit((unsigned char)line[i]))
            return false;
        response->status = response->status * 10 + (unsigned)(line[i] - '0');
    }
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
        if (end == line)
            return !first;
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
    const char *coding = find_header(response, "Transfer-Encoding", &codings);

    (void)find_header(response, "Content-Length", &lengths);
    if (lengths > 1 || codings > 1 || (lengths == 1 && codings == 1))
        return false;
    if (head || response->status < 200 || response->status == 204 ||
        response->status == 304) {
        response->framing = RESPONSE_NO_BODY;
    } else if (codings == 1) {
        response->framing = RESPONSE_CHUNKED;
        return strcasecmp(coding, "chunked") == 0;
    } else {
        response->framing =
            lengths == 1 ? RESPONSE_LENGTH : RESPONSE_UNTIL_CLOSE;
    }
    return true;
}

/* Parse the size of the chunk at `at`, and move `at` to its first byte. */
static enum response_result chunk_size(const char *data, size_t length,
                                       size_t *at, size_t *size)
{
    char digits[17] = {0};
    const char *end =
        memmem(data + *at, least(length - *at, sizeof(digits) + 2), "\r\n", 2);

    if (end == NULL) {
        return length - *at > sizeof(digits) ? RESPONSE_BROKEN
                                             : RESPONSE_PARTIAL;
    }
    size_t count = (size_t)(end - (data + *at));
    if (count == 0 || count >= sizeof(digits))
        return RESPONSE_BROKEN;
    memcpy(digits, data + *at, count);
    if (strspn(digits, "0123456789abcdefABCDEF") != count)
        return RESPONSE_BROKEN;
    *size = strtoul(digits, NULL, 16);
    *at += count + 2;
    return RESPONSE_DONE;
}

/* Scan all chunks from `at`. If `out` is not NULL, copy their content to it. */
static enum response_result walk_chunks(const char *data, size_t length,
                                        size_t at, char *out,
                                        struct extent *extent)
{
    *extent = (struct extent){0};
    for (;;) {
        size_t size = 0;
        enum response_result result = chunk_size(data, length, &at, &size);
        if (result != RESPONSE_DONE)
            return result;
        if (length - at < size + 2)
            return RESPONSE_PARTIAL;
        if (memcmp(data + at + size, "\r\n", 2) != 0)
            return RESPONSE_BROKEN;
        if (out != NULL)
            memcpy(out + extent->length, data + at, size);
        extent->length += size;
        at += size + 2;
        if (size == 0) {
            extent->end = at;
            return RESPONSE_DONE;
        }
    }
}

static enum response_result find_body(const struct response *response,
                                      const char *data, size_t length,
                                      bool ended, size_t start,
                                      struct extent *extent)
{
    size_t count = 0;

    switch (response->framing) {
    case RESPONSE_NO_BODY:
        *extent = (struct extent){start, 0};
        return RESPONSE_DONE;
    case RESPONSE_CHUNKED:
        return walk_chunks(data, length, start, NULL, extent);
    case RESPONSE_UNTIL_CLOSE:
        *extent = (struct extent){length, length - start};
        return ended ? RESPONSE_DONE : RESPONSE_PARTIAL;
    default:
        extent->length =
            strtoul(find_header(response, "Content-Length", &count), NULL, 10);
        extent->end = start + extent->length;
        return extent->end <= length ? RESPONSE_DONE : RESPONSE_PARTIAL;
    }
}

static enum response_result read_body(struct response *response,
                                      const char *data, size_t length,
                                      bool ended, size_t start,
                                      size_t *consumed)
{
    struct extent extent = {0};
    enum response_result result =
        find_body(response, data, length, ended, start, &extent);

    if (result != RESPONSE_DONE)
        return result;
    response->body = copy_of(data + start, extent.length);
    if (response->body == NULL)
        return RESPONSE_BROKEN;
    if (response->framing == RESPONSE_CHUNKED)
        (void)walk_chunks(data, length, start, response->body, &extent);
    response->body_length = extent.length;
    *consumed = extent.end;
    return RESPONSE_DONE;
}

enum response_result response_read(struct response *response, const char *data,
                                   size_t length, bool ended, bool head,
                                   size_t *consumed)
{
    const char *blank = memmem(data, least(length, MAX_HEAD), "\r\n\r\n", 4);
    enum response_result result = RESPONSE_BROKEN;

    *response = (struct response){0};
    if (blank == NULL)
        return length >= MAX_HEAD ? RESPONSE_BROKEN : RESPONSE_PARTIAL;
    size_t start = (size_t)(blank - data) + 4;
    response->head = copy_of(data, start);
    if (response->head != NULL && read_head(response) &&
        read_framing(response, head))
        result = read_body(response, data, length, ended, start, consumed);
    if (result != RESPONSE_DONE)
        response_release(response);
    return result;
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

    if (value == NULL) {
        if (sent != NULL)
            fail_msg("unexpected header %s: %s", name, sent);
    } else if (sent == NULL) {
        fail_msg("no header %s", name);
    } else {
        assert_string_equal(sent, value);
    }
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

void response_expect_problem(const struct response *response, unsigned status,
                             const char *part)
{
    response_expect_status(response, status);
    response_expect_header(response, "Content-Type",
                           "application/problem+json");
    cJSON *json = response_json(response);
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(json, "detail");

    assert_true(cJSON_IsString(detail));
    if (strstr(detail->valuestring, part) == NULL)
        fail_msg("the detail does not contain \"%s\": %s", part,
                 detail->valuestring);
    assert_int_equal(cJSON_GetArraySize(json), 4);
    assert_true(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "type")));
    assert_true(
        cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "title")));
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(json, "status")->valueint,
                     status);
    cJSON_Delete(json);
}
