/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's copy of the list of rockets, merged from lists and from rockets
 * that came later, as README.md tells clients to do it: of two states of a
 * rocket the one with the higher revision is newer.
 *
 * All functions can be called from any thread of a test.
 */
#ifndef LUNAR_TEST_VIEW_H
#define LUNAR_TEST_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

enum { VIEW_PROBLEM = 512 };

struct view_rocket {
    char *id;
    uint64_t revision;
    char *text; /* its JSON */
};

struct view {
    struct view_rocket *rockets; /* in the order of their ids */
    size_t count, capacity;
};

/*
 * Merge a rocket. False if it is none, or if it differs from the state with the
 * same revision; `problem` then says so.
 */
bool view_merge(struct view *view, const cJSON *rocket,
                char problem[VIEW_PROBLEM]);

/* Merge each rocket of an array, which is the text of some JSON. */
bool view_merge_text(struct view *view, const char *text,
                     char problem[VIEW_PROBLEM]);

/*
 * Whether both have the same rockets, by `is_of` of those that are of interest
 * (NULL: all). Else `problem` says what differs.
 */
bool view_equals(const struct view *view, const struct view *other,
                 bool (*is_of)(const void *context, const char *id),
                 const void *context, char problem[VIEW_PROBLEM]);

/* Remove all rockets. Can be called more than once. */
void view_clear(struct view *view);

#endif
