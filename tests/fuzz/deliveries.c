/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four bytes of a delivery, bits from the lowest:
 *  0. 3 bits: the type of the message; 7: the last number again, with other
 *     content; any value between: a burst. 2 bits: the rocket. 3 bits: how the
 *     number is chosen;
 *  1. the value from which the number is computed; in a burst also stride and
 *     direction;
 *  2. two strings; in a burst the number of messages;
 *  3. speed and time; in a burst also the type.
 */
#include "deliveries.h"

#include <assert.h>

#include "lib/messages.h"

enum {
    BYTES = 4,
    AGAIN = 7, /* the values from MESSAGE_TYPE_COUNT to AGAIN - 1 are bursts */
};

static_assert((int)MESSAGE_TYPE_COUNT < (int)AGAIN,
              "a value must be left for bursts");

const char *const deliveries_channels[DELIVERIES_ROCKETS] = {
    "rocket-0", "rocket-1", "rocket-2", "r"};

static uint64_t clamp(uint64_t number)
{
    if (number < 1)
        return 1;
    return number > MESSAGE_MAX_NUMBER ? MESSAGE_MAX_NUMBER : number;
}

/* In most cases a number near the last one, else one near a limit. */
static uint64_t number_of(unsigned kind, unsigned byte, uint64_t last)
{
    switch (kind) {
    case 0:
        return last + 1;
    case 1:
        return 1 + byte;
    case 2:
        return last + 1 + byte;
    case 3:
        return last > byte ? last - byte : 1;
    case 4:
        return UINT64_C(8) * byte;
    case 5:
        return MESSAGE_MAX_NUMBER - byte;
    case 6:
        return (UINT64_C(1) << (byte % 53)) + byte / 53;
    default:
        return UINT64_C(1000) + byte;
    }
}

static int64_t speed_of(unsigned byte)
{
    static const int64_t speeds[] = {
        0, 1, 500, 3000, MESSAGE_MAX_SPEED, MESSAGE_MAX_SPEED - 1, 7, 99999,
    };

    return speeds[byte % 8];
}

/* Times do not follow the order of numbers, as they must not affect it. */
static struct timestamp time_of(unsigned byte)
{
    return (struct timestamp){
        .seconds = MESSAGES_START + (byte * 37) % 256,
        .nanoseconds = byte * 3001,
        .offset = (int16_t)(byte % 24 * 60 - 720),
        .digits = 9,
    };
}

static void set_payload(struct deliveries *deliveries, struct message *message,
                        unsigned names, unsigned speed)
{
    struct text first = deliveries->name(deliveries->context, names % 16);

    switch (message->type) {
    case MESSAGE_LAUNCHED:
        message->rocket_type = first;
        message->mission =
            deliveries->name(deliveries->context, names / 16 % 16);
        message->speed = speed_of(speed);
        break;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        message->speed = speed_of(speed);
        break;
    case MESSAGE_EXPLODED:
        message->reason = first;
        break;
    case MESSAGE_MISSION_CHANGED:
        message->mission = first;
        break;
    }
}

/* Make the next message of the burst. Nearly all have the same type. */
static void next_of_burst(struct deliveries *deliveries,
                          struct message *message)
{
    const unsigned char *bytes = deliveries->burst;
    unsigned left = --deliveries->burst_left;
    unsigned rocket = bytes[0] / 8 % 4;
    unsigned type = left % 16 == 15 ? left / 16 : bytes[3] / 32U;

    *message = (struct message){
        .channel = text_of(deliveries_channels[rocket]),
        .number = clamp(deliveries->burst_number),
        .time = time_of(left % 256),
        .type = (enum message_type)(type % MESSAGE_TYPE_COUNT),
    };
    set_payload(deliveries, message, bytes[3] + left, bytes[3]);
    if (deliveries->burst_down)
        deliveries->burst_number -= deliveries->burst_stride;
    else
        deliveries->burst_number += deliveries->burst_stride;
    /* Ascending numbers may exceed the limit; descending ones start high. */
    if (deliveries->burst_number > MESSAGE_MAX_NUMBER)
        deliveries->burst_left = 0;
}

static void begin_burst(struct deliveries *deliveries,
                        const unsigned char *bytes, uint64_t number)
{
    deliveries->burst = bytes;
    deliveries->burst_left = 2 + bytes[2] / 4U;
    deliveries->burst_stride = 1 + bytes[1] % 4;
    deliveries->burst_down = bytes[1] / 4 % 2 == 1;
    deliveries->burst_number = number;
    if (deliveries->burst_down)
        deliveries->burst_number += UINT64_C(300);
    deliveries->burst_number = clamp(deliveries->burst_number);
}

static void remember_number(struct deliveries *deliveries, unsigned rocket,
                            uint64_t number)
{
    if (number > deliveries->last[rocket])
        deliveries->last[rocket] = number;
}

bool deliveries_next(struct deliveries *deliveries, struct message *message)
{
    if (deliveries->made++ == DELIVERIES_MAX)
        return false;
    if (deliveries->burst_left == 0) {
        if (deliveries->bytes.length < BYTES)
            return false;
        const unsigned char *bytes =
            (const unsigned char *)deliveries->bytes.data;
        deliveries->bytes.data += BYTES;
        deliveries->bytes.length -= BYTES;

        unsigned what = bytes[0] % 8, rocket = bytes[0] / 8 % 4;
        uint64_t last = deliveries->last[rocket];
        uint64_t number = clamp(number_of(bytes[0] / 32U, bytes[1], last));
        if (what < MESSAGE_TYPE_COUNT || what == AGAIN) {
            *message = (struct message){
                .channel = text_of(deliveries_channels[rocket]),
                .number = what == AGAIN ? clamp(last) : number,
                .time = time_of(bytes[3]),
                .type = (enum message_type)(what % MESSAGE_TYPE_COUNT),
            };
            set_payload(deliveries, message, bytes[2], bytes[3]);
            remember_number(deliveries, rocket, message->number);
            return true;
        }
        begin_burst(deliveries, bytes, number);
    }
    next_of_burst(deliveries, message);
    remember_number(deliveries, deliveries->burst[0] / 8 % 4, message->number);
    return true;
}
