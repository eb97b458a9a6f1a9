/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_errors.h"

#include <stdio.h>
#include <string.h>

#include "domain/message_parse.h"
#include "format/json_write.h"

enum {
    /* Of one error: JSON may write each byte of its detail as six. */
    MAX_ERROR = 6 * sizeof(((struct parsed_message *)NULL)->detail) + 64,
};

/* Whether it is UTF-16 or UTF-32, where NULs stand beside ASCII characters. */
static bool is_wide(struct text line)
{
    return line.length >= 2 && (line.data[0] == '\0' || line.data[1] == '\0' ||
                                memcmp(line.data, "\xff\xfe", 2) == 0 ||
                                memcmp(line.data, "\xfe\xff", 2) == 0);
}

/*
 * What the sender of a body that begins with this line, which is no message, is
 * likely to have done; NULL if it is a line like any other.
 */
static const char *guess_mistake(struct text line)
{
    if (is_wide(line))
        return "it seems to be UTF-16 or UTF-32, but must be UTF-8";
    line = text_trim(line);
    if (line.length > 0 && line.data[0] == '[')
        return "it is a JSON array, but must have one message a line, without "
               "brackets and commas";
    if (text_equal(line, TEXT("{")))
        return "a message is spread over several lines, but must be on one";
    if (memmem(line.data, line.length, "}{", 2) != NULL ||
        memmem(line.data, line.length, "} {", 3) != NULL)
        return "several messages are on one line, but each must have its own; "
               "curl keeps the ends of lines with --data-binary, not with -d";
    return NULL;
}

void batch_errors_init(struct batch_errors *errors)
{
    *errors = (struct batch_errors){.items = BUFFER_INIT};
}

void batch_errors_release(struct batch_errors *errors)
{
    buffer_release(&errors->items);
}

/* Room is reserved first, so that memory never ends within an item. */
void batch_errors_add(struct batch_errors *errors, uint64_t before,
                      uint64_t number, struct text line, const char *detail)
{
    struct buffer *items = &errors->items;

    if (before == 0) {
        errors->mistake = guess_mistake(line);
        errors->first.line = number;
        snprintf(errors->first.detail, sizeof(errors->first.detail), "%s",
                 detail);
    }
    if (before >= BATCH_MAX_ERRORS || !buffer_reserve(items, MAX_ERROR))
        return;
    buffer_append(items, items->length == 0 ? TEXT("{") : TEXT(",{"));
    json_append_member(items, TEXT("line"), number);
    json_append_name(items, TEXT("detail"));
    json_append(items, text_of(detail));
    buffer_append(items, TEXT("}"));
}
