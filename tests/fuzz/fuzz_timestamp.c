/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes date-times: two texts separated by LF. Each must be accepted exactly
 * if strict_message.c accepts it, be the same instant, and be written as it was
 * read. The two must compare by instant.
 */
#include "fuzz.h"

#include "format/timestamp.h"
#include "lib/messages.h"
#include "strict.h"

static bool read_both(struct text text, struct timestamp *time,
                      struct strict_time *instant)
{
    /* A value that timestamp_parse() never returns. */
    static const struct timestamp untouched = {-1, 4000000000, -1, 99, 99};
    struct text copy = exact_copy(text);
    char written[TIMESTAMP_MAX_LENGTH];
    const char *problem = NULL;

    *time = untouched;
    bool accepted = timestamp_parse(copy, time, &problem);
    FUZZ_CHECK(accepted == strict_time_read(copy, instant));
    exact_copy_free(copy);
    if (accepted) {
        FUZZ_CHECK(timestamp_is_valid(time));
        FUZZ_CHECK(time->seconds == instant->seconds);
        FUZZ_CHECK(time->nanoseconds == instant->nanoseconds);
        size_t length = timestamp_format(time, written);
        FUZZ_CHECK(text_equal((struct text){written, length}, text));
    } else {
        FUZZ_CHECK(problem != NULL);
        FUZZ_CHECK(memcmp(time, &untouched, sizeof(*time)) == 0);
    }
    return accepted;
}

static bool is_before(const struct strict_time *a, const struct strict_time *b)
{
    return a->seconds < b->seconds ||
           (a->seconds == b->seconds && a->nanoseconds < b->nanoseconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct text first = text_split(&rest, '\n');
    struct timestamp times[2];
    struct strict_time instants[2];
    bool accepted = read_both(first, &times[0], &instants[0]);

    if (!read_both(rest, &times[1], &instants[1]) || !accepted)
        return 0;
    for (size_t i = 0; i < 2; i++)
        FUZZ_CHECK((messages_compare_times(&times[i], &times[1 - i]) < 0) ==
                   is_before(&instants[i], &instants[1 - i]));
    FUZZ_CHECK((messages_compare_times(&times[0], &times[1]) > 0) ==
               is_before(&instants[1], &instants[0]));
    return 0;
}
