/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes deliveries to one rocket of rocket.c, in any order. After each one the
 * result, state, runs, floor and counts of strings are compared with the
 * oracle.
 *
 * Built twice: as it is, and as rocket_bound with a limit of 32 runs in
 * rocket.h and oracle.h and nodes of 8 in runs.h, both of which a short input
 * can exceed.
 */
#include "fuzz.h"

#include "property/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = generator_cut(fuzz_text(data, size));
    size_t delivery;
    const char *differs = subject_follow(rocket_apply, input, &delivery);

    if (differs != NULL)
        generator_report(input, delivery, differs);
    FUZZ_CHECK(differs == NULL);
    return 0;
}
