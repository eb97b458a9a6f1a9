/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An outage is a time without a delivery although requests were made. It
 * begins with the first of these requests, so that a service that accepts
 * connections and does not answer counts too.
 */
#include "health.h"

#include "clock.h"

struct health health_start(size_t workers, size_t messages)
{
    size_t most = workers < messages ? workers : messages;

    return (struct health){
        .first_replies =
            most < HEALTH_FIRST_REPLIES ? most : HEALTH_FIRST_REPLIES,
    };
}

void health_requested(struct health *health, int64_t now)
{
    if (health->silent_since == 0)
        health->silent_since = now;
    health->in_flight++;
}

int64_t health_outage(const struct health *health, int64_t now)
{
    int64_t silence =
        health->silent_since != 0 ? now - health->silent_since : 0;

    return silence >= HEALTH_OUTAGE_MS * CLOCK_MILLISECOND ? silence : 0;
}

int64_t health_delivered(struct health *health, int64_t now)
{
    int64_t outage = health->reported ? health_outage(health, now) : 0;

    health->in_flight--;
    health->usable = true;
    health->silent_since = health->in_flight > 0 ? now : 0;
    health->status = 0;
    health->reported = false;
    return outage;
}

/* Whether to report a failure of this kind. */
static bool is_news(const struct health *health, enum transport_result result,
                    int64_t now)
{
    bool known = (health->known & (UINT32_C(1) << result)) != 0;

    return !known || (!health->reported && health_outage(health, now) > 0);
}

enum health_report health_failed(struct health *health,
                                 enum transport_result result, long status,
                                 int64_t now)
{
    health->in_flight--;
    health->status = status;
    if (status != 0 && result != TRANSPORT_REFUSED)
        health->usable = true;
    /* Until it is clear that it will be sent again, a refusal is kept quiet. */
    if ((result == TRANSPORT_REFUSED || result == TRANSPORT_UNTRUSTED) &&
        !health->usable)
        return ++health->refusals == health->first_replies ? HEALTH_REFUSED
                                                           : HEALTH_QUIET;
    if (!is_news(health, result, now))
        return HEALTH_QUIET;
    health->known |= UINT32_C(1) << result;
    health->reported = true;
    return HEALTH_FAILURE;
}
