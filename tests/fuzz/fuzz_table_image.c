/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes images of rockets. What is accepted is loaded into an empty stripe,
 * is saved as the same bytes, has the figures that it says, and takes further
 * messages. What is refused stays. A stripe, as making a table takes too long.
 */
#include "fuzz.h"

#include "domain/rocket.h"
#include "lib/messages.h"
#include "table/image.h"
#include "table/stripe.h"
#include "table/table_image.h"

enum { TAG = 16 };

static struct quota quota;
static struct stripe stripe;

/* Apply a message to the rocket; the stripe must know what will happen. */
static void apply(const struct image *image, uint64_t number)
{
    struct message message = message_of_type(
        (enum message_type)(number % MESSAGE_TYPE_COUNT), "", number);
    struct stripe_change change;
    size_t growth;

    message.channel = image->id;
    message.time = messages_time(number % 1000);
    enum message_outcome known = stripe_check(&stripe, TAG, &message, &growth);
    FUZZ_CHECK(stripe_apply(&stripe, TAG, &message, &change) == known);
    FUZZ_CHECK(stripe_apply(&stripe, TAG, &message, &change) !=
               MESSAGE_APPLIED);
}

/* Of all strings only those of the state may be counted, once. */
static void check_counts(const struct table_entry *entry)
{
    const struct effect *state = rocket_state(&entry->rocket);
    const struct interned_set *strings = &stripe.strings;

    FUZZ_CHECK(stripe.given_up == rocket_given_up(&entry->rocket));
    for (uint32_t i = 0; i < strings->count; i++) {
        const struct interned *string = strings->strings[i];
        FUZZ_CHECK(interned_rockets(string, INTERNED_TYPE) ==
                   (string == state->type));
        FUZZ_CHECK(interned_rockets(string, INTERNED_MISSION) ==
                   (string == state->mission));
    }
}

static void check_rocket(const struct image *image)
{
    const struct table_entry *entry = stripe_find(&stripe, TAG, image->id);
    struct rocket_view view;

    FUZZ_CHECK(entry != NULL);
    table_entry_view(entry, &view);
    FUZZ_CHECK(text_equal(view.id, image->id));
    FUZZ_CHECK(stripe.count == 1);
    FUZZ_CHECK(stripe.exploded == view.exploded);
    FUZZ_CHECK(stripe.unlaunched == !view.launched);
    FUZZ_CHECK(stripe.missing == view.missing);
    FUZZ_CHECK(stripe.incomplete == (view.missing > 0));
    FUZZ_CHECK(stripe_columns(&stripe, 0)->incomplete == stripe.incomplete);
    FUZZ_CHECK(view.revision == image->revision);
    FUZZ_CHECK(view.last_number == image->last_number);
    FUZZ_CHECK(view.missing == image->last_number - image->applied);
    FUZZ_CHECK(runs_count(&entry->rocket.runs) == image->run_count);
    check_counts(entry);
    for (uint64_t number = 1; number < 20; number++)
        apply(image, number);
    if (view.last_number < MESSAGE_MAX_NUMBER - 2) {
        apply(image, view.last_number + 2);
        apply(image, view.last_number + 1);
    }
    check_counts(entry);
}

static void check_saved(struct text bytes)
{
    char *again = malloc(bytes.length + IMAGE_ROOM + IMAGE_RUN_ROOM);

    if (again == NULL)
        abort();
    char *end = image_write(stripe_at(&stripe, 0), again,
                            again + bytes.length + IMAGE_ROOM + IMAGE_RUN_ROOM);
    FUZZ_CHECK(end != NULL);
    FUZZ_CHECK(text_equal((struct text){again, (size_t)(end - again)}, bytes));
    free(again);
}

/* `image` was read from all of `bytes`. */
static void check_accepted(struct text bytes, const struct image *image)
{
    static const uint8_t key[16];
    struct run *runs = malloc(image->run_count * sizeof(*runs));

    if (runs == NULL)
        abort();
    FUZZ_CHECK(image->run_count <= ROCKET_MAX_RUNS);
    quota_init(&quota, SIZE_MAX, 0);
    stripe_init(&stripe, 0, &quota, key);
    FUZZ_CHECK(stripe_load(&stripe, TAG, image, runs) == STRIPE_LOADED);
    FUZZ_CHECK(stripe_load(&stripe, TAG, image, runs) == STRIPE_HAS_ID);
    check_saved(bytes);
    check_rocket(image);
    stripe_release(&stripe);
    FUZZ_CHECK(quota_used(&quota) == 0);
    free(runs);
}

static void check_figures(const struct image *image,
                          const struct table_image *figures)
{
    FUZZ_CHECK(figures->revision == image->revision);
    FUZZ_CHECK(figures->last_number == image->last_number);
    FUZZ_CHECK(figures->applied == image->applied);
    FUZZ_CHECK(figures->runs == image->run_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct text before = rest, same = rest;
    struct table_image figures;
    struct image image;

    while (image_read(&rest, &image)) {
        FUZZ_CHECK(rest.length < before.length);
        FUZZ_CHECK(table_image_read(&same, &figures));
        FUZZ_CHECK(same.length == rest.length);
        check_figures(&image, &figures);
        check_accepted((struct text){before.data, before.length - rest.length},
                       &image);
        before = rest;
    }
    FUZZ_CHECK(rest.data == before.data && rest.length == before.length);
    FUZZ_CHECK(!table_image_read(&same, &figures));
    FUZZ_CHECK(same.data == before.data && same.length == before.length);
    return 0;
}
