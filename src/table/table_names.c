/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts rockets by name in two passes over the interned strings, each of which
 * knows how many rockets of its stripe have it. The first pass adds these up
 * over all stripes, by hashes of the names, so that it copies none. The second
 * one knows the sum of each name that it comes to, and keeps the first
 * TABLE_TOP names with their texts.
 *
 * The order is complete: by rockets, and then by the bytes of the name. And the
 * second pass offers every name. So of names that have as many rockets as the
 * last one of the list, those whose bytes come first are in the list.
 */
#include <assert.h>
#include <string.h>

#include "base/sync.h"
#include "name_counts.h"
#include "table/table_fleet.h"
#include "table_parts.h"

enum {
    STEP = 256, /* strings, under one lock */
    AHEAD = 8,  /* strings are fetched, as each is a cache miss */
};

struct name_count {
    enum interned_role role;
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct name_counts counts;
    struct table_names *names;
};

static const struct interned *string_at(const struct interned_set *strings,
                                        uint32_t index)
{
    if (index + AHEAD < strings->count)
        __builtin_prefetch(strings->strings[index + AHEAD]);
    return strings->strings[index];
}

static uint64_t hash_name(const struct name_count *count,
                          const struct interned *string)
{
    struct text text = interned_text(string);
    uint64_t hash;

    static_assert(crypto_shorthash_BYTES == sizeof(hash), "SipHash-2-4");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text.data,
                     text.length, count->key);
    return hash;
}

/* The end of the step that begins at the string `first`. */
static uint32_t step_end(const struct interned_set *strings, uint32_t first)
{
    return strings->count < first + STEP ? strings->count : first + STEP;
}

/*
 * Count the names of the strings from `*next` to the end of the step. Returns
 * how many rockets have them.
 */
static uint64_t count_step(struct name_count *count,
                           const struct interned_set *strings, uint32_t *next)
{
    uint32_t end = step_end(strings, *next);
    uint64_t named = 0;

    for (; *next < end; ++*next) {
        const struct interned *string = string_at(strings, *next);
        uint32_t rockets = interned_rockets(string, count->role);
        if (rockets == 0)
            continue;
        name_counts_add(&count->counts, hash_name(count, string), rockets);
        named += rockets;
    }
    return named;
}

/*
 * The first pass, of one stripe. If strings are freed between two steps, others
 * take their places, and may be missed. False if memory is exhausted.
 */
static bool count_stripe(struct name_count *count, struct locked_stripe *locked)
{
    const struct interned_set *strings = &locked->stripe.strings;
    uint64_t rockets, named = 0;
    uint32_t next = 0;
    bool more;

    do {
        if (!name_counts_reserve(&count->counts, STEP))
            return false;
        sync_read_lock(&locked->lock);
        rockets = locked->stripe.count;
        named += count_step(count, strings, &next);
        more = next < strings->count;
        sync_rwlock_unlock(&locked->lock);
    } while (more);
    count->names->other_rockets += named;
    count->names->unknown += rockets > named ? rockets - named : 0;
    return true;
}

static bool comes_before(const struct table_name *a, const struct table_name *b)
{
    if (a->rockets != b->rockets)
        return a->rockets > b->rockets;
    return text_compare(a->name, b->name) < 0;
}

/* Insert a name that is not in the list, if it is among the first TABLE_TOP. */
static void offer_name(struct table_names *names, struct table_name name)
{
    size_t place = names->count;
    size_t room = place * MESSAGE_MAX_NAME; /* in `bytes` */

    if (place < TABLE_TOP) {
        names->count++;
    } else {
        place--;
        if (!comes_before(&name, &names->names[place]))
            return;
        room = (size_t)(names->names[place].name.data - names->bytes);
    }
    for (; place > 0 && comes_before(&name, &names->names[place - 1]); place--)
        names->names[place] = names->names[place - 1];
    memcpy(&names->bytes[room], name.name.data, name.name.length);
    name.name.data = &names->bytes[room];
    names->names[place] = name;
}

/*
 * The second pass, of one stripe. A name is offered when it is found first. It
 * has the sum that the first pass gave it, whatever has happened since.
 */
static void rank_stripe(struct name_count *count, struct locked_stripe *locked)
{
    const struct interned_set *strings = &locked->stripe.strings;
    uint32_t next = 0;
    bool more;

    do {
        sync_read_lock(&locked->lock);
        for (uint32_t end = step_end(strings, next); next < end; next++) {
            const struct interned *string = string_at(strings, next);
            if (interned_rockets(string, count->role) == 0)
                continue;
            uint64_t rockets =
                name_counts_take(&count->counts, hash_name(count, string));
            if (rockets > 0)
                offer_name(count->names,
                           (struct table_name){interned_text(string), rockets});
        }
        more = next < strings->count;
        sync_rwlock_unlock(&locked->lock);
    } while (more);
}

/* Until now `other_rockets` has all rockets with a name. */
static void count_others(const struct name_count *count)
{
    struct table_names *names = count->names;

    names->other_names = count->counts.names - names->count;
    for (size_t i = 0; i < names->count; i++)
        names->other_rockets -= names->names[i].rockets;
}

bool table_count_names(struct table *table, enum table_field field,
                       struct table_names *names)
{
    struct name_count count = {.role = INTERNED_TYPE, .names = names};
    bool counted = true;

    assert(field == TABLE_TYPE || field == TABLE_MISSION);
    if (field == TABLE_MISSION)
        count.role = INTERNED_MISSION;
    randombytes_buf(count.key, sizeof(count.key));
    names->count = 0;
    names->other_names = names->other_rockets = names->unknown = 0;
    for (uint32_t i = 0; counted && i < TABLE_STRIPES; i++)
        if (atomic_load(&table->sizes[i]) > 0)
            counted = count_stripe(&count, &table->stripes[i]);
    for (uint32_t i = 0; counted && i < TABLE_STRIPES; i++)
        if (atomic_load(&table->sizes[i]) > 0)
            rank_stripe(&count, &table->stripes[i]);
    count_others(&count);
    name_counts_release(&count.counts);
    return counted;
}
