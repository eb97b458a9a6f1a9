/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash set of reference-counted strings: open addressing with linear
 * probing. Removal shifts later strings back (Knuth, TAOCP 6.4, algorithm
 * R), so that no tombstones accumulate when millions of strings are added and
 * removed.
 */
#include "interned.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

struct interned {
    uint32_t references;
    uint32_t hash;
    uint32_t length;
    char text[];
};

enum { MIN_CAPACITY = 8 };

void interned_set_init(struct interned_set *set, struct quota *quota,
                       const uint8_t key[16])
{
    memset(set, 0, sizeof(*set));
    set->quota = quota;
    memcpy(set->key, key, sizeof(set->key));
}

static size_t slots_size(uint32_t capacity)
{
    return capacity * sizeof(struct interned *);
}

static size_t string_size(const struct interned *string)
{
    return sizeof(*string) + string->length;
}

void interned_set_release(struct interned_set *set)
{
    for (uint32_t i = 0; i < set->capacity; i++)
        if (set->slots[i] != NULL)
            quota_resize(set->quota, set->slots[i], string_size(set->slots[i]),
                         0);
    quota_resize(set->quota, set->slots, slots_size(set->capacity), 0);
    set->slots = NULL;
    set->capacity = set->count = 0;
}

struct text interned_text(const struct interned *string)
{
    if (string == NULL)
        return (struct text){NULL, 0};
    return (struct text){string->text, string->length};
}

static uint32_t hash_text(const struct interned_set *set, struct text text)
{
    static_assert(crypto_shorthash_KEYBYTES == sizeof(set->key),
                  "a SipHash key");
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t low;

    crypto_shorthash(hash, (const unsigned char *)text.data, text.length,
                     set->key);
    memcpy(&low, hash, sizeof(low));
    return low;
}

/*
 * The slot of the string with this text, or the free slot for it. The set
 * always has a free slot.
 */
static uint32_t probe_slot(const struct interned_set *set, struct text text,
                           uint32_t hash)
{
    uint32_t mask = set->capacity - 1;
    uint32_t i = hash & mask;

    while (set->slots[i] != NULL &&
           (set->slots[i]->hash != hash ||
            !text_equal(interned_text(set->slots[i]), text)))
        i = (i + 1) & mask;
    return i;
}

static struct interned *find_string(const struct interned_set *set,
                                    struct text text, uint32_t hash)
{
    if (set->capacity == 0)
        return NULL;
    return set->slots[probe_slot(set, text, hash)];
}

static bool resize_slots(struct interned_set *set, uint32_t capacity)
{
    size_t size = slots_size(capacity);
    struct interned **slots = quota_resize(set->quota, NULL, 0, size);
    if (slots == NULL)
        return false;
    memset(slots, 0, size);

    for (uint32_t i = 0; i < set->capacity; i++) {
        struct interned *string = set->slots[i];
        if (string == NULL)
            continue;
        uint32_t j = string->hash & (capacity - 1);
        while (slots[j] != NULL)
            j = (j + 1) & (capacity - 1);
        slots[j] = string;
    }
    quota_resize(set->quota, set->slots, slots_size(set->capacity), 0);
    set->slots = slots;
    set->capacity = capacity;
    return true;
}

/*
 * Grow the set, if needed, so that it is at most three quarters full with one
 * string more. False if memory is exhausted.
 */
static bool reserve_slot(struct interned_set *set)
{
    if (set->capacity == 0)
        return resize_slots(set, MIN_CAPACITY);
    if (set->count + 1 > set->capacity / 4 * 3)
        return resize_slots(set, set->capacity * 2);
    return true;
}

static struct interned *make_string(struct interned_set *set, struct text text,
                                    uint32_t hash)
{
    struct interned *string =
        quota_resize(set->quota, NULL, 0, sizeof(*string) + text.length);
    if (string == NULL)
        return NULL;
    *string = (struct interned){
        .references = 1, .hash = hash, .length = (uint32_t)text.length};
    memcpy(string->text, text.data, text.length);
    return string;
}

struct interned *interned_take(struct interned_set *set, struct text text)
{
    uint32_t hash = hash_text(set, text);
    struct interned *string = find_string(set, text, hash);

    if (string != NULL) {
        string->references++;
        return string;
    }
    if (!reserve_slot(set))
        return NULL;
    string = make_string(set, text, hash);
    if (string != NULL) {
        set->slots[probe_slot(set, text, hash)] = string;
        set->count++;
    }
    return string;
}

struct interned *interned_find(const struct interned_set *set, struct text text)
{
    return find_string(set, text, hash_text(set, text));
}

/* Free the slot `free`, and shift back strings that probing would miss. */
static void close_slot(struct interned_set *set, uint32_t free)
{
    uint32_t mask = set->capacity - 1;

    for (uint32_t i = (free + 1) & mask; set->slots[i] != NULL;
         i = (i + 1) & mask) {
        uint32_t home = set->slots[i]->hash & mask;
        if (((i - home) & mask) >= ((i - free) & mask)) {
            set->slots[free] = set->slots[i];
            free = i;
        }
    }
    set->slots[free] = NULL;
}

void interned_drop(struct interned_set *set, struct interned *string)
{
    if (string == NULL || --string->references > 0)
        return;

    close_slot(set, probe_slot(set, interned_text(string), string->hash));
    quota_resize(set->quota, string, string_size(string), 0);
    set->count--;
    /* If there is no memory for the smaller array, the set keeps its slots. */
    if (set->capacity > MIN_CAPACITY && set->count < set->capacity / 8)
        resize_slots(set, set->capacity / 2);
}
