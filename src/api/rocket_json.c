/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists write millions of rockets, so room is reserved once, for the longest
 * JSON that this rocket can have, and everything is put there without checks.
 */
#include "api/rocket_json.h"

#include "base/text.h"
#include "format/json_write.h"
#include "format/timestamp.h"

enum {
    /*
     * Bytes of everything but the texts, at most: 144 of member names and
     * punctuation, four integers, two quoted times, a `null` or two quotes
     * for each of four texts. The sum is 314; the rest is spare.
     */
    FIXED_SIZE = 384,
};

static size_t most_bytes(const struct rocket_view *view)
{
    return FIXED_SIZE + json_room(view->id.length + view->type.length +
                                  view->mission.length + view->reason.length);
}

static char *put_time(char *at, const struct timestamp *time)
{
    *at++ = '"';
    at += timestamp_format(time, at);
    *at++ = '"';
    return at;
}

/* All but the revision and the end of the object. */
static char *put_state(char *at, const struct rocket_view *view)
{
    at = buffer_put(at, TEXT("{\"id\":"));
    at = json_put(at, view->id);
    at = buffer_put(at, TEXT(",\"type\":"));
    at = json_put_or_null(at, view->type);
    at = buffer_put(at, TEXT(",\"speed\":"));
    at = buffer_put_signed(at, view->speed);
    at = buffer_put(at, TEXT(",\"mission\":"));
    at = json_put_or_null(at, view->mission);
    at = view->exploded
             ? buffer_put(at, TEXT(",\"status\":\"exploded\",\"reason\":"))
             : buffer_put(at, TEXT(",\"status\":\"active\",\"reason\":"));
    at = json_put_or_null(at, view->reason);
    at = buffer_put(at, TEXT(",\"createdAt\":"));
    at = view->launched ? put_time(at, &view->created)
                        : buffer_put(at, TEXT("null"));
    at = buffer_put(at, TEXT(",\"updatedAt\":"));
    at = put_time(at, &view->updated);
    at = buffer_put(at, TEXT(",\"lastMessageNumber\":"));
    at = buffer_put_unsigned(at, view->last_number);
    at = buffer_put(at, TEXT(",\"missingMessages\":"));
    return buffer_put_unsigned(at, view->missing);
}

void rocket_json_write(struct buffer *out, const struct rocket_view *view)
{
    if (!buffer_reserve(out, most_bytes(view)))
        return;
    char *at = put_state(buffer_end(out), view);
    at = buffer_put(at, TEXT(",\"revision\":"));
    at = buffer_put_unsigned(at, view->revision);
    at = buffer_put(at, TEXT("}"));
    buffer_set_end(out, at);
}

void rocket_json_write_state(struct buffer *out, const struct rocket_view *view)
{
    if (!buffer_reserve(out, most_bytes(view)))
        return;
    char *at = put_state(buffer_end(out), view);
    buffer_set_end(out, buffer_put(at, TEXT("}")));
}
