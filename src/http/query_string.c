/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries, one pair at a time. Each pair is decoded into a buffer of fixed
 * size, so parsing needs no allocation and does not change the target.
 */
#include "http/query_string.h"

#include <stddef.h>
#include <string.h>

#include "http/target.h"

void query_init(struct query *query, struct text raw)
{
    query->rest = raw;
}

/* Decode `raw` into `out`, which has room for `raw.length` bytes. */
static bool decode_part(struct text raw, char *out, struct text *decoded)
{
    if (raw.length > 0)
        memcpy(out, raw.data, raw.length);
    ptrdiff_t length = http_percent_decode(out, raw.length, true);
    if (length < 0)
        return false;
    *decoded = (struct text){out, (size_t)length};
    return true;
}

enum query_result query_next(struct query *query, struct query_pair *pair)
{
    struct text value = {NULL, 0};
    while (value.length == 0) {
        if (query->rest.data == NULL)
            return QUERY_END;
        value = text_split(&query->rest, '&');
    }
    if (value.length > sizeof(query->decoded))
        return QUERY_INVALID;

    /* Split first: an encoded "=" is part of the name or value. */
    struct query_pair decoded;
    struct text name = text_split(&value, '=');
    if (!decode_part(name, query->decoded, &decoded.name) ||
        !decode_part(value, query->decoded + name.length, &decoded.value))
        return QUERY_INVALID;
    *pair = decoded;
    return QUERY_PAIR;
}
