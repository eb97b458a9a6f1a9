/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what image_write.c describes, and refuses all else. An image is read
 * once to check it, which takes no memory; its runs may be read again.
 */
#include "domain/rocket_audit.h"
#include "image.h"

static bool is_known(const struct image_runs *runs, struct text text)
{
    uint32_t known =
        runs->string_count < IMAGE_STRINGS ? runs->string_count : IMAGE_STRINGS;

    for (uint32_t i = 0; i < known; i++)
        if (text_equal(runs->strings[i], text))
            return true;
    return false;
}

static struct text take_string(struct image_runs *runs)
{
    struct packed *in = &runs->in;
    uint64_t code =
        packed_take_varint(in, 0, IMAGE_STRINGS + MESSAGE_MAX_NAME - 1);

    if (in->failed)
        return (struct text){NULL, 0};
    if (code < IMAGE_STRINGS && code < runs->string_count)
        return runs->strings[code];
    if (code < IMAGE_STRINGS) {
        in->failed = true;
        return (struct text){NULL, 0};
    }
    struct text text = packed_take_bytes(in, code - IMAGE_STRINGS + 1);
    if (in->failed || !message_name_is_valid(text) || is_known(runs, text)) {
        in->failed = true;
        return (struct text){NULL, 0};
    }
    runs->strings[runs->string_count++ % IMAGE_STRINGS] = text;
    return text;
}

static void take_effect(struct image_runs *runs, struct image_run *run)
{
    const unsigned all = IMAGE_HAS_TYPE | IMAGE_HAS_MISSION | IMAGE_HAS_REASON;
    const struct text absent = {NULL, 0};
    struct packed *in = &runs->in;
    unsigned parts = packed_take_byte(in);

    if ((parts & ~all) != 0)
        in->failed = true;
    run->type = parts & IMAGE_HAS_TYPE ? take_string(runs) : absent;
    run->mission = parts & IMAGE_HAS_MISSION ? take_string(runs) : absent;
    run->reason = parts & IMAGE_HAS_REASON ? take_string(runs) : absent;
    run->speed = packed_take_signed(in);
    run->created =
        parts & IMAGE_HAS_TYPE ? packed_take_time(in) : (struct timestamp){0};
}

void image_runs_next(struct image_runs *runs, struct image_run *run)
{
    struct packed *in = &runs->in;
    uint64_t lowest = runs->last == 0 ? 1 : runs->last + 2;

    run->first = lowest;
    if (runs->has_gaps)
        run->first += packed_take_varint(in, 0, MESSAGE_MAX_NUMBER);
    run->last = run->first + packed_take_varint(in, 0, MESSAGE_MAX_NUMBER);
    runs->last = run->last;
    take_effect(runs, run);
}

static void init_runs(struct image_runs *runs, struct text bytes, bool has_gaps)
{
    runs->in = (struct packed){bytes, false};
    runs->has_gaps = has_gaps;
    runs->last = 0;
    runs->string_count = 0;
}

void image_runs_init(struct image_runs *runs, const struct image *image)
{
    init_runs(runs, image->runs, image->has_gaps);
}

static bool same_time(const struct timestamp *a, const struct timestamp *b)
{
    return a->seconds == b->seconds && a->nanoseconds == b->nanoseconds &&
           a->offset == b->offset && a->digits == b->digits &&
           a->spelling == b->spelling;
}

/* Whether a rocket with these runs, which the audit has seen, can be so. */
static bool is_possible(const struct image *image,
                        const struct rocket_audit *audit, uint64_t given_up)
{
    const struct image_run *last = &image->last_run;

    if (!rocket_audit_end(audit, given_up))
        return false;
    /* A single run without gaps has its short form. */
    if (image->has_gaps && image->run_count == 1 && last->first == 1 &&
        image->floor == 0)
        return false;
    /* Each message that was applied has drawn a revision. */
    if (image->revision < image->applied)
        return false;
    /* The highest number is a launch, and gives both times. */
    return last->first != last->last || last->type.data == NULL ||
           same_time(&last->created, &image->updated);
}

static void take_head(struct packed *in, struct image *image)
{
    unsigned first = packed_take_byte(in);

    if ((first & ~(unsigned)(PACKED_UUID | IMAGE_HAS_GAPS)) != 0)
        in->failed = true;
    image->id = packed_take_id(in, first, MESSAGE_MAX_CHANNEL, image->uuid);
    /* A UUID is always valid. */
    if (!in->failed && (first & PACKED_UUID) == 0 &&
        !message_channel_is_valid(image->id))
        in->failed = true;
    image->revision = packed_take_varint(
        in, 1, (UINT64_C(1) << TABLE_ENTRY_REVISION_BITS) - 1);
    image->has_gaps = (first & IMAGE_HAS_GAPS) != 0;
    image->run_count = 1;
    image->floor = 0;
    if (image->has_gaps) {
        image->run_count += (uint32_t)packed_take_varint(in, 0, RUNS_MOST - 1);
        image->floor = packed_take_varint(in, 0, MESSAGE_MAX_NUMBER);
    }
}

static void take_runs(struct packed *in, struct image *image,
                      struct rocket_audit *audit)
{
    struct image_run *run = &image->last_run;
    struct image_runs runs;

    image->runs = in->rest;
    init_runs(&runs, in->rest, image->has_gaps);
    rocket_audit_init(audit, image->floor);
    for (uint32_t i = 0; i < image->run_count && !runs.in.failed; i++) {
        image_runs_next(&runs, run);
        struct effect_parts parts = {
            .type = run->type.data != NULL,
            .mission = run->mission.data != NULL,
            .reason = run->reason.data != NULL,
            .speed = run->speed,
        };
        if (!rocket_audit_run(audit, run->first, run->last, &parts))
            runs.in.failed = true;
    }
    *in = runs.in;
}

bool image_read(struct text *images, struct image *image)
{
    struct packed in = {*images, false};
    struct rocket_audit audit;
    uint64_t given_up = 0;

    take_head(&in, image);
    if (in.failed)
        return false;
    take_runs(&in, image, &audit);
    if (image->floor != 0)
        given_up = 1 + packed_take_varint(&in, 0, MESSAGE_MAX_NUMBER);
    image->updated = packed_take_time(&in);
    if (in.failed)
        return false;
    image->applied = audit.numbers - given_up;
    image->last_number = audit.last;
    if (!is_possible(image, &audit, given_up))
        return false;
    *images = in.rest;
    return true;
}
