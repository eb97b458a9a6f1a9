/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes bodies of batches. A body in parts, the whole body, and its lines read
 * one by one must give the same result, the same errors, and the same state of
 * all rockets.
 *
 * The first byte is the number of following bytes that are sizes of parts; the
 * rest is the body. In the body a NUL and the byte after it stand for many
 * spaces: a byte of 1 to 127 for that many KiB, a higher one for spaces up to
 * about the length limit of a line. Two NULs stand for one NUL.
 */
#include "fuzz.h"

#include "api/batch.h"
#include "api/rocket_json.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "listing/list_page.h"
#include "strict_json.h"

enum {
    MAX_SIZES = 16,
    MAX_BODY = 160 * 1024,
    AT_THE_LIMIT = 192, /* the byte for a line of exactly the limit */
};

/* How many spaces a NUL and `byte` stand for after `length` bytes of a line. */
static size_t spaces_of(unsigned byte, size_t length)
{
    if (byte < 128)
        return byte * (size_t)1024;
    size_t wanted = BATCH_MAX_LINE + byte - AT_THE_LIMIT;
    return wanted > length ? wanted - length : 0;
}

static void append_spaces(struct buffer *body, size_t count)
{
    if (count > MAX_BODY - body->length || !buffer_reserve(body, count))
        return;
    memset(buffer_end(body), ' ', count);
    body->length += count;
}

static void make_body(struct text input, struct buffer *body)
{
    size_t line = 0; /* offset of the current line */

    for (size_t i = 0; i < input.length && body->length < MAX_BODY; i++) {
        unsigned char byte = (unsigned char)input.data[i];
        if (byte == 0 && i + 1 < input.length && input.data[i + 1] != 0) {
            byte = (unsigned char)input.data[++i];
            append_spaces(body, spaces_of(byte, body->length - line));
            continue;
        }
        if (byte == 0 && i + 1 < input.length)
            i++;
        buffer_append(body, (struct text){input.data + i, 1});
        if (byte == '\n')
            line = body->length;
    }
    FUZZ_CHECK(!buffer_failed(body));
}

static size_t size_of(unsigned char byte)
{
    return byte < 200 ? 1U + byte : (byte - 199U) * 4096;
}

/*
 * Pass the body in parts of `sizes`, which are repeated as needed; in one part
 * if there are none.
 */
static void take_parts(struct batch *batch, struct text body, struct text sizes)
{
    size_t at = 0;

    for (size_t i = 0; at < body.length; i++) {
        size_t size = body.length - at;
        if (sizes.length > 0) {
            size_t wanted =
                size_of((unsigned char)sizes.data[i % sizes.length]);
            if (wanted < size)
                size = wanted;
        }
        /* A part is freed after the call: the batch must not use it later. */
        struct text part = fuzz_copy((struct text){body.data + at, size});
        batch_take(batch, part);
        fuzz_free(part);
        at += size;
    }
    batch_end(batch);
}

/* Write all rockets, sorted by id. */
static void write_state(struct table *table, struct buffer *out)
{
    struct list_query query = {.sort = TABLE_ID};
    struct list_page *page = list_page_new(table, &query);
    struct rocket_view view;

    FUZZ_CHECK(page != NULL);
    for (size_t i = 0; i < list_page_count(page); i++) {
        buffer_append(out, TEXT("\n"));
        list_page_read(page, i, &view);
        rocket_json_write(out, &view);
    }
    list_page_free(page);
    FUZZ_CHECK(!buffer_failed(out));
}

static bool is_json(struct text text)
{
    struct strict_json json;

    strict_json_read(text, &json);
    bool accepted = strict_json_is_accepted(&json);
    strict_json_release(&json);
    return accepted;
}

/* Write the result of the batch, and the state after it. */
static void run_batch(struct text body, struct text sizes,
                      struct buffer *outcome)
{
    struct table *table = table_new(SIZE_MAX);
    struct batch *batch = batch_new(table);

    FUZZ_CHECK(table != NULL && batch != NULL);
    take_parts(batch, body, sizes);
    FUZZ_CHECK(batch_counts(batch)->not_taken == 0);
    batch_write(batch, outcome);
    FUZZ_CHECK(is_json(buffer_text(outcome)));
    batch_free(batch);
    write_state(table, outcome);
    table_free(table);
}

struct lines {
    struct table *table;
    unsigned long long number, results[MESSAGE_NO_MEMORY + 1], rejected;
    struct buffer errors;
};

static void reject_line(struct lines *lines, const char *detail)
{
    struct buffer *errors = &lines->errors;

    if (lines->rejected++ >= BATCH_MAX_ERRORS)
        return;
    buffer_append_format(errors, "%s{\"line\":%llu,\"detail\":",
                         lines->rejected > 1 ? "," : "", lines->number);
    json_append(errors, text_of(detail));
    buffer_append(errors, TEXT("}"));
}

static bool is_white(struct text line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    }
    return true;
}

/* Apply one line, without its LF. */
static void read_line(struct lines *lines, struct text line)
{
    struct parsed_message parsed;

    lines->number++;
    if (line.length > 0 && line.data[line.length - 1] == '\r')
        line.length--;
    if (line.length > BATCH_MAX_LINE) {
        reject_line(lines, "the line is longer than 65536 bytes");
    } else if (!is_white(line)) {
        struct text copy = fuzz_copy(line);
        if (message_parse(copy, &parsed) == PARSE_OK)
            lines->results[table_apply(lines->table, &parsed.message)]++;
        else
            reject_line(lines, parsed.detail);
        message_parse_release(&parsed);
        fuzz_free(copy);
    }
}

static void run_lines(struct text body, struct buffer *outcome)
{
    struct lines lines = {.table = table_new(SIZE_MAX), .errors = BUFFER_INIT};
    size_t start = 0;

    FUZZ_CHECK(lines.table != NULL && buffer_reserve(&lines.errors, 1));
    for (size_t i = 0; i < body.length; i++) {
        if (body.data[i] != '\n')
            continue;
        read_line(&lines, (struct text){body.data + start, i - start});
        start = i + 1;
    }
    if (start < body.length)
        read_line(&lines,
                  (struct text){body.data + start, body.length - start});
    buffer_append_format(outcome,
                         "{\"applied\":%llu,\"duplicate\":%llu,\"stale\":%llu,"
                         "\"rejected\":%llu,\"errors\":[%.*s]}",
                         lines.results[MESSAGE_APPLIED],
                         lines.results[MESSAGE_DUPLICATE],
                         lines.results[MESSAGE_STALE], lines.rejected,
                         (int)lines.errors.length, lines.errors.data);
    write_state(lines.table, outcome);
    table_free(lines.table);
    buffer_release(&lines.errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer body = BUFFER_INIT, whole = BUFFER_INIT;
    struct buffer cut = BUFFER_INIT, by_line = BUFFER_INIT;
    struct text input = fuzz_text(data, size);

    if (size == 0 || size < 1U + data[0] % MAX_SIZES)
        return 0;
    struct text sizes = {input.data + 1, data[0] % MAX_SIZES};
    make_body((struct text){sizes.data + sizes.length,
                            input.length - 1 - sizes.length},
              &body);
    run_batch(buffer_text(&body), TEXT(""), &whole);
    run_batch(buffer_text(&body), sizes, &cut);
    run_lines(buffer_text(&body), &by_line);
    FUZZ_CHECK(text_equal(buffer_text(&cut), buffer_text(&whole)));
    FUZZ_CHECK(text_equal(buffer_text(&by_line), buffer_text(&whole)));
    buffer_release(&by_line);
    buffer_release(&cut);
    buffer_release(&whole);
    buffer_release(&body);
    return 0;
}
