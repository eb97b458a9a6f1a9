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

static bool is_name(const char *text, size_t length, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strlen(*names) == length && memcmp(*names, text, length) == 0)
            return true;
    return false;
}

static bool set_events(struct flag_reader *reader, const struct flag *flag,
                       const char *value)
{
    struct watch_options *options = reader->options;
    const char *name = value;

    for (;;) {
        size_t length = strcspn(name, ",");

        if (!is_name(name, length, EVENTS))
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

static bool set_sort(struct flag_reader *reader, const struct flag *flag,
                     const char *value)
{
    struct watch_options *options = reader->options;

    if (!is_name(value, strlen(value), SORTS))
        return flags_fail(reader,
                          "--%s=%s: expected id, type, speed, mission, status, "
                          "createdAt, updatedAt or lastMessageNumber",
                          flag->name, value);
    options->sort = value;
    return true;
}

static bool set_order(struct flag_reader *reader, const struct flag *flag,
                      const char *value)
{
    struct watch_options *options = reader->options;

    if (!is_name(value, strlen(value), ORDERS))
        return flags_fail(reader, "--%s=%s: expected asc or desc", flag->name,
                          value);
    options->order = value;
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
    {"plain", FLAG_SWITCH, PLACE(plain), 0, 0, NULL},
    {"events", FLAG_OTHER, 0, 0, 0, set_events},
    {"id", FLAG_OTHER, 0, 0, 0, add_id},
    {"interval", FLAG_OTHER, 0, 0, 0, set_interval},
    {"sort", FLAG_OTHER, 0, 0, 0, set_sort},
    {"order", FLAG_OTHER, 0, 0, 0, set_order},
    {"max-events", FLAG_COUNT, PLACE(max_events), 1, 1000000000, NULL},
    {"max-time", FLAG_DURATION, PLACE(max_time), 0, 0, NULL},
    {"ca-file", FLAG_TEXT, PLACE(access.ca_file), 0, 0, NULL},
    {"insecure", FLAG_SWITCH, PLACE(access.insecure), 0, 0, NULL},
    {"token-file", FLAG_TEXT, PLACE(access.token_file), 0, 0, NULL},
    {"token", FLAG_OTHER, 0, 0, 0, flags_refuse_token},
};

bool watch_options_read(struct watch_options *options,
                        struct flag_reader *reader)
{
    *options = (struct watch_options){.sort = "speed", .order = "desc"};
    reader->flags = FLAGS;
    reader->flag_count = sizeof(FLAGS) / sizeof(FLAGS[0]);
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
