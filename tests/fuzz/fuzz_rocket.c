/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes deliveries to one rocket of rocket.c, in any order. After each one the
 * result, state, runs, floor and counts of strings are compared with the
 * oracle.
 *
 * Built twice: as it is, and as rocket_bound with a limit of a few runs in
 * rocket.h and oracle.h, which a short input can exceed.
 */
#include "fuzz.h"

#include "deliveries.h"
#include "subject.h"

/* One of the strings that subject.c counts. */
static struct text name_of(void *context, unsigned number)
{
    (void)context;
    return text_of(history_names[number % HISTORY_NAMES]);
}

static void check_runs(const struct rocket *rocket, const struct oracle *oracle)
{
    FUZZ_CHECK(rocket->count == oracle->range_count);
    FUZZ_CHECK(rocket->count <= ROCKET_MAX_RUNS);
    FUZZ_CHECK(rocket->floor == oracle->floor);
    FUZZ_CHECK(rocket->applied == oracle->count);
    FUZZ_CHECK(rocket_last_number(rocket) ==
               oracle->applied[oracle->count - 1].number);
}

static void check_state(const struct subject *subject,
                        const struct oracle *oracle)
{
    struct oracle_state state = oracle_state(oracle);

    FUZZ_CHECK(subject_difference(subject, &state) == NULL);
    FUZZ_CHECK(subject_strings_difference(subject) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct deliveries deliveries = {.bytes = fuzz_text(data, size),
                                    .name = name_of};
    struct oracle *oracle = malloc(sizeof(*oracle));
    struct subject subject;
    struct message message;

    FUZZ_CHECK(oracle != NULL);
    oracle_init(oracle);
    subject_init(&subject, rocket_apply);
    while (deliveries_next(&deliveries, &message)) {
        enum message_outcome expected = oracle_apply(oracle, &message);
        FUZZ_CHECK(rocket_check(&subject.rocket, message.number) == expected);
        FUZZ_CHECK(subject_apply(&subject, &message) == expected);
        check_runs(&subject.rocket, oracle);
        check_state(&subject, oracle);
    }
    subject_release(&subject);
    FUZZ_CHECK(quota_used(&subject.quota) == 0);
    oracle_release(oracle);
    free(oracle);
    return 0;
}
