/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader's thread writes, without the mutex. `position` is the thread's
 * then, as the hub changes it only while the reader waits.
 */
#include "base/metrics.h"
#include "base/sync.h"
#include "catch_up.h"
#include "followed.h"
#include "hub_parts.h"
#include "table/table.h"

void hub_reader_raise(struct hub_reader *reader, uint64_t position)
{
    if (reader->position < position)
        reader->position = position;
}

static void count_sent(const struct hub_reader *reader, enum hub_event event,
                       uint64_t events)
{
    metric_add(reader->hub->metrics.sent, event, events);
}

static void write_reset(struct hub_reader *reader,
                        const struct hub_writer *writer, struct buffer *out)
{
    hub_reader_raise(reader, table_revision(reader->hub->options.table));
    writer->reset(writer->context, out, reader->position);
    metric_add(reader->hub->metrics.resets, 0, 1);
}

static void write_catch_up(struct hub_reader *reader,
                           const struct hub_writer *writer, struct buffer *out)
{
    const struct changes *changes = &reader->catch_up->changes;
    size_t begin = reader->caught_up, end = changes->count;
    struct rocket_view view;

    if (end - begin > CATCH_UP_EVENT)
        end = begin + CATCH_UP_EVENT;
    hub_reader_raise(reader, catch_up_position(reader->catch_up, end));
    writer->position(writer->context, out, reader->position);
    writer->begin(out, HUB_ROCKETS);
    for (size_t i = begin; i < end; i++) {
        table_read(reader->hub->options.table, changes->rockets[i].entry,
                   &view);
        writer->rocket(out, &view, i == begin);
    }
    writer->end(out, HUB_ROCKETS, 0);
    reader->caught_up = end;
    count_sent(reader, HUB_ROCKETS, 1);
}

/*
 * The position is at most that of what it has taken from updates, as there may
 * be more of these.
 */
static void write_followed(struct hub_reader *reader,
                           const struct hub_writer *writer, struct buffer *out)
{
    uint64_t at_most = reader->parts == 0 ? UINT64_MAX : reader->position;

    if (followed_write(reader->followed, reader->hub->options.table, writer,
                       at_most, out))
        count_sent(reader, HUB_ROCKETS, 1);
}

static void write_summary(struct hub_reader *reader, struct buffer *out)
{
    struct hub *hub = reader->hub;

    sync_lock(&hub->lock);
    buffer_append(out, buffer_text(&hub->summary));
    reader->summary = hub->summary_number;
    sync_unlock(&hub->lock);
    count_sent(reader, HUB_SUMMARY, 1);
}

/*
 * A reader of single rockets has those up to `to` as well: it has compared them
 * after the tick that made the newest update. True if this was the last of the
 * update.
 */
static bool write_update(struct hub_reader *reader,
                         const struct update_out *out)
{
    const struct update *update = reader->reading.update;
    uint64_t to = update->to > reader->position ? update->to : reader->position;

    if (!update_read(&reader->reading, reader->parts, to, out))
        return false;
    reader->position = to;
    for (size_t i = 0; i < UPDATE_PARTS; i++)
        if ((reader->parts & 1U << i) != 0)
            count_sent(reader, (enum hub_event)i, update->parts[i].events);
    return true;
}

bool hub_reader_write(struct hub_reader *reader, enum hub_step step,
                      const struct update_out *out)
{
    const struct hub_writer *writer = out->writer;

    switch (step) {
    case STEP_HELLO:
        /* Not if it has missed changes: it would go on from there. */
        if (!reader->reset)
            writer->position(writer->context, out->buffer, reader->position);
        writer->hello(writer->context, out->buffer, reader->position,
                      reader->interval_ms);
        break;
    case STEP_RESET:
        write_reset(reader, writer, out->buffer);
        break;
    case STEP_CATCH_UP:
        write_catch_up(reader, writer, out->buffer);
        break;
    case STEP_LOOK:
        write_followed(reader, writer, out->buffer);
        break;
    case STEP_UPDATE:
        return write_update(reader, out);
    case STEP_SUMMARY:
        write_summary(reader, out->buffer);
        break;
    case STEP_COMMENT:
        writer->comment(out->buffer);
        break;
    case STEP_WAIT:
    case STEP_END:
    case STEP_LOST:
        break;
    }
    return false;
}
