/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image is, in the parts of packed.h,
 *
 *     id          with IMAGE_HAS_GAPS in its first byte, or not
 *     revision    a varint
 *     with gaps:
 *       runs      their number, less 1; a varint
 *       floor     a varint
 *     each run:
 *       gap       with gaps: the numbers that are missing before it, less 1
 *                 unless it is the first run; a varint
 *       length    less 1; a varint
 *       parts     1 byte: IMAGE_HAS_TYPE, ...
 *       type, mission, reason
 *                 if it has them: strings
 *       speed     signed
 *       created   with a type: a time
 *     with a floor:
 *       given up  the numbers in runs that were not applied, less 1; a varint
 *     updated     a time
 *
 * A string that is among the last IMAGE_STRINGS ones of the image is its place
 * among them; any other is its length, less 1, plus IMAGE_STRINGS, and its
 * bytes. They are kept in a ring: the next one takes the place of the oldest.
 * So many runs with the same strings are small, and neither side needs memory
 * for all strings of a rocket.
 */
#include "image.h"

#include <assert.h>

#include "base/buffer.h"
#include "domain/runs.h"

static_assert(MESSAGE_MAX_NAME + IMAGE_STRINGS < 1 << 14,
              "IMAGE_RUN_ROOM has two bytes for the length of a string");

/* Strings are interned, so they are equal if their addresses are. */
struct written {
    uint32_t count;
    const struct interned *strings[IMAGE_STRINGS];
};

static char *put_string(char *at, const struct interned *string,
                        struct written *written)
{
    uint32_t known =
        written->count < IMAGE_STRINGS ? written->count : IMAGE_STRINGS;

    for (uint32_t i = 0; i < known; i++)
        if (written->strings[i] == string)
            return packed_put_byte(at, i);

    struct text text = interned_text(string);
    written->strings[written->count++ % IMAGE_STRINGS] = string;
    at = packed_put_varint(at, text.length - 1 + IMAGE_STRINGS);
    return buffer_put(at, text);
}

static char *put_effect(char *at, const struct effect *effect,
                        struct written *written)
{
    at = packed_put_byte(at,
                         (effect->type != NULL ? IMAGE_HAS_TYPE : 0) |
                             (effect->mission != NULL ? IMAGE_HAS_MISSION : 0) |
                             (effect->reason != NULL ? IMAGE_HAS_REASON : 0));
    if (effect->type != NULL)
        at = put_string(at, effect->type, written);
    if (effect->mission != NULL)
        at = put_string(at, effect->mission, written);
    if (effect->reason != NULL)
        at = put_string(at, effect->reason, written);
    at = packed_put_signed(at, effect->speed);
    return effect->type == NULL ? at : packed_put_time(at, &effect->created);
}

static bool has_gaps(const struct rocket *rocket)
{
    return rocket->runs.all.first != 1 || rocket->floor != 0;
}

static char *put_run(char *at, const struct run *run, uint64_t last, bool gaps,
                     struct written *written)
{
    if (gaps)
        at = packed_put_varint(at, run->first - last - (last == 0 ? 1 : 2));
    at = packed_put_varint(at, run->last - run->first);
    return put_effect(at, &run->effect, written);
}

/* NULL if there is not enough room. `*numbers`: how many there are in runs. */
static char *put_runs(char *at, const char *end, const struct rocket *rocket,
                      uint64_t *numbers)
{
    struct written written;
    struct runs_place place;
    uint64_t last = 0;

    written.count = 0;
    *numbers = 0;
    runs_find(&rocket->runs, last, &place);
    for (; place.after != NULL; runs_next(&place)) {
        if (end - at < IMAGE_RUN_ROOM)
            return NULL;
        at = put_run(at, place.after, last, has_gaps(rocket), &written);
        *numbers += place.after->last - place.after->first + 1;
        last = place.after->last;
    }
    return at;
}

char *image_write(const struct table_entry *entry, char *at, const char *end)
{
    const struct rocket *rocket = &entry->rocket;
    bool gaps = has_gaps(rocket);
    uint64_t numbers;

    if (end - at < IMAGE_ROOM)
        return NULL;
    at = packed_put_id(at, table_entry_id(entry), gaps ? IMAGE_HAS_GAPS : 0);
    at = packed_put_varint(at, table_entry_revision(entry));
    if (gaps) {
        at = packed_put_varint(at, runs_count(&rocket->runs) - 1U);
        at = packed_put_varint(at, rocket->floor);
    }
    at = put_runs(at, end - IMAGE_END_ROOM, rocket, &numbers);
    if (at == NULL)
        return NULL;
    if (rocket->floor != 0)
        at = packed_put_varint(at, numbers - rocket->applied - 1);
    return packed_put_time(at, &rocket->updated);
}
