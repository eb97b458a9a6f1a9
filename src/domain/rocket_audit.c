/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is true of each rocket:
 *
 *  - It has 1 to ROCKET_MAX_RUNS runs, with a number missing between them.
 *  - A run has enough messages for its effect.
 *  - Numbers are only given up below or at the floor. That is the last number
 *    of a gap inside of a run, whose first and last numbers were applied.
 *  - When the floor was given up, there was one run too many, and all but the
 *    lowest were above it.
 */
#include "domain/rocket_audit.h"

#include <string.h>

#include "domain/rocket.h"

/*
 * A launch gives a speed up to the maximum, each other message changes it by up
 * to the maximum. As speeds wrap around, it may have gone up or down.
 */
uint64_t effect_parts_messages(const struct effect_parts *parts)
{
    const uint64_t most = MESSAGE_MAX_SPEED;
    uint64_t up = (uint64_t)parts->speed, down = 0 - up;

    if (parts->type && !parts->mission)
        return UINT64_MAX;
    if (parts->type)
        up -= up < most ? up : most;
    uint64_t way = up < down ? up : down;
    uint64_t messages = way / most + (way % most > 0) +
                        (parts->type || parts->mission) + parts->reason;
    return messages > 0 ? messages : 1;
}

void rocket_audit_init(struct rocket_audit *audit, uint64_t floor)
{
    memset(audit, 0, sizeof(*audit));
    audit->floor = floor;
}

/* A run that begins below the floor. Its first and last number were applied. */
static void add_given_up(struct rocket_audit *audit, uint64_t first,
                         uint64_t last, uint64_t messages)
{
    uint64_t length = last - first + 1;
    uint64_t kept = messages > 2 ? messages : 2;
    uint64_t given_up = length > kept ? length - kept : 0;

    if (last > audit->floor) {
        if (given_up > audit->floor - first)
            given_up = audit->floor - first;
        audit->has_floor = given_up > 0;
    }
    audit->given_up += given_up;
}

bool rocket_audit_run(struct rocket_audit *audit, uint64_t first, uint64_t last,
                      const struct effect_parts *effect)
{
    uint64_t lowest = audit->runs == 0 ? 1 : audit->last + 2;
    uint64_t messages = effect_parts_messages(effect);

    if (audit->wrong || first < lowest || last < first ||
        last > MESSAGE_MAX_NUMBER || messages > last - first + 1 ||
        audit->runs == ROCKET_MAX_RUNS) {
        audit->wrong = true;
        return false;
    }
    audit->runs++;
    audit->last = last;
    audit->numbers += last - first + 1;
    if (first < audit->floor)
        add_given_up(audit, first, last, messages);
    uint64_t above = first > audit->floor ? first : audit->floor + 1;
    if (above <= last)
        audit->apart += (last - above) / 2 + 1;
    return true;
}

bool rocket_audit_end(const struct rocket_audit *audit, uint64_t given_up)
{
    if (audit->wrong || audit->runs == 0)
        return false;
    if (audit->floor == 0)
        return given_up == 0;
    return audit->has_floor && given_up > 0 && given_up <= audit->given_up &&
           audit->apart >= ROCKET_MAX_RUNS;
}
