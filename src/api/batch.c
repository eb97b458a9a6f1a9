/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line within one part of the body is parsed in place. Only a line that is
 * cut at the end of a part is copied, and its rest is appended. If it gets too
 * long, or memory for it ends, it is counted and its rest is discarded.
 *
 * Without a store the messages of a part are applied in groups. Their texts are
 * in the part, or in the copy of a cut line; so the last group is applied at
 * the end of the part, and before the next cut line is copied.
 */
#include "batch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "api/api.h"
#include "api_store.h"
#include "base/metrics.h"
#include "batch_commit.h"
#include "batch_counts.h"
#include "batch_errors.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "table/table.h"

enum {
    /* With a CR, which may be part of the line's end. */
    MAX_CARRIED = BATCH_MAX_LINE + 1,
};

/* Messages that are applied, or admitted to the journal, together. */
struct group {
    size_t count;
    struct parsed_message parsed[TABLE_GROUP];
    struct table_item items[TABLE_GROUP];
    uint64_t lines[TABLE_GROUP]; /* their numbers */
};

struct batch {
    struct api *api;
    struct batch_commit *commit;   /* NULL: without a store */
    struct batch_counts counts;    /* without those that `commit` has */
    struct batch_counts counted;   /* those that the metrics have */
    uint64_t launches, explosions; /* applied; the metrics do not have them */
    uint64_t committed;            /* messages that `commit` took */
    uint64_t position;             /* of those that it did not need to take */
    uint64_t line; /* number of the line that is being read, from 1 */
    /*
     * Bytes of this line from earlier parts. `skipping`: the line is counted
     * already, discard the rest.
     */
    struct buffer carried;
    bool skipping;
    struct batch_errors errors;
};

struct batch *batch_new(struct api *api)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL)
        return NULL;
    batch->api = api;
    batch->line = 1;
    batch->carried = BUFFER_INIT;
    batch_errors_init(&batch->errors);
    if (api->store != NULL) {
        batch->commit = batch_commit_new(api);
        if (batch->commit == NULL) {
            free(batch);
            return NULL;
        }
    }
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    batch_commit_free(batch->commit);
    buffer_release(&batch->carried);
    batch_errors_release(&batch->errors);
    free(batch);
}

static void reject_line(struct batch *batch, struct text line,
                        const char *detail)
{
    batch_errors_add(&batch->errors, batch->counts.rejected++, batch->line,
                     line, detail);
}

static void reject_long_line(struct batch *batch, struct text line)
{
    static_assert(BATCH_MAX_LINE == 65536, "the text below");
    reject_line(batch, line, "the line is longer than 65536 bytes");
}

static void count_no_memory(struct batch *batch, uint64_t line)
{
    batch_counts_not_taken(&batch->counts, 1, line,
                           "the memory limit is reached");
    batch->counts.no_memory++;
}

static void count_outcome(struct batch *batch, const struct message *message,
                          enum message_outcome outcome, uint64_t line)
{
    switch (outcome) {
    case MESSAGE_APPLIED:
        batch->counts.applied++;
        batch->launches += message->type == MESSAGE_LAUNCHED;
        batch->explosions += message->type == MESSAGE_EXPLODED;
        break;
    case MESSAGE_DUPLICATE:
        batch->counts.duplicate++;
        break;
    case MESSAGE_STALE:
        batch->counts.stale++;
        break;
    case MESSAGE_NO_MEMORY:
        count_no_memory(batch, line);
        break;
    }
}

/* The message is a duplicate or stale in the table already. */
static void note_position_of(struct batch *batch, const struct message *message)
{
    if (!batch->api->shared)
        return;
    uint64_t position = api_store_position_of(batch->api, message);
    if (position > batch->position)
        batch->position = position;
}

static void commit_message(struct batch *batch, const struct message *message,
                           uint64_t line)
{
    enum message_outcome outcome;

    if (!batch_commit_add(batch->commit, message, line, &outcome)) {
        batch_counts_not_taken(&batch->counts, 1, line,
                               api_store_not_taken(batch->api).reason);
    } else if (outcome == MESSAGE_APPLIED) {
        batch->committed++;
    } else {
        count_outcome(batch, message, outcome, line);
        if (outcome != MESSAGE_NO_MEMORY)
            note_position_of(batch, message);
    }
}

static void commit_group(struct batch *batch, struct group *group)
{
    table_prefetch_group(batch->api->table, group->items, group->count);
    for (size_t i = 0; i < group->count; i++)
        commit_message(batch, group->items[i].message, group->lines[i]);
}

static void apply_group(struct batch *batch, struct group *group)
{
    table_apply_group(batch->api->table, group->items, group->count);
    for (size_t i = 0; i < group->count; i++)
        count_outcome(batch, group->items[i].message, group->items[i].outcome,
                      group->lines[i]);
}

static void end_group(struct batch *batch, struct group *group)
{
    if (batch->commit != NULL)
        commit_group(batch, group);
    else
        apply_group(batch, group);
    for (size_t i = 0; i < group->count; i++)
        message_parse_release(&group->parsed[i]);
    group->count = 0;
}

/* Its last message was parsed, and has its place there. */
static void extend_group(struct batch *batch, struct group *group)
{
    size_t last = group->count++;

    group->items[last] =
        (struct table_item){.message = &group->parsed[last].message};
    group->lines[last] = batch->line;
    if (group->count == TABLE_GROUP)
        end_group(batch, group);
}

/* Whether it has only white space of JSON. */
static bool is_blank(struct text line)
{
    size_t i = 0;

    while (i < line.length && (line.data[i] == ' ' || line.data[i] == '\t' ||
                               line.data[i] == '\r'))
        i++;
    return i == line.length;
}

/* Read a complete line, without its LF. */
static void read_line(struct batch *batch, struct group *group,
                      struct text line)
{
    struct parsed_message *parsed = &group->parsed[group->count];

    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    if (line.length > BATCH_MAX_LINE) {
        reject_long_line(batch, line);
        return;
    }
    if (is_blank(line))
        return;
    switch (message_parse(line, parsed)) {
    case PARSE_OK:
        extend_group(batch, group);
        break;
    case PARSE_INVALID:
        reject_line(batch, line, parsed->detail);
        break;
    case PARSE_NO_MEMORY:
        count_no_memory(batch, batch->line);
        break;
    }
}

/* Keep `piece` of a line until the rest of the line arrives. */
static void carry_piece(struct batch *batch, struct text piece)
{
    struct buffer *carried = &batch->carried;
    bool fits = piece.length <= MAX_CARRIED - carried->length;

    if (batch->skipping)
        return;
    if (fits)
        buffer_append(carried, piece);
    if (buffer_failed(carried)) {
        count_no_memory(batch, batch->line);
        batch->skipping = true;
    } else if (!fits) {
        reject_long_line(batch,
                         carried->length > 0 ? buffer_text(carried) : piece);
        batch->skipping = true;
    }
}

/* `piece` is the last piece of its line. */
static void end_line(struct batch *batch, struct group *group,
                     struct text piece)
{
    if (batch->carried.length == 0 && !batch->skipping) {
        read_line(batch, group, piece);
    } else {
        carry_piece(batch, piece);
        if (!batch->skipping)
            read_line(batch, group, buffer_text(&batch->carried));
        buffer_clear(&batch->carried);
        batch->skipping = false;
    }
    batch->line++;
}

/* The other messages are counted when they are settled. */
static void add_counts(struct batch *batch)
{
    batch_counts_publish(&batch->counts, &batch->counted,
                         batch->api->counts.messages);
    metric_add(batch->api->counts.launches, 0, batch->launches);
    metric_add(batch->api->counts.explosions, 0, batch->explosions);
    batch->launches = batch->explosions = 0;
}

/* The lines of a part; with `last` also the line that has no end. */
static void take_lines(struct batch *batch, struct text bytes, bool last)
{
    struct group group;
    struct text rest = {NULL, 0};

    group.count = 0;
    if (batch->commit != NULL)
        batch_commit_expect(batch->commit,
                            batch->carried.length + bytes.length);
    while (bytes.length > 0) {
        struct text piece = text_split(&bytes, '\n');
        if (bytes.data == NULL)
            rest = piece;
        else
            end_line(batch, &group, piece);
    }
    /* If the last line has an end, this is a blank one. */
    if (last)
        end_line(batch, &group, TEXT(""));
    if (group.count > 0)
        end_group(batch, &group);
    if (batch->commit != NULL)
        batch_commit_append(batch->commit);
    carry_piece(batch, rest);
    add_counts(batch);
}

void batch_take(struct batch *batch, struct text bytes)
{
    take_lines(batch, bytes, false);
}

void batch_end(struct batch *batch)
{
    const struct batch_counts *counts = &batch->counts;

    take_lines(batch, TEXT(""), true);
    metric_observe(batch->api->counts.batches, 0,
                   counts->applied + counts->duplicate + counts->stale +
                       counts->rejected + counts->not_taken + batch->committed);
}

bool batch_hold(struct batch *batch, void (*call)(void *context), void *context)
{
    return batch->commit != NULL &&
           batch_commit_hold(batch->commit, call, context);
}

bool batch_wait(struct batch *batch, void (*call)(void *context), void *context)
{
    return batch->commit != NULL &&
           batch_commit_wait(batch->commit, call, context);
}

struct batch_counts batch_counts(const struct batch *batch)
{
    struct batch_counts counts = batch->counts;

    counts.position = batch->position;
    if (batch->commit != NULL) {
        struct batch_settled settled = batch_commit_settled(batch->commit);
        batch_counts_add_settled(&counts, &settled);
        if (batch->api->shared && settled.position > counts.position)
            counts.position = settled.position;
    }
    return counts;
}

struct api *batch_api(const struct batch *batch)
{
    return batch->api;
}

const struct batch_error *batch_first_error(const struct batch *batch)
{
    return &batch->errors.first;
}

uint64_t batch_lines(const struct batch *batch)
{
    return batch->line - 1;
}

const char *batch_likely_mistake(const struct batch *batch)
{
    return batch->errors.mistake;
}

void batch_write(const struct batch *batch, struct buffer *out)
{
    const struct batch_counts counts = batch_counts(batch);

    json_append_member(out, TEXT("applied"), counts.applied);
    json_append_member(out, TEXT("duplicate"), counts.duplicate);
    json_append_member(out, TEXT("stale"), counts.stale);
    json_append_member(out, TEXT("rejected"), counts.rejected);
    json_append_name(out, TEXT("errors"));
    buffer_append(out, TEXT("["));
    buffer_append(out, buffer_text(&batch->errors.items));
    buffer_append(out, TEXT("]"));
}
