/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash set of counted strings: open addressing with linear probing, and
 * removal by shifting back (Knuth, TAOCP 6.4, algorithm R), so there are no
 * tombstones to clean up when names come and go by the million.
 */
#include "interned.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

struct name {
    uint32_t count;
    uint32_t hash;
    uint32_t length;
    char text[];
};

enum { MIN_CAPACITY = 8 };

void names_init(struct names *names, struct quota *quota, const uint8_t key[16])
{
    memset(names, 0, sizeof(*names));
    names->quota = quota;
    memcpy(names->key, key, sizeof(names->key));
}

static size_t slots_size(uint32_t capacity)
{
    return capacity * sizeof(struct name *);
}

static size_t name_size(const struct name *name)
{
    return sizeof(*name) + name->length;
}

void names_release(struct names *names)
{
    for (uint32_t i = 0; i < names->capacity; i++)
        if (names->slots[i] != NULL)
            quota_resize(names->quota, names->slots[i],
                         name_size(names->slots[i]), 0);
    quota_resize(names->quota, names->slots, slots_size(names->capacity), 0);
    names->slots = NULL;
    names->capacity = names->count = 0;
}

struct text name_text(const struct name *name)
{
    if (name == NULL)
        return (struct text){NULL, 0};
    return (struct text){name->text, name->length};
}

static uint32_t hash_of(const struct names *names, struct text text)
{
    static_assert(crypto_shorthash_KEYBYTES == sizeof(names->key),
                  "the key is SipHash's");
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t low;

    crypto_shorthash(hash, (const unsigned char *)text.data, text.length,
                     names->key);
    memcpy(&low, hash, sizeof(low));
    return low;
}

/* The slot of the name, or the free one where it would go. Never full. */
static uint32_t slot_of(const struct names *names, struct text text,
                        uint32_t hash)
{
    uint32_t mask = names->capacity - 1;
    uint32_t i = hash & mask;

    while (names->slots[i] != NULL &&
           (names->slots[i]->hash != hash ||
            !text_equal(name_text(names->slots[i]), text)))
        i = (i + 1) & mask;
    return i;
}

static struct name *find(const struct names *names, struct text text,
                         uint32_t hash)
{
    if (names->capacity == 0)
        return NULL;
    return names->slots[slot_of(names, text, hash)];
}

static bool resize_slots(struct names *names, uint32_t capacity)
{
    size_t size = slots_size(capacity);
    struct name **slots = quota_resize(names->quota, NULL, 0, size);
    if (slots == NULL)
        return false;
    memset(slots, 0, size);

    for (uint32_t i = 0; i < names->capacity; i++) {
        struct name *name = names->slots[i];
        if (name == NULL)
            continue;
        uint32_t j = name->hash & (capacity - 1);
        while (slots[j] != NULL)
            j = (j + 1) & (capacity - 1);
        slots[j] = name;
    }
    quota_resize(names->quota, names->slots, slots_size(names->capacity), 0);
    names->slots = slots;
    names->capacity = capacity;
    return true;
}

/* At most three quarters full after one name more. */
static bool reserve_slot(struct names *names)
{
    if (names->capacity == 0)
        return resize_slots(names, MIN_CAPACITY);
    if (names->count + 1 > names->capacity / 4 * 3)
        return resize_slots(names, names->capacity * 2);
    return true;
}

static struct name *make_name(struct names *names, struct text text,
                              uint32_t hash)
{
    struct name *name =
        quota_resize(names->quota, NULL, 0, sizeof(*name) + text.length);
    if (name == NULL)
        return NULL;
    *name = (struct name){
        .count = 1, .hash = hash, .length = (uint32_t)text.length};
    memcpy(name->text, text.data, text.length);
    return name;
}

struct name *names_take(struct names *names, struct text text)
{
    uint32_t hash = hash_of(names, text);
    struct name *name = find(names, text, hash);

    if (name != NULL) {
        name->count++;
        return name;
    }
    if (!reserve_slot(names))
        return NULL;
    name = make_name(names, text, hash);
    if (name != NULL) {
        names->slots[slot_of(names, text, hash)] = name;
        names->count++;
    }
    return name;
}

struct name *names_find(const struct names *names, struct text text)
{
    return find(names, text, hash_of(names, text));
}

/* Empty slot `free` and move back what probing would no longer reach. */
static void close_slot(struct names *names, uint32_t free)
{
    uint32_t mask = names->capacity - 1;

    for (uint32_t i = (free + 1) & mask; names->slots[i] != NULL;
         i = (i + 1) & mask) {
        uint32_t home = names->slots[i]->hash & mask;
        if (((i - home) & mask) >= ((i - free) & mask)) {
            names->slots[free] = names->slots[i];
            free = i;
        }
    }
    names->slots[free] = NULL;
}

void names_drop(struct names *names, struct name *name)
{
    if (name == NULL || --name->count > 0)
        return;

    close_slot(names, slot_of(names, name_text(name), name->hash));
    quota_resize(names->quota, name, name_size(name), 0);
    names->count--;
    /* Where there is no memory for a smaller set, the larger one does. */
    if (names->capacity > MIN_CAPACITY && names->count < names->capacity / 8)
        resize_slots(names, names->capacity / 2);
}
