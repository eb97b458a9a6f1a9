/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps to a rocket and to the strings of a message.
 */
#include "prefetch.h"

#include <assert.h>

enum { CACHE_LINE = 64 };

static void add_string(struct prefetch *prefetch, const struct stripe *stripe,
                       struct text text)
{
    if (text.data == NULL)
        return;
    assert(prefetch->string_count < PREFETCH_STRINGS);
    interned_prefetch_slot(&stripe->strings, text,
                           &prefetch->strings[prefetch->string_count++]);
}

static void fetch_slots(struct prefetch *prefetch, const struct stripe *stripe)
{
    const struct message *message = prefetch->message;

    hash_index_prefetch(&stripe->index, prefetch->tag);
    add_string(prefetch, stripe, message->rocket_type);
    add_string(prefetch, stripe, message->mission);
    add_string(prefetch, stripe, message->reason);
}

/* A new rocket will be behind the last one. */
static void fetch_pieces(struct prefetch *prefetch, const struct stripe *stripe)
{
    uint32_t place = hash_index_guess(&stripe->index, prefetch->tag);

    if (place == 0) {
        place = stripe->count + 1;
        __builtin_prefetch(stripe->ids);
    }
    prefetch->place = place;
    /* An empty stripe has none, and NULL no members, not even the first. */
    if (stripe->count > 0) {
        __builtin_prefetch(&stripe->entries.pieces[(place - 1) / STRIPE_CHUNK]);
        if (prefetch->changes)
            __builtin_prefetch(
                &stripe->columns.pieces[(place - 1) / COLUMNS_ROCKETS]);
    }
    for (unsigned i = 0; i < prefetch->string_count; i++)
        interned_prefetch_place(&stripe->strings, &prefetch->strings[i]);
}

static void fetch_columns(const struct columns *columns, uint32_t lane,
                          bool is_new)
{
    enum column written = is_new ? COLUMN_COUNT : COLUMN_CREATED;

    for (enum column column = 0; column < written; column++)
        __builtin_prefetch(&columns->keys[column][lane], 1);
}

static void fetch_rocket(struct prefetch *prefetch, const struct stripe *stripe)
{
    uint32_t index = prefetch->place - 1;
    bool is_new = index >= stripe->count;

    if (index / STRIPE_CHUNK < stripe->entries.count) {
        const struct table_entry *entry = stripe_at(stripe, index);
        prefetch_memory(entry, sizeof(*entry));
        prefetch->entry = is_new ? NULL : entry;
    }
    if (prefetch->changes && index / COLUMNS_ROCKETS < stripe->columns.count)
        fetch_columns(stripe_columns(stripe, index / COLUMNS_ROCKETS),
                      index % COLUMNS_ROCKETS, is_new);
    if (is_new && stripe->ids != NULL)
        __builtin_prefetch(&stripe->ids->bytes[stripe->ids->used], 1);
    for (unsigned i = 0; i < prefetch->string_count; i++)
        interned_prefetch_string(&stripe->strings, &prefetch->strings[i]);
}

void prefetch_init(struct prefetch *prefetch, uint32_t tag,
                   const struct message *message)
{
    prefetch->message = message;
    prefetch->tag = tag;
    prefetch->changes = true;
    prefetch->entry = NULL;
    prefetch->string_count = 0;
}

void prefetch_memory(const void *memory, size_t size)
{
    const char *bytes = memory;

    for (size_t i = 0; i < size; i += CACHE_LINE)
        __builtin_prefetch(&bytes[i], 1);
    __builtin_prefetch(&bytes[size - 1], 1);
}

void prefetch_step(struct prefetch *prefetch, const struct stripe *stripe,
                   unsigned step)
{
    static_assert(PREFETCH_STEPS == 3, "run each step here");
    switch (step) {
    case 0:
        fetch_slots(prefetch, stripe);
        break;
    case 1:
        fetch_pieces(prefetch, stripe);
        break;
    case 2:
        fetch_rocket(prefetch, stripe);
        break;
    default:
        assert(false);
    }
}

void prefetch_id(const struct prefetch *prefetch)
{
    if (prefetch->entry == NULL)
        return;
    const unsigned char *id = prefetch->entry->id;
    __builtin_prefetch(id);
    __builtin_prefetch(id + prefetch->message->channel.length);
}
