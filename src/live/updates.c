/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that are written once, and read by many at once: they do not change
 * after update_new(). The parts lie one behind the other, in the order of
 * events.
 */
#include "updates.h"

#include <stdlib.h>

#include "table/table.h"

/* Where the events are written to, and how. */
struct writing {
    const struct hub_writer *writer;
    struct table *table;
    struct buffer *out;
    struct update_part *part;
};

/* One event with these rockets, as they are now. */
static void write_event(const struct writing *writing, enum hub_event event,
                        const struct table_entry *const *entries, size_t count,
                        uint64_t more)
{
    const struct hub_writer *writer = writing->writer;
    struct rocket_view view;

    writing->part->last = writing->out->length;
    writing->part->events++;
    writer->begin(writing->out, event);
    for (size_t i = 0; i < count; i++) {
        table_read(writing->table, entries[i], &view);
        writer->rocket(writing->out, &view, i == 0);
    }
    writer->end(writing->out, event, more);
    writing->part->end = writing->out->length;
}

static void write_rockets(const struct writing *writing,
                          const struct pending *pending)
{
    size_t count = HUB_EVENT_ROCKETS;

    for (size_t i = 0; i < pending->count; i += count) {
        if (buffer_failed(writing->out) || writing->out->length > HUB_KEPT)
            return;
        if (count > pending->count - i)
            count = pending->count - i;
        write_event(writing, HUB_ROCKETS, &pending->entries[i], count, 0);
    }
}

static void write_feed(const struct writing *writing, enum hub_event event,
                       const struct table_feed *feed)
{
    if (feed->count > 0)
        write_event(writing, event, feed->entries, feed->count, feed->more);
}

static void write_parts(struct update *update,
                        const struct hub_options *options,
                        const struct pending *pending)
{
    struct writing writing = {
        .writer = &options->writer,
        .table = options->table,
        .out = &update->bytes,
    };

    for (size_t i = 0; i < UPDATE_PARTS; i++) {
        writing.part = &update->parts[i];
        writing.part->begin = writing.part->end = update->bytes.length;
        if (i == HUB_ROCKETS)
            write_rockets(&writing, pending);
        else if (i == HUB_LAUNCHED)
            write_feed(&writing, HUB_LAUNCHED, &pending->launched);
        else
            write_feed(&writing, HUB_EXPLODED, &pending->exploded);
    }
}

/* Give back what the buffer has reserved, as updates are kept. */
static void shrink_buffer(struct buffer *buffer)
{
    char *data = realloc(buffer->data, buffer->length);

    if (data == NULL)
        return;
    buffer->data = data;
    buffer->capacity = buffer->length;
}

struct update *update_new(const struct hub_options *options,
                          struct pending *pending, uint64_t to)
{
    struct update *update = pending->lost ? NULL : calloc(1, sizeof(*update));

    if (update == NULL)
        return NULL;
    update->bytes = BUFFER_INIT;
    update->to = to;
    update->refs = 1;
    pending_sort(pending);
    write_parts(update, options, pending);
    if (buffer_failed(&update->bytes) || update->bytes.length == 0) {
        update_free(update);
        return NULL;
    }
    shrink_buffer(&update->bytes);
    update->size = sizeof(*update) + update->bytes.capacity;
    if (update->size <= HUB_KEPT)
        return update;
    update_free(update);
    return NULL;
}

void update_free(struct update *update)
{
    if (update == NULL)
        return;
    buffer_release(&update->bytes);
    free(update);
}

static bool part_is_wanted(const struct update *update, size_t i,
                           unsigned events)
{
    const struct update_part *part = &update->parts[i];

    return (events & 1U << i) != 0 && part->begin < part->end;
}

bool update_has(const struct update *update, unsigned events)
{
    for (size_t i = 0; i < UPDATE_PARTS; i++)
        if (part_is_wanted(update, i, events))
            return true;
    return false;
}

static bool is_last_part(const struct update *update, size_t i, unsigned events)
{
    while (++i < UPDATE_PARTS)
        if (part_is_wanted(update, i, events))
            return false;
    return true;
}

static size_t room_of(const struct update_out *out)
{
    return out->buffer->length < out->size ? out->size - out->buffer->length
                                           : 0;
}

/* Append up to `room` bytes up to `end`. Whether that was all of them. */
static bool copy_bytes(struct update_reading *reading, size_t end, size_t room,
                       struct buffer *out)
{
    size_t count = end - reading->at < room ? end - reading->at : room;

    buffer_append(
        out, (struct text){reading->update->bytes.data + reading->at, count});
    reading->at += count;
    return reading->at == end;
}

/*
 * Up to the last event, then the position with at least a byte of what follows
 * it, so that it is not written twice.
 */
static bool read_last_part(struct update_reading *reading,
                           const struct update_part *part, uint64_t told,
                           const struct update_out *out)
{
    size_t room;

    if (reading->at <= part->last) {
        if (!copy_bytes(reading, part->last, room_of(out), out->buffer) ||
            room_of(out) == 0)
            return false;
        out->writer->position(out->writer->context, out->buffer, told);
        room = room_of(out);
        return copy_bytes(reading, part->end, room == 0 ? 1 : room,
                          out->buffer);
    }
    return copy_bytes(reading, part->end, room_of(out), out->buffer);
}

bool update_read(struct update_reading *reading, unsigned events, uint64_t told,
                 const struct update_out *out)
{
    const struct update *update = reading->update;

    for (size_t i = 0; i < UPDATE_PARTS; i++) {
        const struct update_part *part = &update->parts[i];
        if (!part_is_wanted(update, i, events) || reading->at >= part->end)
            continue;
        if (reading->at < part->begin)
            reading->at = part->begin;
        if (is_last_part(update, i, events))
            return read_last_part(reading, part, told, out);
        if (!copy_bytes(reading, part->end, room_of(out), out->buffer))
            return false;
    }
    return true;
}
