/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An id or an event that is named twice counts once: a client may put a query
 * together of parts that do not know each other.
 */
#include "events_query.h"

#include <stdarg.h>
#include <stdio.h>

#include "domain/message.h"
#include "event_text.h"
#include "http/query_string.h"

enum { ALL_EVENTS = (1 << HUB_EVENTS) - 1 };

/* The state of events_query_parse(). */
struct parsing {
    struct events_query *query;
    char *detail;
    size_t detail_size;
};

/* Set `detail`. Returns false. */
__attribute__((format(printf, 2, 3))) static bool
refuse_query(const struct parsing *parsing, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parsing->detail, parsing->detail_size, format, arguments);
    va_end(arguments);
    return false;
}

/* 0 if there is no such event. */
static unsigned event_bit(struct text name)
{
    for (enum hub_event event = 0; event < HUB_EVENTS; event++)
        if (text_equal(name, text_of(event_text_name(event))))
            return 1U << event;
    return 0;
}

static bool set_events(struct parsing *parsing, struct text value)
{
    struct text rest = value;

    do {
        unsigned bit = event_bit(text_split(&rest, ','));
        if (bit == 0)
            return refuse_query(parsing,
                                "events must be a list, separated by commas, "
                                "of rockets, launched, exploded and summary; "
                                "hello and reset always come");
        parsing->query->events |= bit;
    } while (rest.data != NULL);
    return true;
}

static bool is_id(struct text value)
{
    return message_is_text(value, MESSAGE_MAX_CHANNEL) &&
           !text_equal(value, TEXT(".")) && !text_equal(value, TEXT(".."));
}

static bool add_id(struct parsing *parsing, struct text value)
{
    struct events_query *query = parsing->query;

    if (!is_id(value))
        return refuse_query(parsing,
                            "id must be 1 to %d bytes without control "
                            "characters, other than . and ..",
                            MESSAGE_MAX_CHANNEL);
    for (size_t i = 0; i < query->id_count; i++)
        if (text_equal(query->ids[i], value))
            return true;
    if (query->id_count == HUB_MAX_IDS)
        return refuse_query(parsing,
                            "at most %d different ids; without id all rockets "
                            "are followed",
                            HUB_MAX_IDS);
    /* There is room for the whole query, so other ids do not move. */
    struct text *id = &query->ids[query->id_count++];
    *id = (struct text){buffer_end(&query->storage), value.length};
    buffer_append(&query->storage, value);
    return true;
}

static bool set_interval(struct parsing *parsing, struct text value)
{
    uint64_t interval;

    if (!text_read_unsigned(value, HUB_MAX_INTERVAL_MS, &interval) ||
        interval < HUB_MIN_INTERVAL_MS || interval % HUB_TICK_MS != 0)
        return refuse_query(parsing,
                            "interval must be an integer from %d to %d, in "
                            "steps of %d (milliseconds)",
                            HUB_MIN_INTERVAL_MS, HUB_MAX_INTERVAL_MS,
                            HUB_TICK_MS);
    parsing->query->interval_ms = (unsigned)interval;
    return true;
}

/* An empty one is none, as that of a client that has had no event yet. */
static bool set_last(struct parsing *parsing, struct text value)
{
    struct events_query *query = parsing->query;

    if (value.length == 0)
        return true;
    query->resumes = revisions_read(value, &query->last);
    return query->resumes ||
           refuse_query(parsing, "last_event_id must be the id of an event or "
                                 "an ETag, such as 0123456789abcdef-42");
}

static const struct parameter {
    const char *name;
    bool (*set)(struct parsing *parsing, struct text value);
    bool repeats;
} parameters[] = {
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

/* `given`: bit i is set if parameter i was read before. */
static bool set_parameter(struct parsing *parsing,
                          const struct query_pair *pair, unsigned *given)
{
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        const struct parameter *parameter = &parameters[i];
        if (!text_equal(pair->name, text_of(parameter->name)))
            continue;
        if ((*given & 1U << i) != 0 && !parameter->repeats)
            return refuse_query(parsing, "%s is given twice", parameter->name);
        *given |= 1U << i;
        return parameter->set(parsing, pair->value);
    }
    return true;
}

static bool read_pairs(struct parsing *parsing, struct text raw)
{
    unsigned given = 0;
    struct query pairs;
    struct query_pair pair;
    enum query_result result;

    query_init(&pairs, raw);
    while ((result = query_next(&pairs, &pair)) == QUERY_PAIR)
        if (!set_parameter(parsing, &pair, &given))
            return false;
    if (result == QUERY_INVALID)
        return refuse_query(parsing,
                            "the target has a %% that is not followed by "
                            "two hexadecimal digits");
    return true;
}

/* What follows from all parameters together. */
static bool complete_query(struct parsing *parsing)
{
    struct events_query *query = parsing->query;
    bool rockets = (query->events & 1U << HUB_ROCKETS) != 0;

    if (query->id_count > 0 && query->events != 0 && !rockets)
        return refuse_query(parsing,
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
    struct parsing parsing = {query, detail, detail_size};

    *query = (struct events_query){
        .interval_ms = EVENTS_DEFAULT_INTERVAL_MS,
        .storage = BUFFER_INIT,
    };
    detail[0] = '\0';
    /* The query does not get longer when it is decoded. */
    if (buffer_reserve(&query->storage, raw.length + 1) &&
        read_pairs(&parsing, raw) && complete_query(&parsing))
        return true;
    events_query_release(query);
    return false;
}

void events_query_release(struct events_query *query)
{
    buffer_release(&query->storage);
}
