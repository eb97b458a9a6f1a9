/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes JSON texts. json_scan() must accept exactly the texts that RFC 8259
 * and the documented limits allow, and report the right offset of an error. For
 * accepted texts, cJSON must read the right values.
 */
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "format/json_scan.h"
#include "strict_json.h"

/* Whether it is the same double. 0 and -0 are different. */
static bool same_number(double number, struct text spelling)
{
    char copy[JSON_MAX_NUMBER + 1];

    memcpy(copy, spelling.data, spelling.length);
    copy[spelling.length] = '\0';
    double expected = strtod(copy, NULL);
    return number == expected && signbit(number) == signbit(expected);
}

static bool same_string(const char *string, struct text expected)
{
    return string != NULL && text_equal(text_of(string), expected);
}

static bool same_leaf(const cJSON *item, const struct strict_event *event)
{
    switch (event->kind) {
    case STRICT_NULL:
        return cJSON_IsNull(item);
    case STRICT_FALSE:
        return cJSON_IsFalse(item);
    case STRICT_TRUE:
        return cJSON_IsTrue(item);
    case STRICT_NUMBER:
        return cJSON_IsNumber(item) &&
               same_number(item->valuedouble, event->text);
    case STRICT_STRING:
        return cJSON_IsString(item) &&
               same_string(item->valuestring, event->text);
    default:
        return false;
    }
}

/*
 * Whether `item` is the value that begins with the event `*at`. `*at` becomes
 * the event after the value.
 */
static bool same_value(const cJSON *item, const struct strict_json *json,
                       size_t *at)
{
    const struct strict_event *event = &json->events[(*at)++];
    const cJSON *child;

    if (event->kind != STRICT_ARRAY && event->kind != STRICT_OBJECT)
        return same_leaf(item, event);
    if (event->kind == STRICT_ARRAY ? !cJSON_IsArray(item)
                                    : !cJSON_IsObject(item))
        return false;
    cJSON_ArrayForEach(child, item)
    {
        const struct strict_event *name = &json->events[*at];
        if (event->kind == STRICT_OBJECT) {
            if (name->kind != STRICT_NAME ||
                !same_string(child->string, name->text))
                return false;
            (*at)++;
        }
        if (!same_value(child, json, at))
            return false;
    }
    return json->events[(*at)++].kind == STRICT_END;
}

static void check_values(struct text text, const struct strict_json *json)
{
    size_t at = 0;
    cJSON *root =
        cJSON_ParseWithLengthOpts(text.data, text.length, NULL, false);

    FUZZ_CHECK(root != NULL);
    FUZZ_CHECK(same_value(root, json, &at));
    FUZZ_CHECK(at == json->count);
    cJSON_Delete(root);
}

/*
 * The offset must be that of the first invalid byte. If the same number or
 * escape first exceeds a limit and is then invalid, either offset is right.
 */
static void check_error(const struct json_error *error,
                        const struct strict_json *json)
{
    FUZZ_CHECK(error->reason != NULL);
    if (json->limit == STRICT_NOWHERE)
        FUZZ_CHECK(error->offset == json->error);
    else
        FUZZ_CHECK(error->offset == json->limit ||
                   error->offset == json->error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = fuzz_text(data, size);
    struct strict_json json;
    struct json_error error = {SIZE_MAX, NULL};

    strict_json_read(text, &json);
    bool accepted = json_scan(text, &error);
    FUZZ_CHECK(accepted == strict_json_is_accepted(&json));
    if (accepted) {
        check_values(text, &json);
    } else {
        check_error(&error, &json);
    }
    strict_json_release(&json);
    return 0;
}
