/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the gaps of one rocket from its runs, under the lock of its stripe.
 */
#include "table/table_gaps.h"

#include "base/sync.h"
#include "table_parts.h"

/*
 * A gap ends below a run. The first one whose `to` is above `after` is that
 * below the first run that begins above `after` + 1. It is not empty: a number
 * is missing between any two runs, and a first run that begins at 1 is not
 * found.
 */
static void read_gaps(const struct runs *runs, uint64_t after,
                      struct table_gap *gaps, size_t max,
                      struct table_gaps *result)
{
    struct runs_place place;

    runs_find(runs, after < UINT64_MAX ? after + 1 : after, &place);
    while (place.after != NULL && result->count < max) {
        gaps[result->count++] = (struct table_gap){
            .from = place.before == NULL ? 1 : place.before->last + 1,
            .to = place.after->first - 1,
        };
        runs_next(&place);
    }
    result->more = place.after != NULL;
}

bool table_gaps(struct table *table, struct text id, uint64_t after,
                struct table_gap *gaps, size_t max, struct table_gaps *result)
{
    struct table_location location = table_locate(table, id);
    struct locked_stripe *locked = &table->stripes[location.index];

    sync_read_lock(&locked->lock);
    const struct table_entry *entry =
        stripe_find(&locked->stripe, location.tag, id);
    if (entry != NULL) {
        const struct rocket *rocket = &entry->rocket;
        *result = (struct table_gaps){
            .revision = table_entry_revision(entry),
            .missing = rocket_missing(rocket),
            .given_up = rocket_given_up(rocket),
            .given_up_to = rocket->floor,
        };
        read_gaps(&rocket->runs, after, gaps, max, result);
    }
    sync_rwlock_unlock(&locked->lock);
    return entry != NULL;
}
