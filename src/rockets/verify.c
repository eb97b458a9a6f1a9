/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A difference is printed as "rocket <id>: speed: expected 3500, got 3000".
 * Values are compared after cJSON has parsed them, so that the JSON text of
 * the service may differ in spaces, escapes and the order of members.
 */
#include "verify.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport.h"

/* Bytes; far more than a rocket needs. A longer response is a failure. */
enum { MAX_RESPONSE = 65536 };

/* The comparison of one rocket. */
struct comparison {
    const char *id;
    const cJSON *rocket;
    size_t differences;
    size_t *shown; /* differences that all comparisons together printed */
};

/* Reads rockets from the service. */
struct reader {
    CURL *easy;
    const char *base; /* the URL without "/messages": `base_length` bytes */
    int base_length;
    char *response; /* MAX_RESPONSE bytes, the first `length` in use */
    size_t length;
    size_t shown;
};

__attribute__((format(printf, 3, 4))) static void
print_difference(const char *id, size_t *shown, const char *format, ...)
{
    va_list arguments;

    if ((*shown)++ >= VERIFY_MAX_SHOWN)
        return;
    printf("rocket %s: ", id);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

/* `expected` is a JSON value. */
static void add_difference(struct comparison *comparison, const char *field,
                           const char *expected)
{
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(comparison->rocket, field);
    char *got = item != NULL ? cJSON_PrintUnformatted(item) : NULL;

    print_difference(comparison->id, comparison->shown,
                     "%s: expected %s, got %s", field, expected,
                     got != NULL ? got : "nothing");
    comparison->differences++;
    cJSON_free(got);
}

/* An `expected` of NULL is JSON's null. */
static void compare_text(struct comparison *comparison, const char *field,
                         const char *expected)
{
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(comparison->rocket, field);
    char quoted[TRAFFIC_TEXT_SIZE];
    bool same = expected != NULL ? cJSON_IsString(item) &&
                                       strcmp(item->valuestring, expected) == 0
                                 : cJSON_IsNull(item);

    if (same)
        return;
    snprintf(quoted, sizeof(quoted), "\"%s\"",
             expected != NULL ? expected : "");
    add_difference(comparison, field, expected != NULL ? quoted : "null");
}

/* All numbers here are far below 2^53, so a double is exact. */
static void compare_number(struct comparison *comparison, const char *field,
                           int64_t expected)
{
    const cJSON *item =
        cJSON_GetObjectItemCaseSensitive(comparison->rocket, field);
    char digits[24];

    if (cJSON_IsNumber(item) && item->valuedouble == (double)expected)
        return;
    snprintf(digits, sizeof(digits), "%" PRId64, expected);
    add_difference(comparison, field, digits);
}

static void compare_time(struct comparison *comparison, const char *field,
                         const struct traffic_message *message)
{
    char time[TRAFFIC_TIME_SIZE];

    if (message != NULL)
        traffic_time(message, time);
    compare_text(comparison, field, message != NULL ? time : NULL);
}

size_t verify_text(const char *id, const struct expected *expected,
                   const char *text, size_t length, size_t *shown)
{
    cJSON *rocket = cJSON_ParseWithLength(text, length);
    struct comparison all = {.id = id, .rocket = rocket, .shown = shown};
    uint32_t last = expected->last->number;

    if (!cJSON_IsObject(rocket)) {
        print_difference(id, shown, "expected a JSON object, got '%.*s'",
                         length < 80 ? (int)length : 80, text);
        cJSON_Delete(rocket);
        return 1;
    }
    compare_text(&all, "id", id);
    compare_text(&all, "type", expected->type);
    compare_number(&all, "speed", expected->speed);
    compare_text(&all, "mission", expected->mission);
    compare_text(&all, "status",
                 expected->reason != NULL ? "exploded" : "active");
    compare_text(&all, "reason", expected->reason);
    compare_time(&all, "createdAt", expected->launch);
    compare_time(&all, "updatedAt", expected->last);
    compare_number(&all, "lastMessageNumber", last);
    compare_number(&all, "missingMessages", last - expected->messages);
    cJSON_Delete(rocket);
    return all.differences;
}

static size_t collect_body(char *data, size_t size, size_t count, void *context)
{
    struct reader *reader = context;
    size_t bytes = size * count;

    if (bytes > MAX_RESPONSE - reader->length)
        return 0; /* less than `bytes`: curl fails the request */
    memcpy(reader->response + reader->length, data, bytes);
    reader->length += bytes;
    return bytes;
}

static size_t verify_rocket(struct reader *reader, const char *id,
                            const struct expected *expected)
{
    char url[4096];
    long status = 0;
    CURLcode code;

    snprintf(url, sizeof(url), "%.*s/rockets/%s", reader->base_length,
             reader->base, id);
    curl_easy_setopt(reader->easy, CURLOPT_URL, url);
    reader->length = 0;
    code = curl_easy_perform(reader->easy);
    curl_easy_getinfo(reader->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        print_difference(id, &reader->shown, "can't read %s: %s", url,
                         curl_easy_strerror(code));
        return 1;
    }
    if (status != 200) {
        print_difference(id, &reader->shown, "expected 200 for %s, got %ld",
                         url, status);
        return 1;
    }
    return verify_text(id, expected, reader->response, reader->length,
                       &reader->shown);
}

static void set_curl_options(struct reader *reader)
{
    curl_easy_setopt(reader->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(reader->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(reader->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(reader->easy, CURLOPT_TIMEOUT_MS,
                     (long)TRANSPORT_TIMEOUT_MS);
    curl_easy_setopt(reader->easy, CURLOPT_USERAGENT, "rockets/" LUNAR_VERSION);
    curl_easy_setopt(reader->easy, CURLOPT_WRITEFUNCTION, collect_body);
    curl_easy_setopt(reader->easy, CURLOPT_WRITEDATA, reader);
}

int verify_rockets(struct verify_result *result, const char *messages_url,
                   const struct traffic *traffic,
                   const struct expected *expected)
{
    struct reader reader = {
        .easy = curl_easy_init(),
        .base = messages_url,
        .base_length = (int)(strlen(messages_url) - strlen("/messages")),
        .response = malloc(MAX_RESPONSE),
    };
    struct verify_result found = {0};
    int status = -1;

    if (reader.easy == NULL || reader.response == NULL)
        goto out;
    set_curl_options(&reader);
    for (uint32_t i = 0; i < traffic->rocket_count; i++) {
        if (expected[i].last == NULL)
            continue;
        found.rockets++;
        found.differences +=
            verify_rocket(&reader, traffic->rockets[i].id, &expected[i]);
    }
    if (found.differences > VERIFY_MAX_SHOWN)
        printf("... and %zu more\n", found.differences - VERIFY_MAX_SHOWN);
    *result = found;
    status = 0;
out:
    curl_easy_cleanup(reader.easy);
    free(reader.response);
    return status;
}
