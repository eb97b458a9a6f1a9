/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor is three lines in base64url without padding (RFC 4648 sections 5
 * and 3.2): the hash of the scope, the value and the id. A hash is enough, as a
 * client that finds another query with the same one only misleads itself; and
 * it keeps the filters from being in a link twice.
 */
#include "list_cursor.h"

#include <assert.h>
#include <sodium.h>

#include "domain/message.h"
#include "format/timestamp.h"

/* "?" if unknown, "=" and the string, or "major.minor". */
static void write_value(enum table_field sort, const struct table_value *value,
                        struct buffer *out)
{
    if (!value->known) {
        buffer_append(out, TEXT("?"));
    } else if (table_field_is_string(sort)) {
        buffer_append(out, TEXT("="));
        buffer_append(out, value->string);
    } else {
        buffer_append_unsigned(out, value->major);
        buffer_append(out, TEXT("."));
        buffer_append_unsigned(out, value->minor);
    }
}

/*
 * Read what write_value() writes. False if `text`, which is not empty, is
 * anything else.
 */
static bool read_value(enum table_field sort, struct text text,
                       struct table_value *value)
{
    uint64_t minor;

    *value = (struct table_value){.known = !text_equal(text, TEXT("?"))};
    if (!value->known)
        return true;
    if (table_field_is_string(sort)) {
        value->string = text_skip(text, 1);
        return text.data[0] == '=' &&
               message_is_text(value->string, MESSAGE_MAX_NAME);
    }
    struct text major = text_split(&text, '.');
    if (!text_read_unsigned(major, UINT64_MAX, &value->major) ||
        !text_read_unsigned(text, TIMESTAMP_MAX_NANOSECONDS, &minor))
        return false;
    value->minor = (uint32_t)minor;
    return true;
}

uint64_t list_cursor_hash(struct text scope)
{
    /* Known to everybody, and the same in every process. */
    static const unsigned char key[crypto_shorthash_KEYBYTES];
    uint64_t hash;

    static_assert(sizeof(hash) == crypto_shorthash_BYTES, "a hash is a number");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)scope.data,
                     scope.length, key);
    return hash;
}

static void append_base64url(struct buffer *out, struct text bytes)
{
    int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t size = sodium_base64_encoded_len(bytes.length, variant);

    if (!buffer_reserve(out, size))
        return;
    sodium_bin2base64(buffer_end(out), size, (const unsigned char *)bytes.data,
                      bytes.length, variant);
    out->length += size - 1; /* the NUL */
}

void list_cursor_write(struct text scope, enum table_field sort,
                       const struct table_bound *after, struct buffer *out)
{
    struct buffer lines = BUFFER_INIT;

    buffer_append_unsigned(&lines, list_cursor_hash(scope));
    buffer_append(&lines, TEXT("\n"));
    write_value(sort, &after->value, &lines);
    buffer_append(&lines, TEXT("\n"));
    buffer_append(&lines, after->id);
    if (buffer_failed(&lines))
        out->failed = true;
    else
        append_base64url(out, buffer_text(&lines));
    buffer_release(&lines);
}

/* Decode into `room`. False if it is not base64url. */
static bool read_base64url(struct text encoded, char *room, struct text *bytes)
{
    size_t length;

    if (sodium_base642bin((unsigned char *)room, encoded.length, encoded.data,
                          encoded.length, NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    *bytes = (struct text){room, length};
    return true;
}

enum list_cursor_result list_cursor_read(struct text cursor, struct text scope,
                                         enum table_field sort, char *room,
                                         struct table_bound *after)
{
    struct table_bound bound = {.set = true};
    struct text rest;
    uint64_t hash;

    if (!read_base64url(cursor, room, &rest))
        return LIST_CURSOR_INVALID;
    struct text written = text_split(&rest, '\n');
    struct text value = text_split(&rest, '\n');
    bound.id = rest;
    if (value.length == 0 || !message_is_text(rest, MESSAGE_MAX_CHANNEL) ||
        !text_read_unsigned(written, UINT64_MAX, &hash))
        return LIST_CURSOR_INVALID;
    if (hash != list_cursor_hash(scope))
        return LIST_CURSOR_OTHER_SCOPE;
    if (!read_value(sort, value, &bound.value))
        return LIST_CURSOR_INVALID;
    *after = bound;
    return LIST_CURSOR_OK;
}
