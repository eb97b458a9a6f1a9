/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_parts: measures the cost of each part of the service by itself,
 * without HTTP. This file has the command line and the list of groups.
 */
#include "parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { EXIT_USAGE = 2 };

static const struct {
    const char *name;
    void (*run)(const struct parts_options *options);
    const char *help;
} groups[] = {
    {"memory", parts_memory, "resident memory of a million rockets"},
    {"workload", parts_workload, "100 to 10,000 messages, 1 to 4 workers"},
    {"parse", parts_parse, "JSON texts to messages, and cJSON alone"},
    {"write", parts_write, "rockets to JSON, times to and from text"},
    {"apply", parts_apply, "messages of 20 and of a million rockets"},
    {"listing", parts_listing, "lists of a million rockets"},
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static void usage(FILE *out)
{
    fprintf(out,
            "usage: bench_parts [-rounds=N] [-only=NAME] [-json]\n"
            "\n"
            "Measures the cost of each part of the service by itself.\n"
            "Prints Markdown tables.\n"
            "  -rounds=N   measure each figure N times, 1 to %d; default %d\n"
            "  -only=NAME  measure only this group\n"
            "  -json       print JSON, one object per line and figure\n"
            "\n"
            "groups:\n",
            PARTS_MAX_ROUNDS, PARTS_DEFAULT_ROUNDS);
    for (size_t i = 0; i < GROUPS; i++)
        fprintf(out, "  %-10s  %s\n", groups[i].name, groups[i].help);
}

static bool is_group(const char *name)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(groups[i].name, name) == 0)
            return true;
    return false;
}

/* Prints an error and returns false if `argument` is not a valid option. */
static bool read_option(const char *argument, struct parts_options *options)
{
    struct text value = text_of(argument);
    struct text name = text_split(&value, '=');
    uint64_t number;

    if (strcmp(argument, "-json") == 0) {
        options->format = PARTS_JSON;
    } else if (text_equal(name, TEXT("-only")) && value.data != NULL &&
               is_group(value.data)) {
        options->only = value.data;
    } else if (text_equal(name, TEXT("-rounds")) && value.data != NULL &&
               text_read_unsigned(value, PARTS_MAX_ROUNDS, &number) &&
               number > 0) {
        options->rounds = (unsigned)number;
    } else {
        fprintf(stderr, "bench_parts: %s: unknown flag or invalid value\n",
                argument);
        return false;
    }
    return true;
}

int main(int argc, char *argv[])
{
    struct parts_options options = {.rounds = PARTS_DEFAULT_ROUNDS};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-help") == 0 || strcmp(argv[i], "-h") == 0) {
            usage(stdout);
            return EXIT_SUCCESS;
        }
        if (!read_option(argv[i], &options)) {
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    for (size_t i = 0; i < GROUPS; i++)
        if (options.only == NULL || strcmp(options.only, groups[i].name) == 0)
            groups[i].run(&options);
    return EXIT_SUCCESS;
}
