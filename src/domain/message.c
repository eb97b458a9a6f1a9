/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules for the texts of a message, and the words for outcomes.
 */
#include "domain/message.h"

#include "format/json_scan.h"

struct text message_outcome_name(enum message_outcome outcome)
{
    switch (outcome) {
    case MESSAGE_APPLIED:
        return TEXT("applied");
    case MESSAGE_DUPLICATE:
        return TEXT("duplicate");
    case MESSAGE_STALE:
        return TEXT("stale");
    case MESSAGE_NO_MEMORY:
        break;
    }
    return TEXT("no_memory");
}

bool message_is_text(struct text text, size_t max_length)
{
    if (text.length == 0 || text.length > max_length)
        return false;
    /* No early exit, so that the compiler can test many bytes at a time. */
    bool control = false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        control |= c < 0x20 || c == 0x7f;
    }
    return !control;
}

bool message_is_dot_segment(struct text text)
{
    return text_equal(text, TEXT(".")) || text_equal(text, TEXT(".."));
}

/* JSON is in UTF-8. */
bool message_name_is_valid(struct text name)
{
    return message_is_text(name, MESSAGE_MAX_NAME) && json_scan_utf8(name);
}

bool message_channel_is_valid(struct text channel)
{
    return message_is_text(channel, MESSAGE_MAX_CHANNEL) &&
           json_scan_utf8(channel) && !message_is_dot_segment(channel);
}
