/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open-addressing hash set of numbers beside an array of names, whose
 * bytes are packed into blocks that never move. Nothing is ever taken out.
 */
#include "string_ranks.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "key_sort.h"

enum {
    BLOCK_BYTES = 16 * 1024,
    MIN_NAMES = 16,
};

struct ranked_name {
    const char *data;
    uint32_t length, hash;
    uint32_t rank;   /* of this name */
    uint32_t number; /* of the name whose rank is the number of this one */
};

struct name_block {
    struct name_block *next;
    size_t used;
    char bytes[];
};

void string_ranks_init(struct string_ranks *ranks, struct quota *quota)
{
    static_assert(crypto_shorthash_KEYBYTES == sizeof(ranks->key),
                  "the key is SipHash's");
    *ranks = (struct string_ranks){.quota = quota};
    randombytes_buf(ranks->key, sizeof(ranks->key));
}

void string_ranks_release(struct string_ranks *ranks)
{
    quota_resize(ranks->quota, ranks->names,
                 ranks->capacity * sizeof(*ranks->names), 0);
    quota_resize(ranks->quota, ranks->slots,
                 ranks->slot_count * sizeof(*ranks->slots), 0);
    while (ranks->blocks != NULL) {
        struct name_block *next = ranks->blocks->next;
        quota_resize(ranks->quota, ranks->blocks, BLOCK_BYTES, 0);
        ranks->blocks = next;
    }
}

struct text string_ranks_text(const struct string_ranks *ranks, uint32_t number)
{
    const struct ranked_name *name = &ranks->names[number];

    return (struct text){name->data, name->length};
}

static uint32_t hash_of(const struct string_ranks *ranks, struct text name)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t low;

    crypto_shorthash(hash, (const unsigned char *)name.data, name.length,
                     ranks->key);
    memcpy(&low, hash, sizeof(low));
    return low;
}

/* The slot of the name, or the free one where it belongs. Never full. */
static uint32_t *slot_of(const struct string_ranks *ranks, struct text name,
                         uint32_t hash)
{
    uint32_t mask = ranks->slot_count - 1, i = hash & mask;

    while (ranks->slots[i] != 0 &&
           (ranks->names[ranks->slots[i] - 1].hash != hash ||
            !text_equal(string_ranks_text(ranks, ranks->slots[i] - 1), name)))
        i = (i + 1) & mask;
    return &ranks->slots[i];
}

/* All names into the slots again; none of them is there. */
static void fill_slots(struct string_ranks *ranks)
{
    uint32_t mask = ranks->slot_count - 1;

    memset(ranks->slots, 0, ranks->slot_count * sizeof(*ranks->slots));
    for (uint32_t number = 0; number < ranks->count; number++) {
        uint32_t i = ranks->names[number].hash & mask;
        while (ranks->slots[i] != 0)
            i = (i + 1) & mask;
        ranks->slots[i] = number + 1;
    }
}

static bool reserve_name(struct string_ranks *ranks)
{
    struct quota *quota = ranks->quota;

    if (ranks->count < ranks->capacity)
        return true;
    uint32_t capacity = ranks->count == 0 ? MIN_NAMES : 2 * ranks->count;
    struct ranked_name *names =
        quota_resize(quota, ranks->names, ranks->capacity * sizeof(*names),
                     capacity * sizeof(*names));
    if (names == NULL)
        return false;
    ranks->names = names;
    ranks->capacity = capacity;
    return true;
}

/* At most half of the slots are in use. */
static bool reserve_slot(struct string_ranks *ranks)
{
    if (ranks->count < ranks->slot_count / 2)
        return true;
    uint32_t count =
        ranks->slot_count == 0 ? 2 * MIN_NAMES : 2 * ranks->slot_count;
    uint32_t *slots = quota_resize(ranks->quota, ranks->slots,
                                   ranks->slot_count * sizeof(*slots),
                                   count * sizeof(*slots));
    if (slots == NULL)
        return false;
    ranks->slots = slots;
    ranks->slot_count = count;
    fill_slots(ranks);
    return true;
}

/* A copy of the name in the blocks; NULL where memory ends. */
static const char *store(struct string_ranks *ranks, struct text name)
{
    struct name_block *block = ranks->blocks;

    if (block == NULL ||
        BLOCK_BYTES - sizeof(*block) - block->used < name.length) {
        block = quota_resize(ranks->quota, NULL, 0, BLOCK_BYTES);
        if (block == NULL)
            return NULL;
        *block = (struct name_block){.next = ranks->blocks};
        ranks->blocks = block;
    }
    char *stored = block->bytes + block->used;
    memcpy(stored, name.data, name.length);
    block->used += name.length;
    return stored;
}

bool string_ranks_add(struct string_ranks *ranks, struct text name,
                      uint32_t *number)
{
    uint32_t hash = hash_of(ranks, name);

    if (!reserve_slot(ranks))
        return false;
    uint32_t *slot = slot_of(ranks, name, hash);
    if (*slot == 0) {
        const char *data = reserve_name(ranks) ? store(ranks, name) : NULL;
        if (data == NULL)
            return false;
        ranks->names[ranks->count++] =
            (struct ranked_name){data, (uint32_t)name.length, hash, 0, 0};
        *slot = ranks->count;
    }
    *number = *slot - 1;
    return true;
}

static struct text text_of_name(const void *item)
{
    const struct ranked_name *name = item;

    return (struct text){name->data, name->length};
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
        keys[i].item = &ranks->names[i];
    key_sort_by_text(keys, ranks->count, text_of_name, false);
    for (uint32_t rank = 0; rank < ranks->count; rank++) {
        const struct ranked_name *name = keys[rank].item;
        uint32_t number = (uint32_t)(name - ranks->names);
        ranks->names[number].rank = rank;
        ranks->names[rank].number = number;
    }
    ranks->sorted = ranks->count;
    quota_resize(ranks->quota, keys, size, 0);
    return true;
}

uint32_t string_ranks_rank(const struct string_ranks *ranks, uint32_t number)
{
    return ranks->names[number].rank;
}

uint32_t string_ranks_number(const struct string_ranks *ranks, uint32_t rank)
{
    return ranks->names[rank].number;
}
