/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traffic is ordered by time, and each rocket's numbers rise with time.
 * So one pass over the traffic reads each rocket's messages in order.
 */
#include "expected.h"

#include <stdlib.h>

static void apply_message(struct expected *rocket,
                          const struct traffic_message *message)
{
    switch ((enum traffic_type)message->type) {
    case TRAFFIC_LAUNCHED:
        /* All that the rocket did before is forgotten. */
        *rocket = (struct expected){
            .type = traffic_rocket_type(message),
            .mission = traffic_mission(message),
            .speed = message->speed,
            .launch = message,
            .messages = rocket->messages,
        };
        break;
    case TRAFFIC_SPEED_INCREASED:
        rocket->speed += message->speed;
        break;
    case TRAFFIC_SPEED_DECREASED:
        rocket->speed -= message->speed;
        break;
    case TRAFFIC_EXPLODED:
        rocket->reason = traffic_reason(message);
        break;
    case TRAFFIC_MISSION_CHANGED:
        rocket->mission = traffic_mission(message);
        break;
    }
    rocket->last = message;
    rocket->messages++;
}

struct expected *expected_new(const struct traffic *traffic,
                              bool without_launch)
{
    struct expected *rockets = calloc(traffic->rocket_count, sizeof(*rockets));

    if (rockets == NULL)
        return NULL;
    for (uint32_t i = 0; i < traffic->message_count; i++) {
        const struct traffic_message *message = &traffic->messages[i];

        if (!without_launch || message->number != 1)
            apply_message(&rockets[message->rocket], message);
    }
    return rockets;
}
