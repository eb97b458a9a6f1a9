/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members are found by their names, so their order does not matter, and
 * members that a later service adds are ignored.
 */
#include "rocket_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void read_text(char *text, size_t size, const cJSON *json,
                      const char *name)
{
    const char *value =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    snprintf(text, size, "%s", value != NULL ? value : "");
}

static double read_number(const cJSON *json, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsNumber(item) && isfinite(item->valuedouble)
               ? item->valuedouble
               : 0;
}

bool rocket_state_read(struct rocket_state *rocket, const cJSON *json)
{
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "id"));
    const char *status =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "status"));

    if (id == NULL || *id == '\0' || strlen(id) >= sizeof(rocket->id))
        return false;
    memcpy(rocket->id, id, strlen(id) + 1);
    read_text(rocket->type, sizeof(rocket->type), json, "type");
    read_text(rocket->mission, sizeof(rocket->mission), json, "mission");
    read_text(rocket->reason, sizeof(rocket->reason), json, "reason");
    read_text(rocket->created, sizeof(rocket->created), json, "createdAt");
    read_text(rocket->updated, sizeof(rocket->updated), json, "updatedAt");
    rocket->speed = read_number(json, "speed");
    rocket->last_number = read_number(json, "lastMessageNumber");
    rocket->missing = read_number(json, "missingMessages");
    rocket->revision = read_number(json, "revision");
    rocket->exploded = status != NULL && strcmp(status, "exploded") == 0;
    return true;
}

bool fleet_summary_read(struct fleet_summary *summary, const cJSON *json)
{
    const cJSON *rockets = cJSON_GetObjectItemCaseSensitive(json, "rockets");
    const cJSON *messages = cJSON_GetObjectItemCaseSensitive(json, "messages");
    const cJSON *memory = cJSON_GetObjectItemCaseSensitive(json, "memory");

    if (!cJSON_IsObject(rockets) || !cJSON_IsObject(messages))
        return false;
    *summary = (struct fleet_summary){
        .rockets = read_number(rockets, "total"),
        .active = read_number(rockets, "active"),
        .exploded = read_number(rockets, "exploded"),
        .unlaunched = read_number(rockets, "unlaunched"),
        .incomplete = read_number(rockets, "incomplete"),
        .missing = read_number(messages, "missing"),
        .given_up = read_number(messages, "givenUp"),
        .applied = read_number(messages, "applied"),
        .duplicate = read_number(messages, "duplicate"),
        .stale = read_number(messages, "stale"),
        .rejected = read_number(messages, "rejected"),
        .no_memory = read_number(messages, "noMemory"),
        .not_written = read_number(messages, "notWritten"),
        .memory_used = read_number(memory, "used"),
        .memory_limit = read_number(memory, "limit"),
    };
    return true;
}

double fleet_summary_messages(const struct fleet_summary *summary)
{
    return summary->applied + summary->duplicate + summary->stale +
           summary->rejected + summary->no_memory + summary->not_written;
}
