/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the names of parameters, and values that are integers; operations read
 * the other values, parameter by parameter.
 */
#include "parameters.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/nearest.h"
#include "http/problem.h"
#include "http/query_string.h"

enum {
    MAX_QUOTED = 32, /* characters of a name that is repeated in the 400 */
    MAX_ADVICE = 256,
};

static bool is_known(struct text name, const char *(*name_at)(size_t index))
{
    const char *known;

    if (name.length > 0 && name.data[0] == '_')
        return true;
    for (size_t i = 0; (known = name_at(i)) != NULL; i++)
        if (text_equal(name, text_of(known)))
            return true;
    return false;
}

/* Whether the name is short and cannot be mistaken for a part of the text. */
static bool is_quotable(struct text name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (!text_is_letter(c) && !text_is_digit(c) && c != '-' && c != '_' &&
            c != '.')
            return false;
    }
    return name.length > 0 && name.length <= MAX_QUOTED;
}

/* What the client may have meant. */
static void write_advice(struct text name, const char *(*name_at)(size_t index),
                         char advice[MAX_ADVICE])
{
    const char *nearest = nearest_name(name, name_at);
    size_t length = 0;

    if (nearest != NULL) {
        snprintf(advice, MAX_ADVICE, "did you mean %s?", nearest);
        return;
    }
    snprintf(advice, MAX_ADVICE, "this operation takes no parameters");
    for (size_t i = 0; name_at(i) != NULL && length < MAX_ADVICE; i++) {
        const char *before = i > 0                ? ", "
                             : name_at(1) != NULL ? "the parameters are "
                                                  : "the only parameter is ";
        length += (size_t)snprintf(advice + length, MAX_ADVICE - length, "%s%s",
                                   before, name_at(i));
    }
}

/*
 * Not inline, or every request would take the room of a pair on the stack, and
 * the checks of that room.
 */
__attribute__((noinline)) bool
parameters_check(struct text query, const char *(*name_at)(size_t index),
                 struct http_response *response)
{
    struct query pairs;
    struct query_pair pair;
    char advice[MAX_ADVICE];

    query_init(&pairs, query);
    while (query_next(&pairs, &pair) == QUERY_PAIR) {
        if (is_known(pair.name, name_at))
            continue;
        write_advice(pair.name, name_at, advice);
        bool quotable = is_quotable(pair.name);
        problem_set(response, 400, "unknown parameter%s%.*s: %s",
                    quotable ? " " : "", quotable ? (int)pair.name.length : 0,
                    pair.name.data, advice);
        return false;
    }
    return true;
}

bool parameters_refuse(const struct parameters_reading *reading,
                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reading->detail, reading->detail_size, format, arguments);
    va_end(arguments);
    return false;
}

bool parameters_read(const struct parameters_reading *reading,
                     struct text query, const struct parameter parameters[],
                     size_t count)
{
    uint32_t given = 0; /* bit i is set if parameter i was read before */
    struct query pairs;
    struct query_pair pair;
    enum query_result result;

    query_init(&pairs, query);
    while ((result = query_next(&pairs, &pair)) == QUERY_PAIR) {
        size_t i = 0;
        while (i < count && !text_equal(pair.name, text_of(parameters[i].name)))
            i++;
        if (i == count)
            continue;
        if ((given & UINT32_C(1) << i) != 0 && !parameters[i].repeats)
            return parameters_refuse(reading, "%s is given twice",
                                     parameters[i].name);
        given |= UINT32_C(1) << i;
        if (!parameters[i].set(reading, pair.value))
            return false;
    }
    if (result == QUERY_INVALID)
        return parameters_refuse(reading,
                                 "the target has a %% that is not followed by "
                                 "two hexadecimal digits");
    return true;
}

/* `given`: bit i is set if parameter i was read before. */
static bool read_integer(struct parameter_integer *integer, size_t index,
                         unsigned *given, struct text value,
                         struct http_response *response)
{
    uint64_t number;

    if ((*given & 1U << index) != 0) {
        problem_set(response, 400, "%s is given twice", integer->name);
        return false;
    }
    *given |= 1U << index;
    if (!text_read_unsigned(value, integer->most, &number) ||
        number < integer->least) {
        problem_set(response, 400,
                    "%s must be an integer from %" PRIu64 " to %" PRIu64,
                    integer->name, integer->least, integer->most);
        return false;
    }
    integer->value = number;
    return true;
}

/* Not inline: as parameters_check(). */
__attribute__((noinline)) bool
parameters_read_integers(struct text query, struct parameter_integer integers[],
                         size_t count, struct http_response *response)
{
    struct query pairs;
    struct query_pair pair;
    unsigned given = 0;

    query_init(&pairs, query);
    while (query_next(&pairs, &pair) == QUERY_PAIR)
        for (size_t i = 0; i < count; i++)
            if (text_equal(pair.name, text_of(integers[i].name)) &&
                !read_integer(&integers[i], i, &given, pair.value, response))
                return false;
    return true;
}
