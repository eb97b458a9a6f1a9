/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A difference is printed as "rocket <id>: speed: expected 3500, got 3000".
 * Values are compared after cJSON has parsed them, so that the JSON text of
 * the service may differ in spaces, escapes and the order of members.
 */
#include "compare.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "traffic.h"

enum { MAX_LINE = 4096 };

/* The comparison of one rocket. */
struct pair {
    const char *id;
    const cJSON *rocket;
    struct comparison *result;
    size_t *shown;
};

void compare_print(const char *id, size_t *shown, const char *format, ...)
{
    char line[MAX_LINE];
    va_list arguments;

    if ((*shown)++ >= COMPARE_MAX_SHOWN)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    console_make_printable(line);
    console_progress_end();
    printf("rocket %s: %s\n", id, line);
}

/* `expected` is a JSON value. */
static void add_difference(struct pair *pair, const char *field,
                           const char *expected)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(pair->rocket, field);
    char *got = item != NULL ? cJSON_PrintUnformatted(item) : NULL;

    compare_print(pair->id, pair->shown, "%s: expected %s, got %s", field,
                  expected, got != NULL ? got : "nothing");
    pair->result->differences++;
    cJSON_free(got);
}

/* An `expected` of NULL is JSON's null. */
static void compare_text(struct pair *pair, const char *field,
                         const char *expected)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(pair->rocket, field);
    char quoted[TRAFFIC_TEXT_SIZE];
    bool same = expected != NULL ? cJSON_IsString(item) &&
                                       strcmp(item->valuestring, expected) == 0
                                 : cJSON_IsNull(item);

    if (same)
        return;
    snprintf(quoted, sizeof(quoted), "\"%s\"",
             expected != NULL ? expected : "");
    add_difference(pair, field, expected != NULL ? quoted : "null");
}

/* All numbers here are far below 2^53, so a double is exact. */
static void compare_number(struct pair *pair, const char *field,
                           int64_t expected)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(pair->rocket, field);
    char digits[24];

    if (cJSON_IsNumber(item) && item->valuedouble == (double)expected)
        return;
    snprintf(digits, sizeof(digits), "%" PRId64, expected);
    add_difference(pair, field, digits);
}

static void compare_time(struct pair *pair, const char *field,
                         const struct traffic_message *message)
{
    char time[TRAFFIC_TIME_SIZE];

    if (message != NULL)
        traffic_time(message, time);
    compare_text(pair, field, message != NULL ? time : NULL);
}

/*
 * A service has applied all numbers up to the last one but those that are
 * missing.
 */
static void compare_numbers(const struct pair *pair, double last,
                            double missing)
{
    double got_last = cJSON_GetNumberValue(
        cJSON_GetObjectItemCaseSensitive(pair->rocket, "lastMessageNumber"));
    double got_missing = cJSON_GetNumberValue(
        cJSON_GetObjectItemCaseSensitive(pair->rocket, "missingMessages"));
    double applied = last - missing;
    double got_applied = got_last - got_missing;

    /* A member that is not a number is NaN, which compares as false. */
    pair->result->unreadable = isnan(got_applied);
    pair->result->lost = got_last < last || got_applied < applied;
    pair->result->extra = got_last > last || got_applied > applied;
}

struct comparison compare_rocket(const char *id,
                                 const struct expected *expected,
                                 const char *text, size_t length, size_t *shown)
{
    cJSON *rocket = cJSON_ParseWithLength(text, length);
    struct comparison result = {0};
    struct pair pair = {
        .id = id, .rocket = rocket, .result = &result, .shown = shown};
    uint32_t last = expected->last->number;
    uint32_t missing = last - expected->messages;

    if (!cJSON_IsObject(rocket)) {
        compare_print(id, shown, "expected a JSON object, got '%.*s'",
                      length < 80 ? (int)length : 80, text);
        cJSON_Delete(rocket);
        return (struct comparison){.differences = 1, .unreadable = true};
    }
    compare_text(&pair, "id", id);
    compare_text(&pair, "type", expected->type);
    compare_number(&pair, "speed", expected->speed);
    compare_text(&pair, "mission", expected->mission);
    compare_text(&pair, "status",
                 expected->reason != NULL ? "exploded" : "active");
    compare_text(&pair, "reason", expected->reason);
    compare_time(&pair, "createdAt", expected->launch);
    compare_time(&pair, "updatedAt", expected->last);
    compare_number(&pair, "lastMessageNumber", last);
    compare_number(&pair, "missingMessages", missing);
    compare_numbers(&pair, last, missing);
    cJSON_Delete(rocket);
    return result;
}
