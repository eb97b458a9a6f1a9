/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The place of the rocket, or the one where it belongs. */
static size_t find_place(const struct view *view, const char *id, bool *found)
{
    size_t low = 0, high = view->count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(view->rockets[middle].id, id);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct view_rocket *insert_rocket(struct view *view, size_t place,
                                         const char *id)
{
    if (view->count == view->capacity) {
        view->capacity = 2 * view->capacity + 64;
        view->rockets =
            realloc(view->rockets, view->capacity * sizeof(view->rockets[0]));
        if (view->rockets == NULL)
            abort();
    }
    struct view_rocket *rocket = &view->rockets[place];
    memmove(rocket + 1, rocket, (view->count - place) * sizeof(*rocket));
    view->count++;
    *rocket = (struct view_rocket){0};
    if (asprintf(&rocket->id, "%s", id) < 0)
        abort();
    return rocket;
}

bool view_merge(struct view *view, const cJSON *rocket,
                char problem[VIEW_PROBLEM])
{
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(rocket, "id"));
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(rocket, "revision");
    bool found;

    if (id == NULL || !cJSON_IsNumber(number)) {
        snprintf(problem, VIEW_PROBLEM, "a rocket without id or revision");
        return false;
    }
    uint64_t revision = (uint64_t)cJSON_GetNumberValue(number);
    size_t place = find_place(view, id, &found);
    struct view_rocket *known =
        found ? &view->rockets[place] : insert_rocket(view, place, id);
    if (found && revision < known->revision)
        return true;
    char *text = cJSON_PrintUnformatted(rocket);
    if (text == NULL)
        abort();
    bool same =
        !found || revision > known->revision || strcmp(text, known->text) == 0;
    if (!same)
        snprintf(problem, VIEW_PROBLEM,
                 "two states with one revision: %.200s and %.200s", known->text,
                 text);
    free(known->text);
    known->text = text;
    known->revision = revision;
    return same;
}

bool view_merge_text(struct view *view, const char *text,
                     char problem[VIEW_PROBLEM])
{
    cJSON *rockets = cJSON_ParseWithOpts(text, NULL, true);
    const cJSON *rocket;
    bool merged = cJSON_IsArray(rockets);

    if (!merged)
        snprintf(problem, VIEW_PROBLEM, "no array of JSON: %.200s", text);
    cJSON_ArrayForEach(rocket, rockets)
    {
        merged = merged && view_merge(view, rocket, problem);
    }
    cJSON_Delete(rockets);
    return merged;
}

/* The place of the next rocket of interest from `place` on. */
static size_t skip_others(const struct view *view, size_t place,
                          bool (*is_of)(const void *context, const char *id),
                          const void *context)
{
    while (place < view->count && is_of != NULL &&
           !is_of(context, view->rockets[place].id))
        place++;
    return place;
}

bool view_equals(const struct view *view, const struct view *other,
                 bool (*is_of)(const void *context, const char *id),
                 const void *context, char problem[VIEW_PROBLEM])
{
    for (size_t i = 0, j = 0;; i++, j++) {
        i = skip_others(view, i, is_of, context);
        j = skip_others(other, j, is_of, context);
        if (i == view->count && j == other->count)
            return true;
        const char *left = i < view->count ? view->rockets[i].text : "nothing";
        const char *right =
            j < other->count ? other->rockets[j].text : "nothing";
        if (strcmp(left, right) != 0) {
            snprintf(problem, VIEW_PROBLEM, "%.240s instead of %.240s", left,
                     right);
            return false;
        }
    }
}

void view_clear(struct view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        free(view->rockets[i].id);
        free(view->rockets[i].text);
    }
    free(view->rockets);
    *view = (struct view){0};
}
