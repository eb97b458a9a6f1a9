/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of values, and the walk over the arguments.
 */
#include "flags.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

bool flags_fail(struct flag_reader *reader, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reader->error, reader->error_size, format, arguments);
    va_end(arguments);
    return false;
}

/* Accepts decimal digits only; strtoull(3) also accepts spaces and signs. */
static bool read_unsigned(const char *text, uint64_t *value)
{
    char *end;
    unsigned long long read;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    read = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *value = read;
    return true;
}

static bool read_share(const char *text, double *value)
{
    char *end;
    double read;

    if (!isdigit((unsigned char)*text) && *text != '.')
        return false;
    read = strtod(text, &end);
    if (end == text || *end != '\0' || !(read >= 0 && read <= 1))
        return false;
    *value = read;
    return true;
}

/* Nanoseconds in the unit at the start of `*text`, 0 if there is no unit. */
static int64_t read_unit(const char **text)
{
    static const struct {
        const char *name;
        int64_t nanoseconds;
    } UNITS[] = {
        /* "ms" comes before "m", which is a prefix of it. */
        {"ns", 1},
        {"us", 1000},
        {"\u00b5s", 1000}, /* micro sign */
        {"\u03bcs", 1000}, /* Greek mu */
        {"ms", 1000000},
        {"s", 1000000000},
        {"m", INT64_C(60) * 1000000000},
        {"h", INT64_C(3600) * 1000000000},
    };

    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        size_t length = strlen(UNITS[i].name);

        if (strncmp(*text, UNITS[i].name, length) == 0) {
            *text += length;
            return UNITS[i].nanoseconds;
        }
    }
    return 0;
}

/* Read one number with its unit, and add it to `*sum`. */
static bool read_duration_part(const char **text, int64_t *sum)
{
    double fraction = 0;
    double scale = 1;
    int64_t whole = 0;
    int64_t unit;
    bool digits = false;

    for (; isdigit((unsigned char)**text); (*text)++, digits = true)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, **text - '0', &whole))
            return false;
    if (**text == '.')
        for ((*text)++; isdigit((unsigned char)**text); (*text)++) {
            digits = true;
            scale /= 10;
            fraction += (**text - '0') * scale;
        }
    unit = digits ? read_unit(text) : 0;
    /* + 0.5: round to the nearest; sums of fractions may be slightly low. */
    return unit != 0 && !__builtin_mul_overflow(whole, unit, &whole) &&
           !__builtin_add_overflow(*sum, whole, sum) &&
           !__builtin_add_overflow(
               *sum, (int64_t)(fraction * (double)unit + 0.5), sum);
}

bool flags_duration(const char *text, int64_t *nanoseconds)
{
    int64_t sum = 0;

    if (strcmp(text, "0") == 0) {
        *nanoseconds = 0;
        return true;
    }
    do {
        if (!read_duration_part(&text, &sum))
            return false;
    } while (*text != '\0');
    *nanoseconds = sum;
    return true;
}

static bool set_count(struct flag_reader *reader, const struct flag *flag,
                      const char *value, uint32_t *place)
{
    uint64_t read;

    if (!read_unsigned(value, &read) || read < flag->low || read > flag->high)
        return flags_fail(reader, "--%s=%s: expected an integer from %u to %u",
                          flag->name, value, flag->low, flag->high);
    *place = (uint32_t)read;
    return true;
}

/* Say what the choices are: "asc or desc", "a, b or c". */
static bool fail_choice(struct flag_reader *reader, const struct flag *flag,
                        const char *value)
{
    char choices[256];
    size_t length = 0;

    for (size_t i = 0; flag->choices[i] != NULL; i++) {
        const char *separator = ", ";

        if (i == 0)
            separator = "";
        else if (flag->choices[i + 1] == NULL)
            separator = " or ";
        length += (size_t)snprintf(choices + length, sizeof(choices) - length,
                                   "%s%s", separator, flag->choices[i]);
        assert(length < sizeof(choices));
    }
    return flags_fail(reader, "--%s=%s: expected %s", flag->name, value,
                      choices);
}

static bool set_choice(struct flag_reader *reader, const struct flag *flag,
                       const char *value, const char **place)
{
    *place = value;
    return flags_is_choice(flag, value, strlen(value)) ||
           fail_choice(reader, flag, value);
}

static bool set_value(struct flag_reader *reader, const struct flag *flag,
                      const char *value)
{
    void *place = (char *)reader->options + flag->place;

    switch (flag->kind) {
    case FLAG_COUNT:
        return set_count(reader, flag, value, place);
    case FLAG_SEED:
        return read_unsigned(value, place) ||
               flags_fail(reader,
                          "--%s=%s: expected an integer from 0 to 2^64-1",
                          flag->name, value);
    case FLAG_SHARE:
        return read_share(value, place) ||
               flags_fail(reader,
                          "--%s=%s: expected a number from 0 to 1, as in 0.2",
                          flag->name, value);
    case FLAG_DURATION:
        return flags_duration(value, place) ||
               flags_fail(
                   reader,
                   "--%s=%s: expected a duration, as in 500ms, 1.5s or 1m30s",
                   flag->name, value);
    case FLAG_LEVEL:
        return console_level_of(value, place) ||
               fail_choice(reader, flag, value);
    case FLAG_TEXT:
        *(const char **)place = value;
        return *value != '\0' ||
               flags_fail(reader, "--%s=: expected a text", flag->name);
    case FLAG_CHOICE:
        return set_choice(reader, flag, value, place);
    case FLAG_OTHER:
        return flag->set(reader, flag, value);
    case FLAG_SWITCH:
        break;
    }
    *(bool *)place = strcmp(value, "true") == 0;
    return *(bool *)place || strcmp(value, "false") == 0 ||
           flags_fail(reader, "--%s=%s: expected true, false or no value",
                      flag->name, value);
}

static const struct flag *find_flag(const struct flag_reader *reader,
                                    const char *name, size_t length)
{
    for (size_t i = 0; i < reader->table->count; i++) {
        const struct flag *flag = &reader->table->flags[i];

        if (strlen(flag->name) == length &&
            memcmp(flag->name, name, length) == 0)
            return flag;
    }
    return NULL;
}

static const char *next_argument(struct flag_reader *reader)
{
    if (reader->count == 0)
        return NULL;
    reader->count--;
    return *reader->arguments++;
}

/* `name` is the argument without its leading dashes. */
static bool read_flag(struct flag_reader *reader, const char *name)
{
    size_t length = strcspn(name, "=");
    const struct flag *flag = find_flag(reader, name, length);
    const char *value;

    if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0) {
        reader->help = true;
        return true;
    }
    if (flag == NULL)
        return flags_fail(reader, "--%.*s: unknown flag; see '%s'", (int)length,
                          name, reader->manual);
    if (name[length] == '=')
        value = name + length + 1;
    else if (flag->kind == FLAG_SWITCH)
        value = "true";
    else
        value = next_argument(reader);
    if (value == NULL)
        return flags_fail(reader, "--%s: expected a value; see '%s'",
                          flag->name, reader->manual);
    return set_value(reader, flag, value);
}

static bool read_argument(struct flag_reader *reader, const char *argument)
{
    if (!reader->flags_ended && strcmp(argument, "--") == 0) {
        reader->flags_ended = true;
        return true;
    }
    if (!reader->flags_ended && argument[0] == '-' && argument[1] != '\0')
        return read_flag(reader, argument + (argument[1] == '-' ? 2 : 1));
    if (*reader->url != NULL)
        return flags_fail(reader, "'%s': more than one URL; see '%s'", argument,
                          reader->manual);
    *reader->url = argument;
    return true;
}

bool flags_refuse_token(struct flag_reader *reader, const struct flag *flag,
                        const char *value)
{
    (void)value;
    return flags_fail(reader,
                      "--%s: every user of this machine sees the command line: "
                      "give --token-file=FILE, or the variable ROCKETS_TOKEN",
                      flag->name);
}

bool flags_is_choice(const struct flag *flag, const char *value, size_t length)
{
    for (const char *const *choice = flag->choices; *choice != NULL; choice++)
        if (strlen(*choice) == length && memcmp(*choice, value, length) == 0)
            return true;
    return false;
}

bool flags_read(struct flag_reader *reader)
{
    for (size_t i = 0; i < reader->table->count; i++) {
        const struct flag *flag = &reader->table->flags[i];

        if (flag->fallback != NULL && !flag->by_service &&
            !set_value(reader, flag, flag->fallback))
            return false;
    }
    while (reader->count > 0)
        if (!read_argument(reader, next_argument(reader)))
            return false;
    return true;
}

bool flags_check_url(struct flag_reader *reader, const char *example)
{
    const char *url = *reader->url;

    if (url == NULL)
        return flags_fail(reader, "missing URL, as in '%s'", example);
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return flags_fail(
            reader,
            "'%s': the URL must start with http:// or https://, as in '%s'",
            url, example);
    if (strlen(url) > FLAGS_MAX_URL)
        return flags_fail(reader, "the URL has %zu bytes, more than %d",
                          strlen(url), FLAGS_MAX_URL);
    return true;
}

void flags_write(const struct flag_table *table, FILE *out)
{
    enum { COLUMN = 27 };

    for (size_t i = 0; i < table->count; i++) {
        const struct flag *flag = &table->flags[i];
        const char *value =
            flag->fallback != NULL ? flag->fallback : flag->argument;
        const char *line = flag->text;

        if (line == NULL)
            continue;
        int used =
            fprintf(out, "  --%s%s%s", flag->name, value != NULL ? "=" : "",
                    value != NULL ? value : "");
        for (int indent = COLUMN - used;; indent = COLUMN) {
            int length = (int)strcspn(line, "\n");

            fprintf(out, "%*s%.*s\n", indent, "", length, line);
            if (line[length] == '\0')
                break;
            line += length + 1;
        }
    }
}
