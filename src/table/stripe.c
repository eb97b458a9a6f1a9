/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets are in chunks that never move, in the order of their arrival; a hash
 * index finds them. Ids are packed into blocks. The columns hold the sort keys
 * and are updated with each change, under the same lock.
 */
#include "stripe.h"

#include <assert.h>
#include <string.h>

#include "abbreviation.h"
#include "stripe_parts.h"

enum { ID_BLOCK_BYTES = 1024 };

#define CHUNK_BYTES (STRIPE_CHUNK * sizeof(struct table_entry))

void stripe_init(struct stripe *stripe, uint32_t number, struct quota *quota,
                 const uint8_t key[16])
{
    memset(stripe, 0, sizeof(*stripe));
    stripe->number = number;
    stripe->quota = quota;
    interned_set_init(&stripe->strings, quota, key);
}

struct table_entry *stripe_at(const struct stripe *stripe, uint32_t index)
{
    struct table_entry *chunk = stripe->entries.pieces[index / STRIPE_CHUNK];

    return &chunk[index % STRIPE_CHUNK];
}

const struct columns *stripe_columns(const struct stripe *stripe,
                                     uint32_t block)
{
    return stripe->columns.pieces[block];
}

static void release_pieces(struct stripe_pieces *pieces, size_t size,
                           struct quota *quota)
{
    for (uint32_t i = 0; i < pieces->count; i++)
        quota_resize(quota, pieces->pieces[i], size, 0);
    quota_resize(quota, pieces->pieces,
                 pieces->capacity * sizeof(*pieces->pieces), 0);
}

void stripe_release(struct stripe *stripe)
{
    struct quota *quota = stripe->quota;

    for (uint32_t i = 0; i < stripe->count; i++)
        rocket_release(&stripe_at(stripe, i)->rocket, quota);
    release_pieces(&stripe->entries, CHUNK_BYTES, quota);
    release_pieces(&stripe->columns, sizeof(struct columns), quota);
    while (stripe->ids != NULL) {
        struct stripe_ids *next = stripe->ids->next;
        quota_resize(quota, stripe->ids, ID_BLOCK_BYTES, 0);
        stripe->ids = next;
    }
    hash_index_release(&stripe->index, quota);
    interned_set_release(&stripe->strings);
    stripe_changes_release(&stripe->changes);
}

static bool has_id_at(const void *stripe, uint32_t place, struct text id)
{
    const unsigned char *stored = stripe_at(stripe, place - 1)->id;

    return stored[0] == id.length &&
           memcmp(stored + 1, id.data, id.length) == 0;
}

uint32_t stripe_find_place(const struct stripe *stripe, uint32_t tag,
                           struct text id)
{
    return hash_index_find(&stripe->index, tag, has_id_at, stripe, id);
}

struct table_entry *stripe_find(const struct stripe *stripe, uint32_t tag,
                                struct text id)
{
    uint32_t place = stripe_find_place(stripe, tag, id);

    return place == 0 ? NULL : stripe_at(stripe, place - 1);
}

/*
 * Make sure that there are `wanted` pieces of `size` bytes, of which at most
 * one is missing. False if memory is exhausted.
 */
static bool reserve_piece(struct stripe_pieces *pieces, uint32_t wanted,
                          size_t size, struct quota *quota)
{
    if (wanted <= pieces->count)
        return true;

    if (pieces->count == pieces->capacity) {
        size_t old = pieces->capacity, capacity = old == 0 ? 1 : 2 * old;
        void **grown =
            quota_resize(quota, pieces->pieces, old * sizeof(*pieces->pieces),
                         capacity * sizeof(*pieces->pieces));
        if (grown == NULL)
            return false;
        pieces->pieces = grown;
        pieces->capacity = (uint32_t)capacity;
    }

    void *piece = quota_resize(quota, NULL, 0, size);
    if (piece == NULL)
        return false;
    memset(piece, 0, size);
    pieces->pieces[pieces->count++] = piece;
    return true;
}

/* Reserve an entry and columns for one more rocket. */
static bool reserve_rocket(struct stripe *stripe)
{
    return reserve_piece(&stripe->entries, stripe->count / STRIPE_CHUNK + 1,
                         CHUNK_BYTES, stripe->quota) &&
           reserve_piece(&stripe->columns, stripe->count / COLUMNS_ROCKETS + 1,
                         sizeof(struct columns), stripe->quota);
}

static bool reserve_id(struct stripe *stripe, size_t length)
{
    size_t room = ID_BLOCK_BYTES - sizeof(struct stripe_ids);

    if (stripe->ids != NULL && room - stripe->ids->used >= 1 + length)
        return true;
    struct stripe_ids *block =
        quota_resize(stripe->quota, NULL, 0, ID_BLOCK_BYTES);
    if (block == NULL)
        return false;
    *block = (struct stripe_ids){.next = stripe->ids};
    stripe->ids = block;
    return true;
}

static const unsigned char *store_id(struct stripe *stripe, struct text id)
{
    unsigned char *stored = &stripe->ids->bytes[stripe->ids->used];
    stored[0] = (unsigned char)id.length;
    memcpy(stored + 1, id.data, id.length);
    stripe->ids->used += (uint32_t)(1 + id.length);
    return stored;
}

/*
 * What a rocket takes of the pieces. Of the slots half may be unused; pointers
 * to pieces and QUOTA_OVERHEAD are some bytes a rocket.
 */
static size_t rocket_share(struct text id)
{
    return sizeof(struct table_entry) +
           sizeof(struct columns) / COLUMNS_ROCKETS + 1 + id.length +
           2 * sizeof(struct hash_slot) + sizeof(void *);
}

static size_t string_growth(const struct stripe *stripe, struct text text)
{
    return text.data == NULL ? 0 : interned_growth(&stripe->strings, text);
}

enum message_outcome stripe_check(const struct stripe *stripe, uint32_t tag,
                                  const struct message *message, size_t *growth)
{
    const struct table_entry *entry =
        stripe_find(stripe, tag, message->channel);
    size_t bytes;

    if (entry == NULL) {
        bytes = rocket_share(message->channel);
    } else {
        enum message_outcome outcome =
            rocket_check(&entry->rocket, message->number);
        if (outcome != MESSAGE_APPLIED)
            return outcome;
        bytes = rocket_growth(&entry->rocket, message->number);
    }
    *growth = bytes + string_growth(stripe, message->rocket_type) +
              string_growth(stripe, message->mission) +
              string_growth(stripe, message->reason);
    return MESSAGE_APPLIED;
}

/*
 * Memory for all parts is reserved first, so a failure changes no state; the
 * next new rocket uses what was reserved until then.
 */
uint32_t stripe_add(struct stripe *stripe, uint32_t tag, struct text id,
                    const struct timestamp *reference)
{
    if (stripe->count == 0)
        stripe->reference = reference->seconds;
    if (!hash_index_reserve(&stripe->index, stripe->quota) ||
        !reserve_rocket(stripe) || !reserve_id(stripe, id.length))
        return 0;

    uint32_t index = stripe->count++;
    stripe->unlaunched++;
    struct table_entry *entry = stripe_at(stripe, index);
    rocket_init(&entry->rocket);
    table_entry_init(entry, stripe->number, store_id(stripe, id));
    struct columns *columns = stripe->columns.pieces[index / COLUMNS_ROCKETS];
    columns->keys[COLUMN_ID][index % COLUMNS_ROCKETS] =
        abbreviation_of_text(id);
    columns->keys[COLUMN_CREATED][index % COLUMNS_ROCKETS] =
        ABBREVIATION_UNKNOWN;
    hash_index_add(&stripe->index, tag, index + 1);
    return index + 1;
}

/*
 * Count the missing messages of `rocket`, after their number has grown by
 * `growth`, modulo 2^64 and not 0. Only the first one that is missing, and the
 * last one that arrives, change what the columns show in `lane`.
 */
static void count_missing(struct stripe *stripe, struct columns *columns,
                          uint32_t lane, const struct rocket *rocket,
                          uint64_t growth)
{
    uint64_t missing = rocket_missing(rocket), before = missing - growth;

    stripe->missing += growth;
    if (missing != 0 && before != 0)
        return;
    columns->incomplete ^= UINT64_C(1) << lane;
    stripe->incomplete += missing == 0 ? UINT32_MAX : 1;
}

/* Values that cannot have changed are not written. */
void stripe_update_columns(struct stripe *stripe, uint32_t place, bool launched,
                           bool was_exploded, uint64_t missing_growth)
{
    static_assert(COLUMN_COUNT == 5,
                  "write a new column here or in stripe_add()");
    uint32_t index = place - 1, lane = index % COLUMNS_ROCKETS;
    struct columns *columns = stripe->columns.pieces[index / COLUMNS_ROCKETS];
    const struct rocket *rocket = &stripe_at(stripe, index)->rocket;
    const struct effect *state = rocket_state(rocket);

    columns->keys[COLUMN_SPEED][lane] = abbreviation_of_integer(state->speed);
    columns->keys[COLUMN_UPDATED][lane] =
        abbreviation_of_time(&rocket->updated, stripe->reference);
    columns->keys[COLUMN_LAST_NUMBER][lane] =
        abbreviation_of_number(rocket_last_number(rocket));
    if (launched) {
        uint32_t *created = &columns->keys[COLUMN_CREATED][lane];
        if (*created == ABBREVIATION_UNKNOWN)
            stripe->unlaunched--;
        *created = abbreviation_of_time(&state->created, stripe->reference);
    }
    if ((state->reason != NULL) != was_exploded) {
        columns->exploded ^= UINT64_C(1) << lane;
        stripe->exploded += was_exploded ? UINT32_MAX : 1;
    }
    if (missing_growth != 0)
        count_missing(stripe, columns, lane, rocket, missing_growth);
}
