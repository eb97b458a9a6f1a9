/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An id or an event that is named twice counts once: a client may put a query
 * together of parts that do not know each other.
 */
#include "events_query.h"

#include "domain/message.h"
#include "event_text.h"
#include "parameters.h"

enum { ALL_EVENTS = (1 << HUB_EVENTS) - 1 };

/* 0 if there is no such event. */
static unsigned event_bit(struct text name)
{
    for (enum hub_event event = 0; event < HUB_EVENTS; event++)
        if (text_equal(name, text_of(event_text_name(event))))
            return 1U << event;
    return 0;
}

static bool set_events(const struct parameters_reading *reading,
                       struct text value)
{
    struct events_query *query = reading->into;
    struct text rest = value;

    do {
        unsigned bit = event_bit(text_split(&rest, ','));
        if (bit == 0)
            return parameters_refuse(
                reading, "events must be a list, separated by commas, "
                         "of rockets, launched, exploded and summary; "
                         "hello and reset always come");
        query->events |= bit;
    } while (rest.data != NULL);
    return true;
}

static bool is_id(struct text value)
{
    return message_is_text(value, MESSAGE_MAX_CHANNEL) &&
           !text_equal(value, TEXT(".")) && !text_equal(value, TEXT(".."));
}

static bool add_id(const struct parameters_reading *reading, struct text value)
{
    struct events_query *query = reading->into;

    if (!is_id(value))
        return parameters_refuse(reading,
                                 "id must be 1 to %d bytes without control "
                                 "characters, other than . and ..",
                                 MESSAGE_MAX_CHANNEL);
    for (size_t i = 0; i < query->id_count; i++)
        if (text_equal(query->ids[i], value))
            return true;
    if (query->id_count == HUB_MAX_IDS)
        return parameters_refuse(
            reading,
            "at most %d different ids; without id all rockets "
            "are followed",
            HUB_MAX_IDS);
    /* There is room for the whole query, so other ids do not move. */
    struct text *id = &query->ids[query->id_count++];
    *id = (struct text){buffer_end(&query->storage), value.length};
    buffer_append(&query->storage, value);
    return true;
}

static bool set_interval(const struct parameters_reading *reading,
                         struct text value)
{
    struct events_query *query = reading->into;
    uint64_t interval;

    if (!text_read_unsigned(value, HUB_MAX_INTERVAL_MS, &interval) ||
        interval < HUB_MIN_INTERVAL_MS || interval % HUB_TICK_MS != 0)
        return parameters_refuse(
            reading,
            "interval must be an integer from %d to %d, in "
            "steps of %d (milliseconds)",
            HUB_MIN_INTERVAL_MS, HUB_MAX_INTERVAL_MS, HUB_TICK_MS);
    query->interval_ms = (unsigned)interval;
    return true;
}

/* An empty one is none, as that of a client that has had no event yet. */
static bool set_last(const struct parameters_reading *reading,
                     struct text value)
{
    struct events_query *query = reading->into;

    if (value.length == 0)
        return true;
    query->resumes = revisions_read(value, &query->last);
    return query->resumes ||
           parameters_refuse(reading,
                             "last_event_id must be the id of an event or "
                             "an ETag, such as 0123456789abcdef-42");
}

static const struct parameter parameters[] = {
    {"events", set_events, false},
    {"id", add_id, true},
    {"interval", set_interval, false},
    {"last_event_id", set_last, false},
};

enum { PARAMETER_COUNT = sizeof(parameters) / sizeof(*parameters) };

const char *events_query_parameter(size_t index)
{
    return index < PARAMETER_COUNT ? parameters[index].name : NULL;
}

/* What follows from all parameters together. */
static bool complete_query(const struct parameters_reading *reading)
{
    struct events_query *query = reading->into;
    bool rockets = (query->events & 1U << HUB_ROCKETS) != 0;

    if (query->id_count > 0 && query->events != 0 && !rockets)
        return parameters_refuse(reading,
                                 "id chooses the rockets of the event rockets, "
                                 "which is not in events");
    /* Whoever follows some rockets does not expect events of the others. */
    if (query->events == 0)
        query->events = query->id_count > 0 ? 1U << HUB_ROCKETS : ALL_EVENTS;
    return true;
}

bool events_query_parse(struct events_query *query, struct text raw,
                        char *detail, size_t detail_size)
{
    const struct parameters_reading reading = {query, detail, detail_size};

    *query = (struct events_query){
        .interval_ms = EVENTS_DEFAULT_INTERVAL_MS,
        .storage = BUFFER_INIT,
    };
    detail[0] = '\0';
    /* The query does not get longer when it is decoded. */
    if (buffer_reserve(&query->storage, raw.length + 1) &&
        parameters_read(&reading, raw, parameters, PARAMETER_COUNT) &&
        complete_query(&reading))
        return true;
    events_query_release(query);
    return false;
}

void events_query_release(struct events_query *query)
{
    buffer_release(&query->storage);
}
