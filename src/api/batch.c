/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line within one part of the body is parsed in place. Only a line that is
 * cut at the end of a part is copied, and its rest is appended. If it gets too
 * long, or memory for it ends, it is counted and its rest is discarded.
 */
#include "batch.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/metrics.h"
#include "domain/message_parse.h"
#include "format/json_write.h"

enum {
    /* With a CR, which may be part of the line's end. */
    MAX_CARRIED = BATCH_MAX_LINE + 1,
    /* Of one error: JSON may write each byte of its detail as six. */
    MAX_ERROR = 6 * sizeof(((struct parsed_message *)NULL)->detail) + 64,
};

struct batch {
    struct table *table;
    struct api_metrics metrics;
    struct batch_counts counts;
    struct batch_counts counted;   /* those that `metrics` has */
    uint64_t launches, explosions; /* applied; `metrics` does not have them */
    uint64_t line; /* number of the line that is being read, from 1 */
    /*
     * Bytes of this line from earlier parts. `skipping`: the line is counted
     * already, discard the rest.
     */
    struct buffer carried;
    bool skipping;
    const char *mistake; /* a guess from the first rejected line, or NULL */
    struct batch_error first_error;
    /* The items of the result's array. */
    struct buffer errors;
};

struct batch *batch_new(struct table *table, const struct api_metrics *counts)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL)
        return NULL;
    batch->table = table;
    if (counts != NULL)
        batch->metrics = *counts;
    batch->line = 1;
    batch->carried = BUFFER_INIT;
    batch->errors = BUFFER_INIT;
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    buffer_release(&batch->carried);
    buffer_release(&batch->errors);
    free(batch);
}

/* Whether it is UTF-16 or UTF-32, where NULs stand beside ASCII characters. */
static bool is_wide(struct text line)
{
    return line.length >= 2 && (line.data[0] == '\0' || line.data[1] == '\0' ||
                                memcmp(line.data, "\xff\xfe", 2) == 0 ||
                                memcmp(line.data, "\xfe\xff", 2) == 0);
}

/*
 * What the sender of a body that begins with this line, which is no message, is
 * likely to have done; NULL if it is a line like any other.
 */
static const char *guess_mistake(struct text line)
{
    if (is_wide(line))
        return "it seems to be UTF-16 or UTF-32, but must be UTF-8";
    line = text_trim(line);
    if (line.length > 0 && line.data[0] == '[')
        return "it is a JSON array, but must have one message a line, without "
               "brackets and commas";
    if (text_equal(line, TEXT("{")))
        return "a message is spread over several lines, but must be on one";
    if (memmem(line.data, line.length, "}{", 2) != NULL ||
        memmem(line.data, line.length, "} {", 3) != NULL)
        return "several messages are on one line, but each must have its own; "
               "curl keeps the ends of lines with --data-binary, not with -d";
    return NULL;
}

/*
 * Room is reserved first, so that memory never ends within an item. `line` is
 * its beginning, at least.
 */
static void reject_line(struct batch *batch, struct text line,
                        const char *detail)
{
    struct buffer *errors = &batch->errors;

    if (batch->counts.rejected++ == 0) {
        batch->mistake = guess_mistake(line);
        batch->first_error.line = batch->line;
        snprintf(batch->first_error.detail, sizeof(batch->first_error.detail),
                 "%s", detail);
    }
    if (batch->counts.rejected > BATCH_MAX_ERRORS ||
        !buffer_reserve(errors, MAX_ERROR))
        return;
    buffer_append(errors, errors->length == 0 ? TEXT("{\"line\":")
                                              : TEXT(",{\"line\":"));
    buffer_append_unsigned(errors, batch->line);
    buffer_append(errors, TEXT(",\"detail\":"));
    json_append(errors, text_of(detail));
    buffer_append(errors, TEXT("}"));
}

static void reject_long_line(struct batch *batch, struct text line)
{
    static_assert(BATCH_MAX_LINE == 65536, "the text below");
    reject_line(batch, line, "the line is longer than 65536 bytes");
}

static void count_not_taken(struct batch *batch)
{
    if (batch->counts.not_taken++ == 0)
        batch->counts.first_not_taken = batch->line;
}

static void apply_line(struct batch *batch, const struct message *message)
{
    switch (table_apply(batch->table, message)) {
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
        count_not_taken(batch);
        break;
    }
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
static void read_line(struct batch *batch, struct text line)
{
    struct parsed_message parsed;

    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    if (line.length > BATCH_MAX_LINE) {
        reject_long_line(batch, line);
        return;
    }
    if (is_blank(line))
        return;
    switch (message_parse(line, &parsed)) {
    case PARSE_OK:
        apply_line(batch, &parsed.message);
        message_parse_release(&parsed);
        break;
    case PARSE_INVALID:
        reject_line(batch, line, parsed.detail);
        break;
    case PARSE_NO_MEMORY:
        count_not_taken(batch);
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
        count_not_taken(batch);
        batch->skipping = true;
    } else if (!fits) {
        reject_long_line(batch,
                         carried->length > 0 ? buffer_text(carried) : piece);
        batch->skipping = true;
    }
}

/* `piece` is the last piece of its line. */
static void end_line(struct batch *batch, struct text piece)
{
    if (batch->carried.length == 0 && !batch->skipping) {
        read_line(batch, piece);
    } else {
        carry_piece(batch, piece);
        if (!batch->skipping)
            read_line(batch, buffer_text(&batch->carried));
        buffer_clear(&batch->carried);
        batch->skipping = false;
    }
    batch->line++;
}

/* Of one result: what is not added yet. */
static void add_count(struct batch *batch, enum api_result result,
                      uint64_t count, uint64_t *counted)
{
    if (count > *counted)
        metric_add(batch->metrics.messages, result, count - *counted);
    *counted = count;
}

static void add_counts(struct batch *batch)
{
    const struct batch_counts *counts = &batch->counts;
    struct batch_counts *counted = &batch->counted;

    add_count(batch, API_APPLIED, counts->applied, &counted->applied);
    add_count(batch, API_DUPLICATE, counts->duplicate, &counted->duplicate);
    add_count(batch, API_STALE, counts->stale, &counted->stale);
    add_count(batch, API_REJECTED, counts->rejected, &counted->rejected);
    add_count(batch, API_NO_MEMORY, counts->not_taken, &counted->not_taken);
    metric_add(batch->metrics.launches, 0, batch->launches);
    metric_add(batch->metrics.explosions, 0, batch->explosions);
    batch->launches = batch->explosions = 0;
}

void batch_take(struct batch *batch, struct text bytes)
{
    while (bytes.length > 0) {
        struct text piece = text_split(&bytes, '\n');
        if (bytes.data == NULL)
            carry_piece(batch, piece);
        else
            end_line(batch, piece);
    }
    add_counts(batch);
}

void batch_end(struct batch *batch)
{
    const struct batch_counts *counts = &batch->counts;

    /* If the last line has an end, this is a blank one. */
    end_line(batch, TEXT(""));
    add_counts(batch);
    metric_observe(batch->metrics.batches, 0,
                   counts->applied + counts->duplicate + counts->stale +
                       counts->rejected + counts->not_taken);
}

const struct batch_counts *batch_counts(const struct batch *batch)
{
    return &batch->counts;
}

uint64_t batch_lines(const struct batch *batch)
{
    return batch->line - 1;
}

const struct batch_error *batch_first_error(const struct batch *batch)
{
    return &batch->first_error;
}

const char *batch_likely_mistake(const struct batch *batch)
{
    return batch->mistake;
}

void batch_write(const struct batch *batch, struct buffer *out)
{
    const struct batch_counts *counts = &batch->counts;

    buffer_append(out, TEXT("\"applied\":"));
    buffer_append_unsigned(out, counts->applied);
    buffer_append(out, TEXT(",\"duplicate\":"));
    buffer_append_unsigned(out, counts->duplicate);
    buffer_append(out, TEXT(",\"stale\":"));
    buffer_append_unsigned(out, counts->stale);
    buffer_append(out, TEXT(",\"rejected\":"));
    buffer_append_unsigned(out, counts->rejected);
    buffer_append(out, TEXT(",\"errors\":["));
    buffer_append(out, buffer_text(&batch->errors));
    buffer_append(out, TEXT("]"));
}
