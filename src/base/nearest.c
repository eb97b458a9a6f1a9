/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nearest name by the Levenshtein distance.
 */
#include "base/nearest.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static size_t smaller_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return text_equal_ignoring_case((struct text){&a, 1}, (struct text){&b, 1});
}

/* The Levenshtein distance: characters to replace, insert or delete. */
static size_t edit_distance(struct text from, const char *to)
{
    size_t length = strlen(to);
    assert(length <= NEAREST_MAX_NAME);
    /* row[i]: from the first `done` of `from` to the first i of `to`. */
    size_t row[NEAREST_MAX_NAME + 1];
    for (size_t i = 0; i <= length; i++)
        row[i] = i;
    for (size_t done = 0; done < from.length; done++) {
        size_t diagonal = row[0];
        row[0] = done + 1;
        for (size_t i = 1; i <= length; i++) {
            size_t change = diagonal + !same_letter(from.data[done], to[i - 1]);
            diagonal = row[i];
            row[i] = smaller_of(change, smaller_of(row[i], row[i - 1]) + 1);
        }
    }
    return row[length];
}

const char *nearest_name(struct text text, const char *(*name_at)(size_t index))
{
    const char *nearest = NULL, *name;
    size_t nearest_distance = SIZE_MAX;

    for (size_t i = 0; (name = name_at(i)) != NULL; i++) {
        size_t length = strlen(name), most = length / 2;
        if (text.length > length + most)
            continue; /* text may be of any length, and the work with it */
        size_t distance = edit_distance(text, name);
        if (distance <= most && distance < nearest_distance) {
            nearest = name;
            nearest_distance = distance;
        }
    }
    return nearest;
}
