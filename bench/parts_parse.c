/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times message_parse(), from a JSON text to a checked message; and, on the
 * same texts, its strict scan alone and cJSON alone. The texts are those that
 * `rockets` sends.
 */
#include "parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "domain/message_parse.h"
#include "flags.h"
#include "format/json_scan.h"
#include "parts_fleet.h"
#include "parts_measure.h"
#include "traffic.h"

enum {
    /* Kinds of texts: one per message type, and a mix of all types. */
    AS_THEY_COME = MESSAGE_TYPE_COUNT,
    KINDS,
    TEXTS = 256, /* of each kind */
    REPEATS = 50,
    SOURCE_ROCKETS = 1000,
    SOURCE_MESSAGES = 100000,
};

static const char *kind_name(size_t kind)
{
    if (kind == AS_THEY_COME)
        return "as they come";
    switch ((enum traffic_type)kind) {
    case TRAFFIC_LAUNCHED:
        return "RocketLaunched";
    case TRAFFIC_SPEED_INCREASED:
        return "RocketSpeedIncreased";
    case TRAFFIC_SPEED_DECREASED:
        return "RocketSpeedDecreased";
    case TRAFFIC_EXPLODED:
        return "RocketExploded";
    case TRAFFIC_MISSION_CHANGED:
        break;
    }
    return "RocketMissionChanged";
}

struct texts {
    struct text texts[TEXTS];
    size_t count;
};

/* Each text has its own block, so that a sanitizer detects reads past it. */
static void add_text(struct texts *texts, const struct traffic *traffic,
                     const struct traffic_message *message)
{
    char text[TRAFFIC_TEXT_SIZE];

    if (texts->count == TEXTS)
        return;
    size_t length = traffic_render(traffic, message, text);
    char *copy = parts_allocate(length);
    memcpy(copy, text, length);
    texts->texts[texts->count++] = (struct text){copy, length};
}

static void make_texts(struct texts kinds[KINDS])
{
    const struct traffic_options options = {
        .seed = PARTS_SEED,
        .rockets = SOURCE_ROCKETS,
        .messages = SOURCE_MESSAGES,
    };
    struct traffic traffic;

    if (traffic_init(&traffic, &options) != 0)
        die("no memory for messages");
    memset(kinds, 0, KINDS * sizeof(*kinds));
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        add_text(&kinds[traffic.messages[i].type], &traffic,
                 &traffic.messages[i]);
        if (i >= SOURCE_MESSAGES / 2)
            add_text(&kinds[AS_THEY_COME], &traffic, &traffic.messages[i]);
    }
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].count != TEXTS)
            die("not enough messages: %s", kind_name(i));
    traffic_release(&traffic);
}

static void free_texts(struct texts kinds[KINDS])
{
    for (size_t i = 0; i < KINDS; i++)
        for (size_t j = 0; j < TEXTS; j++)
            free((void *)kinds[i].texts[j].data);
}

static bool parse_message(struct text text)
{
    struct parsed_message parsed;

    if (message_parse(text, &parsed) != PARSE_OK)
        return false;
    message_parse_release(&parsed);
    return true;
}

static bool scan_text(struct text text)
{
    struct json_error error;

    return json_scan(text, &error);
}

static bool parse_with_cjson(struct text text)
{
    cJSON *document = cJSON_ParseWithLength(text.data, text.length);

    cJSON_Delete(document);
    return document != NULL;
}

static const struct column {
    const char *name;
    bool (*read)(struct text text);
} columns[] = {
    {"message_parse, ns", parse_message},
    {"json_scan alone, ns", scan_text},
    {"cJSON alone, ns", parse_with_cjson},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* Returns nanoseconds per text. */
static double measure_texts(const struct column *column,
                            const struct texts *texts)
{
    size_t read = 0;

    uint64_t begun = parts_now();
    for (size_t i = 0; i < REPEATS; i++)
        for (size_t j = 0; j < TEXTS; j++)
            read += column->read(texts->texts[j]);
    uint64_t took = parts_now() - begun;
    if (read != (size_t)REPEATS * TEXTS)
        die("%s: not all texts were accepted", column->name);
    return (double)took / REPEATS / TEXTS;
}

static void name_figures(struct parts_figure figures[KINDS][COLUMNS],
                         char names[KINDS][64], const struct texts kinds[])
{
    for (size_t i = 0; i < KINDS; i++) {
        size_t bytes = 0;
        for (size_t j = 0; j < TEXTS; j++)
            bytes += kinds[i].texts[j].length;
        snprintf(names[i], sizeof(names[i]), "%s (%zu bytes)", kind_name(i),
                 bytes / TEXTS);
        for (size_t j = 0; j < COLUMNS; j++)
            figures[i][j] = (struct parts_figure){.item = names[i],
                                                  .column = columns[j].name};
    }
}

void parts_parse(const struct parts_options *options)
{
    struct texts *kinds = parts_allocate(KINDS * sizeof(*kinds));
    struct parts_figure figures[KINDS][COLUMNS];
    char names[KINDS][64];

    make_texts(kinds);
    name_figures(figures, names, kinds);
    for (unsigned round = 0; round < options->rounds; round++)
        for (size_t i = 0; i < KINDS; i++)
            for (size_t j = 0; j < COLUMNS; j++)
                parts_figure_add(&figures[i][j],
                                 measure_texts(&columns[j], &kinds[i]));
    free_texts(kinds);
    free(kinds);
    parts_report(options->format, "parse", "A text to a message", figures[0],
                 (size_t)KINDS * COLUMNS);
}
