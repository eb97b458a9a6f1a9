/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array of the strings, in any order: the last one takes the place of one
 * that is freed. A hash index finds them.
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
    uint32_t rockets[INTERNED_ROLES]; /* 0 without references */
    char text[];
};

enum { MIN_CAPACITY = 4 };

void interned_set_init(struct interned_set *set, struct quota *quota,
                       const uint8_t key[16])
{
    memset(set, 0, sizeof(*set));
    set->quota = quota;
    memcpy(set->key, key, sizeof(set->key));
}

static size_t string_size(const struct interned *string)
{
    return sizeof(*string) + string->length;
}

static bool resize_strings(struct interned_set *set, uint32_t capacity)
{
    size_t size = sizeof(struct interned *);
    struct interned **strings = quota_resize(
        set->quota, set->strings, set->capacity * size, capacity * size);

    if (strings == NULL && capacity > 0)
        return false;
    set->strings = strings;
    set->capacity = capacity;
    return true;
}

void interned_set_release(struct interned_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        quota_resize(set->quota, set->strings[i], string_size(set->strings[i]),
                     0);
    set->count = 0;
    resize_strings(set, 0);
    hash_index_release(&set->index, set->quota);
}

struct text interned_text(const struct interned *string)
{
    if (string == NULL)
        return (struct text){NULL, 0};
    return (struct text){string->text, string->length};
}

void interned_move_rocket(struct interned *from, struct interned *to,
                          enum interned_role role)
{
    if (from != NULL)
        from->rockets[role]--;
    if (to != NULL)
        to->rockets[role]++;
}

uint32_t interned_rockets(const struct interned *string,
                          enum interned_role role)
{
    return string->rockets[role];
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

static bool has_text_at(const void *context, uint32_t place, struct text text)
{
    const struct interned_set *set = context;

    return text_equal(interned_text(set->strings[place - 1]), text);
}

static struct interned *find_string(const struct interned_set *set,
                                    struct text text, uint32_t hash)
{
    uint32_t place = hash_index_find(&set->index, hash, has_text_at, set, text);

    return place == 0 ? NULL : set->strings[place - 1];
}

/* Make room for one string more. False if memory is exhausted. */
static bool reserve_string(struct interned_set *set)
{
    if (!hash_index_reserve(&set->index, set->quota))
        return false;
    return set->count < set->capacity ||
           resize_strings(set, set->capacity == 0 ? MIN_CAPACITY
                                                  : 2 * set->capacity);
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
    if (!reserve_string(set))
        return NULL;
    string = make_string(set, text, hash);
    if (string != NULL) {
        set->strings[set->count++] = string;
        hash_index_add(&set->index, hash, set->count);
    }
    return string;
}

struct interned *interned_find(const struct interned_set *set, struct text text)
{
    return find_string(set, text, hash_text(set, text));
}

/* With the string, its pointer and its slot, of which half may be unused. */
size_t interned_growth(const struct interned_set *set, struct text text)
{
    if (interned_find(set, text) != NULL)
        return 0;
    return sizeof(struct interned) + text.length + QUOTA_OVERHEAD +
           2 * (sizeof(struct interned *) + sizeof(struct hash_slot));
}

void interned_prefetch_slot(const struct interned_set *set, struct text text,
                            struct interned_prefetch *prefetch)
{
    prefetch->hash = hash_text(set, text);
    hash_index_prefetch(&set->index, prefetch->hash);
}

void interned_prefetch_place(const struct interned_set *set,
                             struct interned_prefetch *prefetch)
{
    prefetch->place = hash_index_guess(&set->index, prefetch->hash);
    if (prefetch->place > 0)
        __builtin_prefetch(&set->strings[prefetch->place - 1]);
}

/* Strings may have been freed since the step before. */
void interned_prefetch_string(const struct interned_set *set,
                              const struct interned_prefetch *prefetch)
{
    if (prefetch->place > 0 && prefetch->place <= set->count)
        __builtin_prefetch(set->strings[prefetch->place - 1], 1);
}

void interned_drop(struct interned_set *set, struct interned *string)
{
    if (string == NULL || --string->references > 0)
        return;

    for (unsigned role = 0; role < INTERNED_ROLES; role++)
        assert(string->rockets[role] == 0);
    uint32_t place = hash_index_find(&set->index, string->hash, has_text_at,
                                     set, interned_text(string));
    struct interned *last = set->strings[set->count - 1];
    hash_index_remove(&set->index, set->quota, string->hash, place);
    if (last != string) {
        hash_index_move(&set->index, last->hash, set->count, place);
        set->strings[place - 1] = last;
    }
    quota_resize(set->quota, string, string_size(string), 0);
    set->count--;
    if (set->capacity > MIN_CAPACITY && set->count < set->capacity / 8)
        resize_strings(set, set->capacity / 2);
}
