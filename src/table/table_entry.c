/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views, values and filters: a rocket's state, copied out or compared.
 */
#include "table_entry.h"

#include <string.h>

void table_entry_init(struct table_entry *entry, uint32_t stripe,
                      const unsigned char *id)
{
    entry->id = id;
    atomic_init(&entry->stamp, (uint64_t)stripe << TABLE_ENTRY_REVISION_BITS);
}

struct text table_entry_id(const struct table_entry *entry)
{
    return (struct text){(const char *)entry->id + 1, entry->id[0]};
}

/* Copy the string to `*out`, and advance `*out` by its length. */
static struct text copy_string(const struct interned *string, char **out)
{
    struct text text = interned_text(string);
    if (text.data == NULL)
        return text;
    memcpy(*out, text.data, text.length);
    text.data = *out;
    *out += text.length;
    return text;
}

void table_entry_view(const struct table_entry *entry, struct rocket_view *view)
{
    const struct effect *state = rocket_state(&entry->rocket);
    char *end = view->strings;

    view->id = table_entry_id(entry);
    view->type = copy_string(state->type, &end);
    view->mission = copy_string(state->mission, &end);
    view->reason = copy_string(state->reason, &end);
    view->speed = state->speed;
    view->exploded = state->reason != NULL;
    view->launched = state->type != NULL;
    view->created = state->created;
    view->updated = entry->rocket.updated;
    view->last_number = rocket_last_number(&entry->rocket);
    view->missing = rocket_missing(&entry->rocket);
    view->revision = table_entry_revision(entry);
}

bool table_entry_filter_init(struct table_entry_filter *result,
                             const struct table_filter *filter,
                             const struct interned_set *strings)
{
    *result = (struct table_entry_filter){.id_prefix = filter->id_prefix};
    if (filter->type.data != NULL) {
        result->type = interned_find(strings, filter->type);
        if (result->type == NULL)
            return false;
    }
    if (filter->mission.data != NULL) {
        result->mission = interned_find(strings, filter->mission);
        if (result->mission == NULL)
            return false;
    }
    return true;
}

bool table_entry_filter_is_empty(const struct table_entry_filter *filter)
{
    return filter->type == NULL && filter->mission == NULL &&
           filter->id_prefix.data == NULL;
}

/* Every text begins with an absent one. */
static bool begins_with(struct text text, struct text prefix)
{
    return prefix.length <= text.length &&
           text_equal((struct text){text.data, prefix.length}, prefix);
}

bool table_entry_matches(const struct table_entry *entry,
                         const struct table_entry_filter *filter)
{
    const struct effect *state = rocket_state(&entry->rocket);

    return (filter->type == NULL || filter->type == state->type) &&
           (filter->mission == NULL || filter->mission == state->mission) &&
           begins_with(table_entry_id(entry), filter->id_prefix);
}

/*
 * A signed integer as an unsigned one in the same order: with the sign bit
 * flipped.
 */
static uint64_t ordered_integer(int64_t value)
{
    return (uint64_t)value ^ (UINT64_C(1) << 63);
}

int64_t table_entry_integer(const struct table_value *value)
{
    return (int64_t)(value->major ^ (UINT64_C(1) << 63));
}

static struct table_value time_value(const struct timestamp *time)
{
    return (struct table_value){.known = true,
                                .major = ordered_integer(time->seconds),
                                .minor = time->nanoseconds};
}

static struct table_value number_value(uint64_t number)
{
    return (struct table_value){.known = true, .major = number};
}

const struct interned *table_entry_string(const struct table_entry *entry,
                                          enum table_field field)
{
    const struct effect *state = rocket_state(&entry->rocket);

    switch (field) {
    case TABLE_TYPE:
        return state->type;
    case TABLE_MISSION:
        return state->mission;
    case TABLE_ID:
    case TABLE_SPEED:
    case TABLE_STATUS:
    case TABLE_CREATED:
    case TABLE_UPDATED:
    case TABLE_LAST_NUMBER:
    case TABLE_FIELD_COUNT:
        break;
    }
    return NULL;
}

struct table_value table_entry_value(const struct table_entry *entry,
                                     enum table_field field)
{
    const struct effect *state = rocket_state(&entry->rocket);

    switch (field) {
    case TABLE_SPEED:
        return number_value(ordered_integer(state->speed));
    case TABLE_STATUS:
        return number_value(state->reason != NULL);
    case TABLE_CREATED:
        if (state->type == NULL)
            return (struct table_value){.known = false};
        return time_value(&state->created);
    case TABLE_UPDATED:
        return time_value(&entry->rocket.updated);
    case TABLE_LAST_NUMBER:
        return number_value(rocket_last_number(&entry->rocket));
    case TABLE_ID:
    case TABLE_TYPE:
    case TABLE_MISSION:
    case TABLE_FIELD_COUNT:
        break;
    }
    return (struct table_value){.known = true};
}
