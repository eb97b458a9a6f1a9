/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write a message as JSON, in the form of the body of a POST of a message:
 *
 *     {"metadata":{"channel":"...","messageNumber":1,"messageTime":"...",
 *     "messageType":"RocketSpeedIncreased"},"message":{"by":3000}}
 *
 * in one line. The form is canonical: a message has exactly one text, and
 * message_parse() reads it as the same message, its time with the offset and
 * the spelling included.
 */
#ifndef LUNAR_DOMAIN_MESSAGE_WRITE_H
#define LUNAR_DOMAIN_MESSAGE_WRITE_H

#include <stddef.h>

#include "domain/message.h"

enum {
    /*
     * Bytes to have room for. A message of quotes only has half as many;
     * most have about 200.
     */
    MESSAGE_WRITE_MAX = 4352,
};

/*
 * Write `message`, which is one that message_parse() accepts, to `out`. Returns
 * the length. No NUL is added. All MESSAGE_WRITE_MAX bytes may be written.
 */
size_t message_write(const struct message *message,
                     char out[MESSAGE_WRITE_MAX]);

#endif
