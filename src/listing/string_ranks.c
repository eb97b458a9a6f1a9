/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array of the strings by number, and a hash index of it. The strings' bytes
 * are packed into blocks that never move. No string is removed before the
 * release.
 */
#include "string_ranks.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "key_sort.h"

enum {
    BLOCK_BYTES = 16 * 1024,
    MIN_STRINGS = 16,
};

struct ranked_string {
    const char *data;
    uint32_t length;
    uint32_t rank;   /* of this string */
    uint32_t number; /* strings[rank].number: of the string with that rank */
};

struct string_block {
    struct string_block *next;
    size_t used;
    char bytes[];
};

void string_ranks_init(struct string_ranks *ranks, struct quota *quota)
{
    static_assert(crypto_shorthash_KEYBYTES == sizeof(ranks->key),
                  "a SipHash key");
    *ranks = (struct string_ranks){.quota = quota};
    randombytes_buf(ranks->key, sizeof(ranks->key));
}

void string_ranks_release(struct string_ranks *ranks)
{
    quota_resize(ranks->quota, ranks->strings,
                 ranks->capacity * sizeof(*ranks->strings), 0);
    hash_index_release(&ranks->index, ranks->quota);
    while (ranks->blocks != NULL) {
        struct string_block *next = ranks->blocks->next;
        quota_resize(ranks->quota, ranks->blocks, BLOCK_BYTES, 0);
        ranks->blocks = next;
    }
}

struct text string_ranks_text(const struct string_ranks *ranks, uint32_t number)
{
    const struct ranked_string *string = &ranks->strings[number];

    return (struct text){string->data, string->length};
}

static uint32_t hash_string(const struct string_ranks *ranks,
                            struct text string)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t low;

    crypto_shorthash(hash, (const unsigned char *)string.data, string.length,
                     ranks->key);
    memcpy(&low, hash, sizeof(low));
    return low;
}

static bool has_text_at(const void *ranks, uint32_t place, struct text string)
{
    return text_equal(string_ranks_text(ranks, place - 1), string);
}

static bool reserve_string(struct string_ranks *ranks)
{
    struct quota *quota = ranks->quota;

    if (ranks->count < ranks->capacity)
        return true;
    uint32_t capacity = ranks->count == 0 ? MIN_STRINGS : 2 * ranks->count;
    struct ranked_string *strings =
        quota_resize(quota, ranks->strings, ranks->capacity * sizeof(*strings),
                     capacity * sizeof(*strings));
    if (strings == NULL)
        return false;
    ranks->strings = strings;
    ranks->capacity = capacity;
    return true;
}

/* Copy the string into the blocks. NULL if memory is exhausted. */
static const char *store_string(struct string_ranks *ranks, struct text string)
{
    struct string_block *block = ranks->blocks;

    if (block == NULL ||
        BLOCK_BYTES - sizeof(*block) - block->used < string.length) {
        block = quota_resize(ranks->quota, NULL, 0, BLOCK_BYTES);
        if (block == NULL)
            return NULL;
        *block = (struct string_block){.next = ranks->blocks};
        ranks->blocks = block;
    }
    char *stored = block->bytes + block->used;
    memcpy(stored, string.data, string.length);
    block->used += string.length;
    return stored;
}

bool string_ranks_add(struct string_ranks *ranks, struct text string,
                      uint32_t *number)
{
    uint32_t hash = hash_string(ranks, string);
    uint32_t place =
        hash_index_find(&ranks->index, hash, has_text_at, ranks, string);

    if (place == 0) {
        if (!hash_index_reserve(&ranks->index, ranks->quota) ||
            !reserve_string(ranks))
            return false;
        const char *data = store_string(ranks, string);
        if (data == NULL)
            return false;
        ranks->strings[ranks->count++] =
            (struct ranked_string){data, (uint32_t)string.length, 0, 0};
        place = ranks->count;
        hash_index_add(&ranks->index, hash, place);
    }
    *number = place - 1;
    return true;
}

static struct text string_text(const void *item)
{
    const struct ranked_string *string = item;

    return (struct text){string->data, string->length};
}

bool string_ranks_sort(struct string_ranks *ranks)
{
    size_t size = ranks->count * sizeof(struct sort_key);

    if (ranks->sorted == ranks->count)
        return true;
    struct sort_key *keys = quota_resize(ranks->quota, NULL, 0, size);
    if (keys == NULL)
        return false;
    for (uint32_t i = 0; i < ranks->count; i++)
        keys[i].item = &ranks->strings[i];
    key_sort_by_text(keys, ranks->count, string_text, false);
    for (uint32_t rank = 0; rank < ranks->count; rank++) {
        const struct ranked_string *string = keys[rank].item;
        uint32_t number = (uint32_t)(string - ranks->strings);
        ranks->strings[number].rank = rank;
        ranks->strings[rank].number = number;
    }
    ranks->sorted = ranks->count;
    quota_resize(ranks->quota, keys, size, 0);
    return true;
}

uint32_t string_ranks_rank(const struct string_ranks *ranks, uint32_t number)
{
    return ranks->strings[number].rank;
}

uint32_t string_ranks_number(const struct string_ranks *ranks, uint32_t rank)
{
    return ranks->strings[rank].number;
}
