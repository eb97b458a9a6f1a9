/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes images of rockets. What is accepted is loaded into an empty table, is
 * saved as the same bytes, has the figures that it says, and takes further
 * messages. What is refused stays, and leaves the table as it was.
 */
#include "fuzz.h"

#include "domain/rocket.h"
#include "lib/table_images.h"

/* Apply a message to the only rocket; the table must know what will happen. */
static void apply(struct table *table, const struct rocket_view *view,
                  uint64_t number)
{
    size_t reserved = 0;
    struct message message = message_of_type(
        (enum message_type)(number % MESSAGE_TYPE_COUNT), "", number);

    message.channel = view->id;
    message.time = messages_time(number % 1000);
    enum message_outcome admitted = table_admit(table, &message, &reserved);
    FUZZ_CHECK(table_apply(table, &message) == admitted);
    FUZZ_CHECK(table_apply(table, &message) != MESSAGE_APPLIED);
    table_unreserve(table, reserved);
}

/* `image` is what was read of the table's only rocket. */
static void check_rocket(struct table *table, const struct table_image *image,
                         struct text id)
{
    struct table_summary summary = table_summary(table);
    struct rocket_view view;

    FUZZ_CHECK(table_find(table, id, &view));
    FUZZ_CHECK(summary.rockets == 1);
    FUZZ_CHECK(summary.exploded == view.exploded);
    FUZZ_CHECK(summary.unlaunched == !view.launched);
    FUZZ_CHECK(summary.missing == view.missing);
    FUZZ_CHECK(summary.incomplete == (view.missing > 0));
    FUZZ_CHECK(view.revision == image->revision);
    FUZZ_CHECK(table_revision(table) == image->revision);
    FUZZ_CHECK(view.last_number == image->last_number);
    FUZZ_CHECK(view.missing == image->last_number - image->applied);
    FUZZ_CHECK(image->runs >= 1 && image->runs <= ROCKET_MAX_RUNS);
    for (uint64_t number = 1; number < 20; number++)
        apply(table, &view, number);
    if (view.last_number < MESSAGE_MAX_NUMBER - 2) {
        apply(table, &view, view.last_number + 2);
        apply(table, &view, view.last_number + 1);
    }
}

static struct text id_of_only_rocket(struct table *table)
{
    struct table_filter filter = {0};
    struct table_scan scan;
    struct text id = {NULL, 0};

    table_scan_init(&scan, TABLE_ID, false, &filter);
    while (table_scan_next(table, &scan))
        if (scan.count > 0)
            id = table_entry_id(scan.rows[0].entry);
    FUZZ_CHECK(id.data != NULL);
    return id;
}

/* Load the first of `images`, which was read, and save it again. */
static void check_accepted(struct text bytes, const struct table_image *image)
{
    struct table *table = table_new(SIZE_MAX);
    struct text rest = bytes;
    struct buffer again = BUFFER_INIT;

    FUZZ_CHECK(table != NULL);
    FUZZ_CHECK(table_load(table, &rest) == TABLE_LOADED);
    FUZZ_CHECK(rest.length == 0);
    table_images_save(table, &again);
    FUZZ_CHECK(text_equal(buffer_text(&again), bytes));
    rest = bytes;
    FUZZ_CHECK(table_load(table, &rest) == TABLE_LOAD_DAMAGED);
    FUZZ_CHECK(rest.length == bytes.length);
    check_rocket(table, image, id_of_only_rocket(table));
    buffer_release(&again);
    table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct text before = rest;
    struct table_image image;

    while (table_image_read(&rest, &image)) {
        FUZZ_CHECK(rest.length < before.length);
        check_accepted((struct text){before.data, before.length - rest.length},
                       &image);
        before = rest;
    }
    FUZZ_CHECK(rest.data == before.data && rest.length == before.length);

    struct table *table = table_new(SIZE_MAX);
    FUZZ_CHECK(table != NULL);
    size_t memory = table_memory(table);
    FUZZ_CHECK(table_load(table, &rest) == TABLE_LOAD_DAMAGED);
    FUZZ_CHECK(rest.data == before.data && rest.length == before.length);
    FUZZ_CHECK(table_count(table) == 0 && table_memory(table) == memory);
    table_free(table);
    return 0;
}
