/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times message_parse(), from a JSON text to a checked message; and, for
 * comparison, cJSON on the same texts.
 */
#include "parts.h"

#include <stdbool.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "domain/message_parse.h"
#include "flags.h"
#include "fleet.h"

enum { TEXTS = 256, REPEATS = 50 };

static bool parse_message(struct text text)
{
    struct parsed_message parsed;

    if (message_parse(text, &parsed) != PARSE_OK)
        return false;
    message_parse_release(&parsed);
    return true;
}

static bool parse_with_cjson(struct text text)
{
    cJSON *document = cJSON_ParseWithLength(text.data, text.length);

    cJSON_Delete(document);
    return document != NULL;
}

static void measure_texts(const char *item, const char *column,
                          bool (*parse)(struct text text),
                          const struct text texts[TEXTS])
{
    size_t parsed = 0;
    uint64_t begun = parts_clock();

    for (size_t i = 0; i < REPEATS; i++)
        for (size_t j = 0; j < TEXTS; j++)
            parsed += parse(texts[j]);
    uint64_t took = parts_clock() - begun;
    if (parsed != (size_t)REPEATS * TEXTS)
        die("%s: not all texts were accepted", column);
    parts_print("parse", item, column, (double)took / REPEATS / TEXTS);
}

void parts_parse(void)
{
    static const char *const items[] = {"launches", "other messages"};
    struct text texts[TEXTS];
    char *bytes = parts_allocate((size_t)TEXTS * FLEET_MAX_MESSAGE);

    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < TEXTS; j++) {
            char *text = bytes + j * FLEET_MAX_MESSAGE;
            texts[j] = (struct text){text, fleet_message(0, j, i + 1, text)};
        }
        measure_texts(items[i], "message_parse, ns", parse_message, texts);
        measure_texts(items[i], "cJSON alone, ns", parse_with_cjson, texts);
    }
    free(bytes);
}
