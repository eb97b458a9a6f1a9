/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table gives the name, the kind and the member of struct options of each
 * flag. One function for each kind reads the value.
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    KIND_COUNT, /* uint32_t, from `low` to `high` */
    KIND_SEED,
    KIND_SHARE,
    KIND_DURATION,
    KIND_LEVEL,
    KIND_SWITCH, /* bool; without a value: true */
};

struct flag {
    const char *name;
    enum kind kind;
    size_t place; /* offset into struct options */
    uint32_t low, high;
};

#define PLACE(member) offsetof(struct options, member)

static const struct flag FLAGS[] = {
    {"message-delay", KIND_DURATION, PLACE(message_delay), 0, 0},
    {"concurrency-level", KIND_COUNT, PLACE(concurrency_level), 1, 1000},
    {"max-messages", KIND_COUNT, PLACE(max_messages), 1, 100000000},
    {"seed", KIND_SEED, PLACE(seed), 0, 0},
    {"log-level", KIND_LEVEL, PLACE(log_level), 0, 0},
    {"keep-alive", KIND_SWITCH, PLACE(keep_alive), 0, 0},
    {"rockets", KIND_COUNT, PLACE(rockets), 1, 1000000},
    {"shuffle", KIND_COUNT, PLACE(shuffle), 0, 100000000},
    {"duplicates", KIND_SHARE, PLACE(duplicates), 0, 0},
    {"drop-launch", KIND_SWITCH, PLACE(drop_launch), 0, 0},
    {"verify", KIND_SWITCH, PLACE(verify), 0, 0},
};

/* State while the command line is read. */
struct reader {
    struct options *options;
    char *const *arguments; /* the next `count` arguments to read */
    int count;
    bool flags_ended; /* "--" was read */
    bool help;
    char *error;
    size_t error_size;
};

/* Write the error text. Returns false, for the caller to return. */
__attribute__((format(printf, 2, 3))) static bool
reader_fail(struct reader *reader, const char *format, ...)
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

bool options_duration(const char *text, int64_t *nanoseconds)
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

static bool set_count(struct reader *reader, const struct flag *flag,
                      const char *value, uint32_t *place)
{
    uint64_t read;

    if (!read_unsigned(value, &read) || read < flag->low || read > flag->high)
        return reader_fail(reader, "--%s=%s: expected an integer from %u to %u",
                           flag->name, value, flag->low, flag->high);
    *place = (uint32_t)read;
    return true;
}

static bool set_value(struct reader *reader, const struct flag *flag,
                      const char *value)
{
    void *place = (char *)reader->options + flag->place;

    switch (flag->kind) {
    case KIND_COUNT:
        return set_count(reader, flag, value, place);
    case KIND_SEED:
        return read_unsigned(value, place) ||
               reader_fail(reader,
                           "--%s=%s: expected an integer from 0 to 2^64-1",
                           flag->name, value);
    case KIND_SHARE:
        return read_share(value, place) ||
               reader_fail(reader,
                           "--%s=%s: expected a number from 0 to 1, as in 0.2",
                           flag->name, value);
    case KIND_DURATION:
        return options_duration(value, place) ||
               reader_fail(
                   reader,
                   "--%s=%s: expected a duration, as in 500ms, 1.5s or 1m30s",
                   flag->name, value);
    case KIND_LEVEL:
        return console_level_of(value, place) ||
               reader_fail(reader,
                           "--%s=%s: expected debug, info, warn or error",
                           flag->name, value);
    case KIND_SWITCH:
        break;
    }
    *(bool *)place = strcmp(value, "true") == 0;
    return *(bool *)place || strcmp(value, "false") == 0 ||
           reader_fail(reader, "--%s=%s: expected true, false or no value",
                       flag->name, value);
}

static const struct flag *find_flag(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++)
        if (strlen(FLAGS[i].name) == length &&
            memcmp(FLAGS[i].name, name, length) == 0)
            return &FLAGS[i];
    return NULL;
}

static const char *next_argument(struct reader *reader)
{
    if (reader->count == 0)
        return NULL;
    reader->count--;
    return *reader->arguments++;
}

/* `name` is the argument without its leading dashes. */
static bool read_flag(struct reader *reader, const char *name)
{
    size_t length = strcspn(name, "=");
    const struct flag *flag = find_flag(name, length);
    const char *value;

    if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0) {
        reader->help = true;
        return true;
    }
    if (flag == NULL)
        return reader_fail(reader, "--%.*s: unknown flag; see 'rockets help'",
                           (int)length, name);
    if (name[length] == '=')
        value = name + length + 1;
    else if (flag->kind == KIND_SWITCH)
        value = "true";
    else
        value = next_argument(reader);
    if (value == NULL)
        return reader_fail(reader, "--%s: expected a value; see 'rockets help'",
                           flag->name);
    return set_value(reader, flag, value);
}

static bool read_argument(struct reader *reader, const char *argument)
{
    if (!reader->flags_ended && strcmp(argument, "--") == 0) {
        reader->flags_ended = true;
        return true;
    }
    if (!reader->flags_ended && argument[0] == '-' && argument[1] != '\0')
        return read_flag(reader, argument + (argument[1] == '-' ? 2 : 1));
    if (reader->options->url != NULL)
        return reader_fail(
            reader, "'%s': more than one URL; see 'rockets help'", argument);
    reader->options->url = argument;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool check_options(struct reader *reader)
{
    const struct options *options = reader->options;

    if (options->url == NULL)
        return reader_fail(reader, "missing URL, as in 'rockets launch "
                                   "http://localhost:8088/messages'");
    if (strncmp(options->url, "http://", 7) != 0 &&
        strncmp(options->url, "https://", 8) != 0)
        return reader_fail(
            reader,
            "'%s': the URL must start with http:// or https://, as in "
            "http://localhost:8088/messages",
            options->url);
    if (strlen(options->url) > OPTIONS_MAX_URL)
        return reader_fail(reader, "the URL has %zu bytes, more than %d",
                           strlen(options->url), OPTIONS_MAX_URL);
    if (options->verify && !ends_with(options->url, "/messages"))
        return reader_fail(
            reader,
            "'%s': --verify needs a URL that ends in /messages; it "
            "reads the rockets from .../rockets/ID",
            options->url);
    return true;
}

static enum options_command read_launch(struct reader *reader)
{
    *reader->options = (struct options){.concurrency_level = 3,
                                        .max_messages = 100000,
                                        .seed = 444,
                                        .log_level = CONSOLE_INFO,
                                        .rockets = 20};
    while (reader->count > 0)
        if (!read_argument(reader, next_argument(reader)))
            return OPTIONS_INVALID;
    if (reader->help)
        return OPTIONS_HELP;
    return check_options(reader) ? OPTIONS_LAUNCH : OPTIONS_INVALID;
}

static bool is_one_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(text, *names) == 0)
            return true;
    return false;
}

enum options_command options_read(struct options *options, int argc,
                                  char *const argv[], char *error,
                                  size_t error_size)
{
    static const char *const HELP[] = {"help", "--help", "-help", "-h", NULL};
    static const char *const VERSION[] = {"version", "--version", "-version",
                                          NULL};
    struct reader reader = {.options = options,
                            .arguments = argv + (argc > 1 ? 2 : 1),
                            .count = argc > 1 ? argc - 2 : 0,
                            .error = error,
                            .error_size = error_size};

    if (argc < 2) {
        reader_fail(&reader, "missing command, as in 'rockets launch URL'; see "
                             "'rockets help'");
        return OPTIONS_INVALID;
    }
    if (is_one_of(argv[1], HELP))
        return OPTIONS_HELP;
    if (is_one_of(argv[1], VERSION))
        return OPTIONS_VERSION;
    if (strcmp(argv[1], "launch") == 0)
        return read_launch(&reader);
    if (strstr(argv[1], "://") != NULL)
        reader_fail(&reader, "missing command, as in 'rockets launch %s'",
                    argv[1]);
    else
        reader_fail(&reader,
                    "'%s': unknown command; expected launch, help or version",
                    argv[1]);
    return OPTIONS_INVALID;
}
