/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_growth: measures the cost of a message, a rocket and a list by the
 * number of rockets, and the slowest messages while the table grows. Each
 * size and round runs in a process of its own.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "growth_measure.h"
#include "parts_measure.h"
#include "parts_report.h"

enum {
    EXIT_USAGE = 2,
    SIZES = 5,
    SMALLEST = 1000,
    LARGEST = 10000000,
    DEFAULT_MAX = 1000000,
    /* Larger tables have one round only, which takes half a minute. */
    MANY = 1000000,
};

struct options {
    enum parts_format format;
    unsigned rounds;
    uint64_t max;
};

static const char *const sizes[SIZES] = {"1000", "10000", "100000", "1000000",
                                         "10000000"};

/* growth.gp selects figures by these names. */
static const char *const items[GROWTH_RESULTS] = {
    [GROWTH_APPLIED] = "applied: ns a message",
    [GROWTH_PARSED] = "parsed and applied: ns a message",
    [GROWTH_RESIDENT] = "resident: bytes a rocket",
    [GROWTH_TOP] = "top 50 by speed: ms",
    [GROWTH_MIDDLE] = "page in the middle: ms",
    [GROWTH_WHOLE] = "whole list: ms",
    [GROWTH_MEDIAN] = "new rocket: median: µs",
    [GROWTH_P999] = "new rocket: 99.9 %: µs",
    [GROWTH_LONGEST_WALL] = "new rocket: longest: µs",
    [GROWTH_LONGEST] = "new rocket: longest without waiting: µs",
    [GROWTH_GROW_MEDIAN] = "a stripe grows: median: µs",
    [GROWTH_GROW_LONGEST] = "a stripe grows: longest without waiting: µs",
};

static void usage(FILE *out)
{
    fprintf(out,
            "usage: bench_growth [-max=N] [-rounds=N] [-json] [-csv]\n"
            "\n"
            "Measures the time per message, the memory per rocket, and lists, "
            "at 1,000,\n10,000 ... rockets.\n"
            "  -max=N     up to N rockets, %d to %d; default %d.\n"
            "             10,000,000 need 3 GB and have one round.\n"
            "  -rounds=N  measure each figure N times, 1 to %d; default %d\n"
            "  -json      print JSON, one object per line and figure\n"
            "  -csv       print comma-separated values, for growth.gp\n",
            SMALLEST, LARGEST, DEFAULT_MAX, PARTS_MAX_ROUNDS,
            PARTS_DEFAULT_ROUNDS);
}

static bool read_number(const char *argument, const char *name, uint64_t min,
                        uint64_t max, uint64_t *number)
{
    size_t length = strlen(name);

    return strncmp(argument, name, length) == 0 &&
           text_read_unsigned(text_of(argument + length), max, number) &&
           *number >= min;
}

/* False if `argument` is not a valid option. */
static bool read_option(const char *argument, struct options *options)
{
    uint64_t number;

    if (strcmp(argument, "-json") == 0)
        options->format = PARTS_JSON;
    else if (strcmp(argument, "-csv") == 0)
        options->format = PARTS_CSV;
    else if (read_number(argument, "-max=", SMALLEST, LARGEST, &number))
        options->max = number;
    else if (read_number(argument, "-rounds=", 1, PARTS_MAX_ROUNDS, &number))
        options->rounds = (unsigned)number;
    else
        return false;
    return true;
}

static void measure_size(struct parts_figure figures[GROWTH_RESULTS][SIZES],
                         size_t size)
{
    const struct growth_task task = {
        .rockets = (uint32_t)strtoul(sizes[size], NULL, 10)};
    double results[GROWTH_RESULTS] = {0};

    parts_in_child(growth_measure, &task, results, GROWTH_RESULTS);
    for (size_t i = 0; i < GROWTH_RESULTS; i++)
        if (results[i] >= 0)
            parts_figure_add(&figures[i][size], results[i]);
}

static void run_rounds(const struct options *options)
{
    static struct parts_figure figures[GROWTH_RESULTS][SIZES];

    for (size_t i = 0; i < GROWTH_RESULTS; i++)
        for (size_t size = 0; size < SIZES; size++)
            figures[i][size] =
                (struct parts_figure){.item = items[i], .column = sizes[size]};
    for (unsigned round = 0; round < options->rounds; round++)
        for (size_t size = 0; size < SIZES; size++) {
            uint64_t rockets = strtoull(sizes[size], NULL, 10);
            if (rockets <= options->max && (rockets <= MANY || round == 0))
                measure_size(figures, size);
        }
    parts_report(options->format, "growth", "Rockets in the table", figures[0],
                 (size_t)GROWTH_RESULTS * SIZES);
}

int main(int argc, char *argv[])
{
    struct options options = {.rounds = PARTS_DEFAULT_ROUNDS,
                              .max = DEFAULT_MAX};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-help") == 0) {
            usage(stdout);
            return EXIT_SUCCESS;
        }
        if (!read_option(argv[i], &options)) {
            fprintf(stderr, "bench_growth: %s: unknown flag or invalid value\n",
                    argv[i]);
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    run_rounds(&options);
    return EXIT_SUCCESS;
}
