/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets lie in chunks that never move, in the order in which they came,
 * and are found through an open-addressing hash table of eight-byte slots.
 * Growing rehashes the slots and copies no rocket. Ids are packed into
 * blocks beside them.
 */
#include "stripe.h"

#include <string.h>

enum {
    CHUNK_ROCKETS = 16,
    ID_BLOCK_BYTES = 1024,
    MIN_SLOTS = 8,
};

#define CHUNK_BYTES (CHUNK_ROCKETS * sizeof(struct table_entry))

/* A free slot has `place` 0. */
struct stripe_slot {
    uint32_t tag;   /* half of the id's hash: where it belongs */
    uint32_t place; /* index of the entry, plus one */
};

struct stripe_ids {
    struct stripe_ids *next;
    uint32_t used;
    unsigned char bytes[];
};

void stripe_init(struct stripe *stripe, struct quota *quota,
                 const uint8_t key[16])
{
    memset(stripe, 0, sizeof(*stripe));
    stripe->quota = quota;
    names_init(&stripe->names, quota, key);
}

struct table_entry *stripe_at(const struct stripe *stripe, uint32_t index)
{
    return &stripe->chunks[index / CHUNK_ROCKETS][index % CHUNK_ROCKETS];
}

void stripe_release(struct stripe *stripe)
{
    struct quota *quota = stripe->quota;

    for (uint32_t i = 0; i < stripe->count; i++)
        rocket_release(&stripe_at(stripe, i)->rocket, quota);
    for (uint32_t i = 0; i < stripe->chunk_count; i++)
        quota_resize(quota, stripe->chunks[i], CHUNK_BYTES, 0);
    quota_resize(quota, stripe->chunks,
                 stripe->chunk_capacity * sizeof(struct table_entry *), 0);
    while (stripe->ids != NULL) {
        struct stripe_ids *next = stripe->ids->next;
        quota_resize(quota, stripe->ids, ID_BLOCK_BYTES, 0);
        stripe->ids = next;
    }
    quota_resize(quota, stripe->slots,
                 stripe->slot_count * sizeof(*stripe->slots), 0);
    names_release(&stripe->names);
}

struct table_entry *stripe_find(const struct stripe *stripe, uint32_t tag,
                                struct text id)
{
    uint32_t mask = stripe->slot_count - 1;

    if (stripe->slot_count == 0)
        return NULL;
    for (uint32_t i = tag & mask; stripe->slots[i].place != 0;
         i = (i + 1) & mask) {
        if (stripe->slots[i].tag != tag)
            continue;
        struct table_entry *entry =
            stripe_at(stripe, stripe->slots[i].place - 1);
        if (text_equal(table_entry_id(entry), id))
            return entry;
    }
    return NULL;
}

static void put_slot(struct stripe_slot *slots, uint32_t slot_count,
                     struct stripe_slot slot)
{
    uint32_t i = slot.tag & (slot_count - 1);
    while (slots[i].place != 0)
        i = (i + 1) & (slot_count - 1);
    slots[i] = slot;
}

static bool reserve_slot(struct stripe *stripe)
{
    if (stripe->count + 1 <= stripe->slot_count / 4 * 3)
        return true;

    uint32_t count =
        stripe->slot_count == 0 ? MIN_SLOTS : 2 * stripe->slot_count;
    struct stripe_slot *slots =
        quota_resize(stripe->quota, NULL, 0, count * sizeof(*slots));
    if (slots == NULL)
        return false;
    memset(slots, 0, count * sizeof(*slots));
    for (uint32_t i = 0; i < stripe->slot_count; i++)
        if (stripe->slots[i].place != 0)
            put_slot(slots, count, stripe->slots[i]);
    quota_resize(stripe->quota, stripe->slots,
                 stripe->slot_count * sizeof(*slots), 0);
    stripe->slots = slots;
    stripe->slot_count = count;
    return true;
}

static bool reserve_chunk(struct stripe *stripe)
{
    if (stripe->count < stripe->chunk_count * CHUNK_ROCKETS)
        return true;

    if (stripe->chunk_count == stripe->chunk_capacity) {
        uint32_t old = stripe->chunk_capacity;
        uint32_t capacity = old == 0 ? 1 : 2 * old;
        struct table_entry **chunks = quota_resize(
            stripe->quota, stripe->chunks, old * sizeof(struct table_entry *),
            capacity * sizeof(struct table_entry *));
        if (chunks == NULL)
            return false;
        stripe->chunks = chunks;
        stripe->chunk_capacity = capacity;
    }

    struct table_entry *chunk =
        quota_resize(stripe->quota, NULL, 0, CHUNK_BYTES);
    if (chunk == NULL)
        return false;
    stripe->chunks[stripe->chunk_count++] = chunk;
    return true;
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
 * A new entry, at the end. Room is made first for all of its parts, so a
 * failure changes nothing that can be seen; what was made by then is used
 * by the next one.
 */
static struct table_entry *add(struct stripe *stripe, uint32_t tag,
                               struct text id)
{
    if (!reserve_slot(stripe) || !reserve_chunk(stripe) ||
        !reserve_id(stripe, id.length))
        return NULL;

    struct table_entry *entry = stripe_at(stripe, stripe->count);
    rocket_init(&entry->rocket);
    entry->id = store_id(stripe, id);
    entry->revision = 0;
    stripe->count++;
    put_slot(stripe->slots, stripe->slot_count,
             (struct stripe_slot){tag, stripe->count});
    return entry;
}

/* Take a count on the name of `text`; absent text has none and needs none. */
static bool take_name(struct names *names, struct text text, struct name **name)
{
    *name = NULL;
    if (text.data == NULL)
        return true;
    *name = names_take(names, text);
    return *name != NULL;
}

static void drop_effect(struct names *names, const struct effect *effect)
{
    names_drop(names, effect->type);
    names_drop(names, effect->mission);
    names_drop(names, effect->reason);
}

/* What `message` does to its rocket, with a count on each name in it. */
static bool make_effect(struct names *names, const struct message *message,
                        struct effect *effect)
{
    bool down = message->type == MESSAGE_SPEED_DECREASED;

    *effect = (struct effect){0};
    effect->speed = down ? -message->speed : message->speed;
    if (message->type == MESSAGE_LAUNCHED)
        effect->created = message->time;
    if (take_name(names, message->rocket_type, &effect->type) &&
        take_name(names, message->mission, &effect->mission) &&
        take_name(names, message->reason, &effect->reason))
        return true;
    drop_effect(names, effect);
    return false;
}

static enum table_result result_of(enum rocket_result result)
{
    switch (result) {
    case ROCKET_APPLIED:
        return TABLE_APPLIED;
    case ROCKET_DUPLICATE:
        return TABLE_DUPLICATE;
    case ROCKET_STALE:
        return TABLE_STALE;
    case ROCKET_NO_MEMORY:
        break;
    }
    return TABLE_NO_MEMORY;
}

enum table_result stripe_apply(struct stripe *stripe, uint32_t tag,
                               const struct message *message,
                               struct table_entry **applied)
{
    struct table_entry *entry = stripe_find(stripe, tag, message->channel);
    struct rocket_dropped dropped;
    struct effect effect;

    /* What will be discarded must not fail for want of memory. */
    if (entry != NULL) {
        enum rocket_result result =
            rocket_check(&entry->rocket, message->number);
        if (result != ROCKET_APPLIED)
            return result_of(result);
    }

    if (!make_effect(&stripe->names, message, &effect))
        return TABLE_NO_MEMORY;
    if (entry == NULL)
        entry = add(stripe, tag, message->channel);
    if (entry == NULL) {
        drop_effect(&stripe->names, &effect);
        return TABLE_NO_MEMORY;
    }

    /* The first message of a new rocket never needs memory for a run. */
    enum rocket_result result =
        rocket_apply(&entry->rocket, stripe->quota, message->number,
                     &message->time, &effect, &dropped);
    for (unsigned i = 0; i < dropped.count; i++)
        names_drop(&stripe->names, dropped.names[i]);
    *applied = entry;
    return result_of(result);
}
