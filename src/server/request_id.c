/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random ids are not secret, but must not repeat: 128 bits.
 */
#include "request_id.h"

#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

enum { RANDOM_BYTES = 16 };

void request_id_clear(struct request_id *id)
{
    id->text[0] = '\0';
}

void request_id_set(struct request_id *id, struct text sent)
{
    assert(sent.length < sizeof(id->text));
    if (sent.length > 0)
        memcpy(id->text, sent.data, sent.length);
    id->text[sent.length] = '\0';
}

void request_id_make(struct request_id *id)
{
    unsigned char bytes[RANDOM_BYTES];

    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(id->text, sizeof(id->text), bytes, sizeof(bytes));
}

const char *request_id_get(const struct request_id *id)
{
    return id->text[0] == '\0' ? NULL : id->text;
}
