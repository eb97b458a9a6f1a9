/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form of what a journal keeps: records, one behind the other. It is
 * compact, as it is synced to the disk before a message is acknowledged, and
 * complete: a message is read back exactly as it was accepted, so it is never
 * parsed again by rules that may have become stricter.
 *
 * A record begins with its kind, so that later versions can add kinds. A reader
 * stops at a kind that it does not know: to skip it could make a wrong state.
 *
 * Locking: none.
 */
#ifndef LUNAR_STORE_RECORD_H
#define LUNAR_STORE_RECORD_H

#include <stddef.h>

#include "base/text.h"
#include "domain/message.h"

enum record_kind {
    RECORD_MESSAGE = 1, /* a message that was accepted */
};

enum {
    /* Of the form: stored with the records, and raised when it changes. */
    RECORD_VERSION = 1,
    /* Bytes of a record, at most. */
    RECORD_MAX = 704,
    RECORD_UUID_TEXT = 36, /* characters of a UUID (RFC 9562 section 4) */
};

/*
 * Copied by record_copy() only: the texts of the message point into the bytes
 * that were read, and its channel may point into the record.
 */
struct record {
    enum record_kind kind;
    struct message message;
    char uuid[RECORD_UUID_TEXT]; /* private: the channel, if it is a UUID */
};

enum record_result {
    RECORD_OK,
    RECORD_UNKNOWN, /* a kind, or a type of message, of a later version */
    RECORD_DAMAGED, /* not the form of any record */
};

/*
 * Write `message` to `out`, which has room for RECORD_MAX bytes. Returns the
 * length. The message is one that message_parse() accepts.
 */
size_t record_write(const struct message *message, char *out);

/*
 * Read the first record of `records` and remove it from the front. The bytes
 * may be anything. Only what record_write() writes is accepted, so a record
 * that was read is a message that message_parse() accepts. With any other
 * result than RECORD_OK `records` is untouched, and `record` is undefined.
 * Ownership: the texts are borrowed from the bytes and from `record`.
 */
enum record_result record_read(struct text *records, struct record *record);

/* Copy a record. The texts are borrowed from the same bytes and from `copy`. */
static inline void record_copy(const struct record *record, struct record *copy)
{
    *copy = *record;
    if (record->message.channel.data == record->uuid)
        copy->message.channel.data = copy->uuid;
}

#endif
