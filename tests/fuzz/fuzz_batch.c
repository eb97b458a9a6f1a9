/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes bodies of batches. A body in parts and the whole body must give the
 * same result, also with a store that settles them late, and with each line in
 * a batch of its own there must be the same counts and the same state of all
 * rockets.
 *
 * The first byte is the number of following bytes that are sizes of parts; the
 * rest is the body. In the body a NUL and the byte after it stand for many
 * spaces: a byte of 1 to 127 for that many KiB, a higher one for spaces up to
 * about the length limit of a line. Two NULs stand for one NUL.
 */
#include "fuzz.h"

#include "api/api.h"
#include "api/batch.h"
#include "api/rocket_json.h"
#include "lib/toy_store.h"
#include "listing/list_page.h"
#include "strict.h"

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
        if (byte == 0 && i + 1 < input.length)
            i++;
        if (byte == 0 && input.data[i] != 0) {
            byte = (unsigned char)input.data[i];
            append_spaces(body, spaces_of(byte, body->length - line));
            continue;
        }
        buffer_append(body, (struct text){input.data + i, 1});
        if (byte == '\n')
            line = body->length;
    }
    FUZZ_CHECK(!buffer_failed(body));
}

/*
 * Pass the body in parts of `sizes`, which are repeated as needed; in one part
 * if there are none. `store`, if there is one, settles a few tickets after each
 * part, and the rest at the end.
 */
static void take_parts(struct batch *batch, struct text body, struct text sizes,
                       struct store *store)
{
    for (size_t i = 0; body.length > 0; i++) {
        size_t size = body.length;
        if (sizes.length > 0) {
            unsigned char byte = (unsigned char)sizes.data[i % sizes.length];
            size = byte < 200 ? 1U + byte : (byte - 199U) * 4096;
        }
        if (size > body.length)
            size = body.length;
        /* A part is freed after the call: the batch must not use it later. */
        struct text part = exact_copy((struct text){body.data, size});
        batch_take(batch, part);
        exact_copy_free(part);
        body = text_skip(body, size);
        if (store != NULL)
            toy_store_settle(store, size % 3);
    }
    batch_end(batch);
    if (store != NULL)
        toy_store_settle(store, SIZE_MAX);
}

/* Write the counts, and all rockets, sorted by id. */
static void write_state(struct table *table, const struct batch_counts *counts,
                        struct buffer *out)
{
    struct list_query query = {.sort = TABLE_ID};
    struct list_page *page = list_page_new(table, &query);
    struct rocket_view view;

    FUZZ_CHECK(page != NULL && counts->not_taken == 0);
    buffer_append(out, (struct text){(const char *)counts, sizeof(*counts)});
    for (size_t i = 0; i < list_page_count(page); i++) {
        size_t start = out->length;
        list_page_read(page, i, &view);
        /* Revisions count duplicates that waited, if there is a store. */
        rocket_json_write_state(out, &view);
        FUZZ_CHECK(strict_json_accepts(text_skip(buffer_text(out), start)));
    }
    list_page_free(page);
    FUZZ_CHECK(!buffer_failed(out));
}

/*
 * Write the counts and the state after the batch, then its result. `store` may
 * be NULL.
 */
static void run_batch(struct text body, struct text sizes, struct store *store,
                      struct buffer *outcome)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;

    api_init(&api, table, NULL, NULL);
    if (store != NULL) {
        toy_store_init(store);
        FUZZ_CHECK(api_use_store(&api, store));
    }
    struct batch *batch = batch_new(&api);
    FUZZ_CHECK(table != NULL && batch != NULL);
    take_parts(batch, body, sizes, store);
    struct batch_counts counts = batch_counts(batch);
    write_state(table, &counts, outcome);
    size_t start = outcome->length;
    buffer_append(outcome, TEXT("{"));
    batch_write(batch, outcome);
    buffer_append(outcome, TEXT("}"));
    FUZZ_CHECK(strict_json_accepts(text_skip(buffer_text(outcome), start)));
    batch_free(batch);
    if (store != NULL)
        toy_store_release(store);
    table_free(table);
}

/* The same, without result, with each line in a batch of its own. */
static void run_lines(struct text body, struct buffer *outcome)
{
    struct table *table = table_new(SIZE_MAX);
    struct batch_counts sum = {0};
    struct api api;

    FUZZ_CHECK(table != NULL);
    api_init(&api, table, NULL, NULL);
    while (body.length > 0) {
        struct batch *batch = batch_new(&api);
        FUZZ_CHECK(batch != NULL);
        take_parts(batch, text_split(&body, '\n'), TEXT(""), NULL);
        struct batch_counts counts = batch_counts(batch);
        sum.applied += counts.applied;
        sum.duplicate += counts.duplicate;
        sum.stale += counts.stale;
        sum.rejected += counts.rejected;
        batch_free(batch);
    }
    write_state(table, &sum, outcome);
    table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer body = BUFFER_INIT, whole = BUFFER_INIT;
    struct buffer cut = BUFFER_INIT, by_line = BUFFER_INIT;
    struct buffer stored = BUFFER_INIT;
    struct store store;
    struct text input = fuzz_text(data, size);

    if (size == 0 || size < 1U + data[0] % MAX_SIZES)
        return 0;
    struct text sizes = {input.data + 1, data[0] % MAX_SIZES};
    make_body(text_skip(input, 1 + sizes.length), &body);
    run_batch(buffer_text(&body), TEXT(""), NULL, &whole);
    run_batch(buffer_text(&body), sizes, NULL, &cut);
    run_batch(buffer_text(&body), sizes, &store, &stored);
    run_lines(buffer_text(&body), &by_line);
    FUZZ_CHECK(text_equal(buffer_text(&cut), buffer_text(&whole)));
    FUZZ_CHECK(text_equal(buffer_text(&stored), buffer_text(&whole)));
    whole.length = by_line.length;
    FUZZ_CHECK(text_equal(buffer_text(&by_line), buffer_text(&whole)));
    buffer_release(&stored);
    buffer_release(&by_line);
    buffer_release(&cut);
    buffer_release(&whole);
    buffer_release(&body);
    return 0;
}
