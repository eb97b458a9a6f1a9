/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query parameters of operations: a misspelt one must not be ignored, or
 * "?staus=exploded" would list all rockets.
 */
#ifndef LUNAR_API_PARAMETERS_H
#define LUNAR_API_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "http/response.h"

/*
 * Whether all parameters of `query`, whose percent-encoding is valid, are known
 * or begin with "_". If not, `response` is a 400 that names the nearest known
 * one, or all of them. `name_at` returns the name of a known one, and NULL
 * after the last. A parameter that begins with "_" is ignored by all
 * operations: clients add such ones so that no cache answers.
 */
bool parameters_check(struct text query, const char *(*name_at)(size_t index),
                      struct http_response *response);

/* The reading of a query. */
struct parameters_reading {
    void *into;   /* what the values are set in */
    char *detail; /* if the query is refused: why, a sentence for its 400 */
    size_t detail_size;
};

/*
 * A parameter. `set` reads its value, which is borrowed for the call, or
 * returns false by parameters_refuse().
 */
struct parameter {
    const char *name;
    bool (*set)(const struct parameters_reading *reading, struct text value);
    bool repeats; /* it may be given more than once */
};

/*
 * Read the values of these parameters, at most 32, in the order of `query`, and
 * ignore all others. False, with a detail, if a value is refused, if a
 * parameter that does not repeat is given twice, or if the percent-encoding of
 * `query` is invalid.
 */
bool parameters_read(const struct parameters_reading *reading,
                     struct text query, const struct parameter parameters[],
                     size_t count);

/* Set the detail. Returns false. */
__attribute__((format(printf, 2, 3))) bool
parameters_refuse(const struct parameters_reading *reading, const char *format,
                  ...);

/* A parameter whose value is an integer. */
struct parameter_integer {
    const char *name;
    uint64_t least, most;
    uint64_t value; /* set at first to what it is if it is not given */
};

/*
 * Read the values of these parameters, and ignore all others. False, with a
 * 400 in `response`, if one of them is given twice or is no integer from
 * `least` to `most`.
 */
bool parameters_read_integers(struct text query,
                              struct parameter_integer integers[], size_t count,
                              struct http_response *response);

#endif
