/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes JSON texts. json_scan() must accept exactly the texts that RFC 8259
 * and the documented limits allow, report the right offset of an error, and not
 * say of JSON that it is none. In every object of an accepted text, at any
 * depth, json_object.c must find all members, in order, with the exact bounds
 * of their names and values, as cJSON reads them.
 */
#include "fuzz.h"

#include "format/json_error.h"
#include "format/json_object.h"
#include "format/json_scan.h"
#include "strict.h"

/*
 * Check that `part` is exactly the text of `expected`. As written by cJSON, all
 * levels are compared, with the order of members.
 */
static void check_part(struct text part, const cJSON *expected)
{
    cJSON *value =
        cJSON_ParseWithLengthOpts(part.data, part.length, NULL, false);
    char *written = cJSON_PrintUnformatted(value);
    char *wanted = cJSON_PrintUnformatted(expected);

    FUZZ_CHECK(strict_json_accepts(part));
    FUZZ_CHECK(strchr(" \t\r\n", part.data[0]) == NULL);
    FUZZ_CHECK(strchr(" \t\r\n", part.data[part.length - 1]) == NULL);
    FUZZ_CHECK(written != NULL && wanted != NULL &&
               strcmp(written, wanted) == 0);
    cJSON_free(wanted);
    cJSON_free(written);
    cJSON_Delete(value);
}

static void check_members(struct text text, const cJSON *value)
{
    struct json_object object;
    struct json_member member;
    const cJSON *child = value->child;

    FUZZ_CHECK(json_object_open(&object, text) == cJSON_IsObject(value));
    if (!cJSON_IsObject(value))
        return;
    while (json_object_next(&object, &member)) {
        FUZZ_CHECK(child != NULL);
        cJSON *name = cJSON_CreateString(child->string);
        check_part(member.name, name);
        cJSON_Delete(name);
        check_part(member.value, child);
        check_members(member.value, child);
        child = child->next;
    }
    FUZZ_CHECK(child == NULL);
}

static void check_error(const struct json_error *error, struct text text)
{
    char words[JSON_ERROR_SIZE];

    json_error_write(error, text, words);
    FUZZ_CHECK(strlen(words) < sizeof(words) - 1); /* nothing was cut off */
    if (strict_json_is_json(text)) {
        FUZZ_CHECK(error->fault == JSON_NOT_ACCEPTED);
        FUZZ_CHECK(strncmp(words, "is not accepted: at ", 20) == 0);
    }
    if (error->fault == JSON_TEXT_AFTER)
        FUZZ_CHECK(
            strict_json_accepts((struct text){text.data, error->offset}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = fuzz_text(data, size);
    struct json_error error = {.offset = SIZE_MAX};
    bool may_be_later;
    size_t expected = strict_json_error(text, &may_be_later);
    bool accepted = json_scan(text, &error);

    FUZZ_CHECK(error.offset == expected ||
               (may_be_later && error.offset > expected));
    FUZZ_CHECK(accepted == (expected == STRICT_NOWHERE));
    FUZZ_CHECK(accepted == (error.reason == NULL));
    FUZZ_CHECK(!accepted || json_scan_utf8(text));
    if (accepted) {
        cJSON *root =
            cJSON_ParseWithLengthOpts(text.data, text.length, NULL, false);
        FUZZ_CHECK(root != NULL);
        check_members(text, root);
        cJSON_Delete(root);
    } else {
        check_error(&error, text);
    }
    return 0;
}
