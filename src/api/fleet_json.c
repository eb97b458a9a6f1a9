/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revision is read before the first lock: all changes up to it are counted.
 * Later ones may be, in some members and not in others.
 */
#include "fleet_json.h"

#include <stdlib.h>

#include "api/api.h"
#include "base/metrics.h"
#include "format/json_write.h"
#include "revisions.h"
#include "table/table.h"
#include "table/table_fleet.h"

static void write_rockets(const struct table_summary *summary,
                          struct buffer *out)
{
    json_append_name(out, TEXT("rockets"));
    buffer_append(out, TEXT("{"));
    json_append_member(out, TEXT("total"), summary->rockets);
    json_append_member(out, TEXT("active"),
                       summary->rockets - summary->exploded);
    json_append_member(out, TEXT("exploded"), summary->exploded);
    json_append_member(out, TEXT("unlaunched"), summary->unlaunched);
    json_append_member(out, TEXT("incomplete"), summary->incomplete);
    buffer_append(out, TEXT("}"));
}

/* Those that were applied, and so on, are those of this process. */
static void write_messages(const struct api *api,
                           const struct table_summary *summary,
                           struct buffer *out)
{
    uint64_t counts[METRICS_MAX_VALUES] = {0};

    if (api->counts.messages != NULL)
        metric_read(api->counts.messages, counts);
    json_append_name(out, TEXT("messages"));
    buffer_append(out, TEXT("{"));
    json_append_member(out, TEXT("missing"), summary->missing);
    json_append_member(out, TEXT("givenUp"), summary->given_up);
    json_append_member(out, TEXT("applied"), counts[API_APPLIED]);
    json_append_member(out, TEXT("duplicate"), counts[API_DUPLICATE]);
    json_append_member(out, TEXT("stale"), counts[API_STALE]);
    json_append_member(out, TEXT("rejected"), counts[API_REJECTED]);
    json_append_member(out, TEXT("noMemory"), counts[API_NO_MEMORY]);
    json_append_member(out, TEXT("notWritten"), counts[API_NOT_WRITTEN]);
    buffer_append(out, TEXT("}"));
}

/* No bound is negative. */
static void append_bound(struct buffer *out, struct text name, size_t index)
{
    json_append_name(out, name);
    if (index < TABLE_SPEED_BOUNDS)
        buffer_append_unsigned(out, (uint64_t)table_speed_bounds[index]);
    else
        buffer_append(out, TEXT("null"));
}

/* Only the buckets with rockets. */
static void write_speeds(struct table *table, struct buffer *out)
{
    struct table_speeds speeds;
    struct text before = TEXT("{");

    table_count_speeds(table, &speeds);
    json_append_name(out, TEXT("speeds"));
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i <= TABLE_SPEED_BOUNDS; i++) {
        if (speeds.rockets[i] == 0)
            continue;
        /* Bucket 0 has no lower bound, and the last one no upper one. */
        buffer_append(out, before);
        append_bound(out, TEXT("from"), i > 0 ? i - 1 : TABLE_SPEED_BOUNDS);
        append_bound(out, TEXT("to"), i);
        json_append_member(out, TEXT("rockets"), speeds.rockets[i]);
        buffer_append(out, TEXT("}"));
        before = TEXT(",{");
    }
    buffer_append(out, TEXT("]"));
}

/* All members that both forms have, without the closing brace. */
static void write_summary(struct api *api, struct buffer *out)
{
    uint64_t revision = table_revision(api->table);
    struct table_summary summary = table_summary(api->table);

    buffer_append(out, TEXT("{\"start\":\""));
    revisions_write_start(out, api->start);
    buffer_append(out, TEXT("\""));
    json_append_member(out, TEXT("revision"), revision);
    write_rockets(&summary, out);
    write_messages(api, &summary, out);
    json_append_name(out, TEXT("memory"));
    buffer_append(out, TEXT("{"));
    json_append_member(out, TEXT("used"), table_memory(api->table));
    json_append_member(out, TEXT("limit"), table_memory_limit(api->table));
    buffer_append(out, TEXT("}"));
    write_speeds(api->table, out);
}

/* `names` is room for the result. */
static void write_names(struct table *table, enum table_field field,
                        struct table_names *names, struct buffer *out)
{
    if (!table_count_names(table, field, names)) {
        out->failed = true;
        return;
    }
    buffer_append(out, TEXT("{\"top\":["));
    for (size_t i = 0; i < names->count; i++) {
        buffer_append(out, i > 0 ? TEXT(",{") : TEXT("{"));
        json_append_name(out, TEXT("name"));
        json_append(out, names->names[i].name);
        json_append_member(out, TEXT("rockets"), names->names[i].rockets);
        buffer_append(out, TEXT("}"));
    }
    buffer_append(out, TEXT("]"));
    json_append_member(out, TEXT("otherNames"), names->other_names);
    json_append_member(out, TEXT("otherRockets"), names->other_rockets);
    json_append_member(out, TEXT("unknown"), names->unknown);
    buffer_append(out, TEXT("}"));
}

void fleet_json_write(struct api *api, struct buffer *out)
{
    struct table_names *names = malloc(sizeof(*names));

    if (names == NULL) {
        out->failed = true;
        return;
    }
    write_summary(api, out);
    json_append_name(out, TEXT("types"));
    write_names(api->table, TABLE_TYPE, names, out);
    json_append_name(out, TEXT("missions"));
    write_names(api->table, TABLE_MISSION, names, out);
    buffer_append(out, TEXT("}"));
    free(names);
}

void fleet_json_summary(struct api *api, struct buffer *out)
{
    write_summary(api, out);
    buffer_append(out, TEXT("}"));
}
