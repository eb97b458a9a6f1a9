/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one rule about texts in messages.
 */
#include "domain/message.h"

bool message_is_text(struct text text, size_t max_length)
{
    if (text.length == 0 || text.length > max_length)
        return false;
    /* To the end in any case: so many bytes are looked at at a time. */
    bool control = false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        control |= c < 0x20 || c == 0x7f;
    }
    return !control;
}
