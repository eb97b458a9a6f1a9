/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets launch at different speeds, so that a list by speed must be sorted.
 * There are only a few types and missions, as with real senders.
 */
#include "fleet.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    NAMES = 5, /* number of types, and of missions */
    /* A prime, so that consecutive rockets spread over the whole range. */
    SPEED_STEP = 379721,
    SPEEDS = 1000000,
};

static const char *const types[NAMES] = {"Falcon-9", "Atlas-H", "Saturn-I",
                                         "Titan-IV", "Electron"};
static const char *const missions[NAMES] = {"ARTEMIS", "APOLLO", "GEMINI",
                                            "MERCURY", "SKYLAB"};

struct fleet fleet_share(uint32_t round, uint64_t rockets, uint64_t number,
                         uint64_t share, uint64_t shares)
{
    return (struct fleet){
        .round = round,
        .rockets = rockets,
        .first = share + 1,
        .step = shares,
        .number = number,
        .rocket = share + 1,
    };
}

/* The rest of the message, from the value of messageType on. */
static int write_payload(const struct fleet *fleet, char *out, size_t size)
{
    uint64_t number = fleet->number, rocket = fleet->rocket;

    if (number == 1)
        return snprintf(out, size,
                        "RocketLaunched\"},\"message\":{\"type\":\"%s\","
                        "\"launchSpeed\":%" PRIu64 ",\"mission\":\"%s\"}}",
                        types[rocket % NAMES], rocket * SPEED_STEP % SPEEDS,
                        missions[rocket / NAMES % NAMES]);
    if (number % 10 == 0)
        return snprintf(out, size,
                        "RocketMissionChanged\"},\"message\":"
                        "{\"newMission\":\"%s\"}}",
                        missions[number / 10 % NAMES]);
    return snprintf(out, size, "%s\"},\"message\":{\"by\":%d}}",
                    number % 2 == 0 ? "RocketSpeedIncreased"
                                    : "RocketSpeedDecreased",
                    number % 2 == 0 ? 1500 : 500);
}

size_t fleet_next(struct fleet *fleet, char *out)
{
    /* The messages of a rocket are one millisecond apart. */
    unsigned long seconds = (unsigned long)(fleet->number / 1000);
    int length = snprintf(
        out, FLEET_MAX_MESSAGE,
        "{\"metadata\":{\"channel\":\"%08" PRIx32 "-0000-5000-8000-%012" PRIx64
        "\",\"messageNumber\":%" PRIu64
        ",\"messageTime\":\"2025-04-02T%02lu:%02lu:%02lu.%09lu+02:00\","
        "\"messageType\":\"",
        fleet->round, fleet->rocket, fleet->number, seconds / 3600 % 24,
        seconds / 60 % 60, seconds % 60,
        (unsigned long)(fleet->number % 1000) * 1000000 + 989221);

    length += write_payload(fleet, out + length,
                            (size_t)(FLEET_MAX_MESSAGE - length));
    fleet->rocket += fleet->step;
    if (fleet->rocket > fleet->rockets) {
        fleet->rocket = fleet->first;
        fleet->number++;
    }
    return (size_t)length;
}
