/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes deliveries to a table of a few rockets, its memory limit, and the list
 * that is made at the end. After each delivery the rocket is compared with the
 * oracle. The same deliveries are then made in groups.
 */
#include "fuzz.h"

#include "lib/generator.h"
#include "property/fleet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = generator_cut(fuzz_text(data, size));
    size_t delivery;
    const char *differs = fleet_follow(input, &delivery);

    if (differs == NULL)
        differs = fleet_follow_groups(input, &delivery);
    if (differs != NULL)
        generator_report(input, delivery, differs);
    FUZZ_CHECK(differs == NULL);
    return 0;
}
