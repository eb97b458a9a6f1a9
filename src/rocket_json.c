/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets as JSON. Lists write millions of them, so the text is put
 * together piece by piece, without printf(3), and room is made once.
 */
#include "rocket_json.h"

#include "text.h"
#include "timestamp.h"

enum {
    /* Member names, numbers and times at their longest, some to spare. */
    FIXED_SIZE = 384,
};

static void append_time(struct buffer *out, const struct timestamp *time)
{
    char quoted[TIMESTAMP_MAX_LENGTH + 2];
    size_t length = timestamp_format(time, quoted + 1);
    quoted[0] = '"';
    quoted[length + 1] = '"';
    buffer_append(out, (struct text){quoted, length + 2});
}

void rocket_json_write(struct buffer *out, const struct rocket_view *view)
{
    /* Only escapes can need more, and then appending makes the room. */
    buffer_reserve(out, FIXED_SIZE + view->id.length + view->type.length +
                            view->mission.length + view->reason.length);

    buffer_append(out, TEXT("{\"id\":"));
    buffer_append_json(out, view->id);
    buffer_append(out, TEXT(",\"type\":"));
    buffer_append_json_or_null(out, view->type);
    buffer_append(out, TEXT(",\"speed\":"));
    buffer_append_signed(out, view->speed);
    buffer_append(out, TEXT(",\"mission\":"));
    buffer_append_json_or_null(out, view->mission);
    buffer_append(out, view->exploded
                           ? TEXT(",\"status\":\"exploded\",\"reason\":")
                           : TEXT(",\"status\":\"active\",\"reason\":"));
    buffer_append_json_or_null(out, view->reason);
    buffer_append(out, TEXT(",\"createdAt\":"));
    if (view->launched)
        append_time(out, &view->created);
    else
        buffer_append(out, TEXT("null"));
    buffer_append(out, TEXT(",\"updatedAt\":"));
    append_time(out, &view->updated);
    buffer_append(out, TEXT(",\"lastMessageNumber\":"));
    buffer_append_unsigned(out, view->last_number);
    buffer_append(out, TEXT(",\"missingMessages\":"));
    buffer_append_unsigned(out, view->missing);
    buffer_append(out, TEXT("}"));
}
