/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only one spelling of a flag is accepted, -name=value. That is enough for
 * programs that run.py starts, or a reader of its README.
 */
#include "flags.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not exit(3): other threads may run, and exit handlers are not needed. */
__attribute__((noreturn)) static void end_program(int status)
{
    fflush(NULL);
    _Exit(status);
}

void die(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    end_program(1);
}

void die_errno(const char *what)
{
    char reason[128];

    die("%s: %s", what, strerror_r(errno, reason, sizeof(reason)));
}

static void print_help(FILE *out, const struct flag *flags, const char *about)
{
    fprintf(out, "usage: %s [-FLAG=VALUE...]\n%s\n",
            program_invocation_short_name, about);
    for (const struct flag *flag = flags; flag->name != NULL; flag++) {
        if (flag->number == NULL)
            fprintf(out, "  -%s=TEXT  %s\n", flag->name, flag->help);
        else if (flag->word != NULL)
            fprintf(out, "  -%s=N|%s  %s (%" PRIu64 ")\n", flag->name,
                    flag->word, flag->help, *flag->number);
        else
            fprintf(out, "  -%s=N  %s (%" PRIu64 ")\n", flag->name, flag->help,
                    *flag->number);
    }
    fprintf(out, "Defaults are in parentheses.\n");
}

static bool read_number(const char *value, const struct flag *flag)
{
    char *end;
    uint64_t number;

    if (flag->word != NULL && strcmp(value, flag->word) == 0) {
        *flag->number = 0;
        return true;
    }
    if (*value < '0' || *value > '9')
        return false;
    errno = 0;
    number = strtoull(value, &end, 10);
    if (errno != 0 || *end != '\0' || number < flag->min || number > flag->max)
        return false;
    *flag->number = number;
    return true;
}

/* True if `argument` is this flag with a valid value, which is stored. */
static bool read_flag(const char *argument, const struct flag *flag)
{
    size_t length = strlen(flag->name);

    if (*argument != '-' || strncmp(argument + 1, flag->name, length) != 0 ||
        argument[1 + length] != '=')
        return false;
    if (flag->number != NULL)
        return read_number(argument + 2 + length, flag);
    *flag->text = argument + 2 + length;
    return true;
}

void flags_read(int argc, char *argv[], const struct flag *flags,
                const char *about)
{
    for (int i = 1; i < argc; i++) {
        const struct flag *flag = flags;

        if (strcmp(argv[i], "-help") == 0 || strcmp(argv[i], "--help") == 0) {
            print_help(stdout, flags, about);
            end_program(0);
        }
        while (flag->name != NULL && !read_flag(argv[i], flag))
            flag++;
        if (flag->name != NULL)
            continue;
        fprintf(stderr, "%s: %s: unknown flag or invalid value\n",
                program_invocation_short_name, argv[i]);
        print_help(stderr, flags, about);
        end_program(2);
    }
}
