/* SPDX-License-Identifier: Apache-2.0 */
#include "flags.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _Exit(1);
}

void die_errno(const char *what)
{
    char reason[128];

    die("%s: %s", what, strerror_r(errno, reason, sizeof(reason)));
}

__attribute__((noreturn)) static void die_usage(const struct flag *flags)
{
    fprintf(stderr, "usage: %s", program_invocation_short_name);
    for (const struct flag *flag = flags; flag->name != NULL; flag++) {
        if (flag->max == 0)
            fprintf(stderr, " [-%s=FILE]", flag->name);
        else
            fprintf(stderr, " [-%s=%" PRIu64 "]", flag->name,
                    *(const uint64_t *)flag->value);
    }
    fprintf(stderr, "\n");
    _Exit(2);
}

static bool read_number(const char *value, const struct flag *flag)
{
    uint64_t number;
    char *end;

    if (*value < '0' || *value > '9')
        return false;
    errno = 0;
    number = strtoull(value, &end, 10);
    if (errno != 0 || *end != '\0' || number < flag->min || number > flag->max)
        return false;
    *(uint64_t *)flag->value = number;
    return true;
}

/* True if `argument` is this flag with a valid value, which is stored. */
static bool read_flag(const char *argument, const struct flag *flag)
{
    size_t length = strlen(flag->name);

    if (*argument != '-' || strncmp(argument + 1, flag->name, length) != 0)
        return false;
    argument += 1 + length;
    if (*argument == '\0' && flag->max == 1)
        return read_number("1", flag);
    if (*argument != '=')
        return false;
    if (flag->max > 0)
        return read_number(argument + 1, flag);
    *(const char **)flag->value = argument + 1;
    return true;
}

void flags_read(int argc, char *argv[], const struct flag *flags)
{
    for (int i = 1; i < argc; i++) {
        const struct flag *flag = flags;

        while (flag->name != NULL && !read_flag(argv[i], flag))
            flag++;
        if (flag->name == NULL)
            die_usage(flags);
    }
}
