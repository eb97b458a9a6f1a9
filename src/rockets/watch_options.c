/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service would refuse is refused here, with the flag's name, so that
 * a mistake is found without a service.
 */
#include "watch_options.h"

#include <string.h>

#include "clock.h"

#define PLACE(member) offsetof(struct watch_options, member)
#define EXAMPLE "rockets watch http://localhost:8088"

static const char *const EVENTS[] = {"rockets", "launched", "exploded",
                                     "summary", NULL};
static const char *const SORTS[] = {
    "id",     "type",      "speed",     "mission",
    "status", "createdAt", "updatedAt", "lastMessageNumber",
    NULL};
static const char *const ORDERS[] = {"asc", "desc", NULL};

static bool set_events(struct flag_reader *reader, const struct flag *flag,
                       const char *value)
{
    struct watch_options *options = reader->options;
    const char *name = value;

    for (;;) {
        size_t length = strcspn(name, ",");

        if (!flags_is_choice(flag, name, length))
            return flags_fail(reader,
                              "--%s=%s: expected a list of rockets, launched, "
                              "exploded and summary, as in launched,exploded",
                              flag->name, value);
        if (name[length] == '\0')
            break;
        name += length + 1;
    }
    options->events = value;
    return true;
}

static bool add_id(struct flag_reader *reader, const struct flag *flag,
                   const char *value)
{
    struct watch_options *options = reader->options;

    if (*value == '\0' || strlen(value) > WATCH_MAX_ID)
        return flags_fail(reader, "--%s=%s: expected an id of 1 to %d bytes",
                          flag->name, value, WATCH_MAX_ID);
    if (options->id_count == WATCH_MAX_IDS)
        return flags_fail(reader, "--%s: expected at most %d ids", flag->name,
                          WATCH_MAX_IDS);
    options->ids[options->id_count++] = value;
    return true;
}

static bool set_interval(struct flag_reader *reader, const struct flag *flag,
                         const char *value)
{
    struct watch_options *options = reader->options;
    const int64_t step = WATCH_MIN_INTERVAL_MS * CLOCK_MILLISECOND;
    int64_t read;

    if (!flags_duration(value, &read) || read < step ||
        read > WATCH_MAX_INTERVAL_MS * CLOCK_MILLISECOND || read % step != 0)
        return flags_fail(reader,
                          "--%s=%s: expected a multiple of 100ms, from 100ms "
                          "to 10s",
                          flag->name, value);
    options->interval = read;
    return true;
}

static const struct flag FLAGS[] = {
    {.name = "plain",
     .text = "print lines, also on a terminal",
     .kind = FLAG_SWITCH,
     .place = PLACE(plain)},
    {.name = "events",
     .argument = "LIST",
     .text = "of rockets, launched, exploded, summary; with\n"
             "--plain and without --id all but rockets, which are\n"
             "all changes, else all",
     .kind = FLAG_OTHER,
     .set = set_events,
     .choices = EVENTS},
    {.name = "id",
     .argument = "ID",
     .text = "only this rocket in the table, and in lines of\n"
             "'rocket'; can be given 100 times",
     .kind = FLAG_OTHER,
     .set = add_id},
    {.name = "sort",
     .argument = "FIELD",
     .fallback = "speed",
     .text = "field by which the table is sorted: id, type, speed,\n"
             "mission, status, createdAt, updatedAt or\n"
             "lastMessageNumber",
     .kind = FLAG_CHOICE,
     .place = PLACE(sort),
     .choices = SORTS},
    {.name = "order",
     .argument = "ORDER",
     .fallback = "desc",
     .text = "asc or desc",
     .kind = FLAG_CHOICE,
     .place = PLACE(order),
     .choices = ORDERS},
    {.name = "interval",
     .argument = "DURATION",
     .fallback = "200ms",
     .text = "time between two events of the service, 100ms to\n10s",
     .kind = FLAG_OTHER,
     .by_service = true,
     .set = set_interval},
    {.name = "max-events",
     .argument = "N",
     .text = "end after N lines, or as many changes on the screen",
     .kind = FLAG_COUNT,
     .place = PLACE(max_events),
     .low = 1,
     .high = 1000000000},
    {.name = "max-time",
     .argument = "DURATION",
     .text = "end after this time: 30s, 1m30s",
     .kind = FLAG_DURATION,
     .place = PLACE(max_time)},
    ACCESS_FLAGS(PLACE(access)),
};

const struct flag_table watch_options_flags = {FLAGS, sizeof(FLAGS) /
                                                          sizeof(FLAGS[0])};

bool watch_options_read(struct watch_options *options,
                        struct flag_reader *reader)
{
    *options = (struct watch_options){0};
    reader->table = &watch_options_flags;
    reader->options = options;
    reader->url = &options->url;
    reader->manual = "rockets watch --help";
    if (!flags_read(reader))
        return false;
    if (reader->help)
        return true;
    if (!flags_check_url(reader, EXAMPLE))
        return false;
    if (strpbrk(options->url, "?#") != NULL)
        return flags_fail(reader,
                          "'%s': expected a URL without ? and #, as in '%s'",
                          options->url, EXAMPLE);
    return true;
}
