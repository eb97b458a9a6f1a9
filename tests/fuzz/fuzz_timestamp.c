/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes date-times: two texts separated by LF. Each must be accepted exactly
 * if strict_message.c accepts it, be the same instant, and be written as it was
 * read. The two must compare by instant.
 */
#include "fuzz.h"

#include "format/timestamp.h"
#include "strict_message.h"

/* A value that timestamp_parse() never returns. */
static const struct timestamp untouched = {-1, 4000000000, -1, 99, 99};

static bool same_timestamp(const struct timestamp *a, const struct timestamp *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static bool read_both(struct text text, struct timestamp *time,
                      struct strict_time *instant)
{
    struct text copy = fuzz_copy(text);

    *time = untouched;
    bool accepted = timestamp_parse(copy, time);
    FUZZ_CHECK(accepted == strict_time_read(copy, instant));
    if (!accepted)
        FUZZ_CHECK(same_timestamp(time, &untouched));
    fuzz_free(copy);
    return accepted;
}

static void check_written_as_read(struct text text,
                                  const struct timestamp *time)
{
    char *written = malloc(TIMESTAMP_MAX_LENGTH);

    FUZZ_CHECK(written != NULL);
    size_t length = timestamp_format(time, written);
    FUZZ_CHECK(length <= TIMESTAMP_MAX_LENGTH);
    FUZZ_CHECK(text_equal((struct text){written, length}, text));
    free(written);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct text texts[2];
    struct timestamp times[2];
    struct strict_time instants[2];
    bool accepted[2];

    texts[0] = text_split(&rest, '\n');
    texts[1] = rest;
    for (size_t i = 0; i < 2; i++) {
        accepted[i] = read_both(texts[i], &times[i], &instants[i]);
        if (!accepted[i])
            continue;
        FUZZ_CHECK(times[i].seconds == instants[i].seconds);
        FUZZ_CHECK(times[i].nanoseconds == instants[i].nanoseconds);
        check_written_as_read(texts[i], &times[i]);
        FUZZ_CHECK(timestamp_compare(&times[i], &times[i]) == 0);
    }
    if (accepted[0] && accepted[1]) {
        int order = strict_time_compare(&instants[0], &instants[1]);
        FUZZ_CHECK(sign(timestamp_compare(&times[0], &times[1])) ==
                   sign(order));
        FUZZ_CHECK(sign(timestamp_compare(&times[1], &times[0])) ==
                   -sign(order));
    }
    return 0;
}
