/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written by hand, without snprintf(3): the load generators share the cores
 * with the servers that they measure.
 */
#include "fleet.h"

#include <stdio.h>
#include <string.h>

enum {
    NAMES = 5, /* number of types, and of missions; few, as in real traffic */
    MISSION_CHANGES = 10, /* in 100 messages, as with `rockets` */
    /* A prime: consecutive rockets launch at speeds all over the range. */
    SPEED_STEP = 379721,
    SPEEDS = 1000000,
    NANOSECONDS = 1000000000,
    LENGTH_DIGITS = 3, /* each message has 100 to 999 bytes */
};

static const char *const types[NAMES] = {"Falcon-9", "Atlas-H", "Saturn-I",
                                         "Titan-IV", "Electron"};
static const char *const missions[NAMES] = {"ARTEMIS", "APOLLO", "GEMINI",
                                            "MERCURY", "SKYLAB"};

/* SplitMix64's function: numbers close to each other give unrelated ones. */
static inline uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The last `width` digits of `value`. */
static inline char *put_digits(char *out, uint64_t value, unsigned base,
                               size_t width)
{
    for (size_t i = width; i > 0; i--, value /= base)
        out[i - 1] = "0123456789abcdef"[value % base];
    return out + width;
}

static char *put_number(char *out, uint64_t value)
{
    size_t width = 1;

    for (uint64_t rest = value; rest >= 10; rest /= 10)
        width++;
    return put_digits(out, value, 10, width);
}

/* A rocket's messages are about a second apart; after a day it is the same. */
static char *put_time(char *out, uint64_t rocket, uint64_t number)
{
    out = stpcpy(out, "\"2025-04-02T");
    out = stpcpy(put_digits(out, number / 3600 % 24, 10, 2), ":");
    out = stpcpy(put_digits(out, number / 60 % 60, 10, 2), ":");
    out = stpcpy(put_digits(out, number % 60, 10, 2), ".");
    out = put_digits(out, mix(rocket) % NANOSECONDS, 10, 9);
    return stpcpy(out, "+02:00\"");
}

/*
 * From the value of messageType on. A launch is followed by changes of speed,
 * and a few of mission, without a pattern.
 */
static char *put_payload(char *out, uint64_t rocket, uint64_t number)
{
    uint64_t mixed = mix(rocket + (number << 32));

    if (number == 1) {
        out = stpcpy(out, "\"RocketLaunched\"},\"message\":{\"type\":\"");
        out = stpcpy(out, types[mixed % NAMES]);
        out = stpcpy(out, "\",\"launchSpeed\":");
        out = put_number(out, rocket * SPEED_STEP % SPEEDS);
        out = stpcpy(out, ",\"mission\":\"");
        out = stpcpy(out, missions[mixed / NAMES % NAMES]);
        return stpcpy(out, "\"}}");
    }
    if (mixed % 100 < MISSION_CHANGES) {
        out = stpcpy(out, "\"RocketMissionChanged\"},"
                          "\"message\":{\"newMission\":\"");
        out = stpcpy(out, missions[mixed / 100 % NAMES]);
        return stpcpy(out, "\"}}");
    }
    out = stpcpy(out, mixed % 2 == 0 ? "\"RocketSpeedIncreased\""
                                     : "\"RocketSpeedDecreased\"");
    out = stpcpy(out, "},\"message\":{\"by\":");
    out = put_number(out, 500 * (1 + mixed / 2 % 10));
    return stpcpy(out, "}}");
}

/* A UUID in shape. Round and rocket are in it, and it begins at random. */
static char *put_id(char *out, uint64_t round, uint64_t rocket)
{
    out = put_digits(out, mix(round << 32 ^ rocket), 16, 8);
    out = stpcpy(put_digits(stpcpy(out, "-"), round >> 24, 16, 4), "-5");
    out = stpcpy(put_digits(out, round >> 12, 16, 3), "-8");
    out = stpcpy(put_digits(out, round, 16, 3), "-");
    return put_digits(out, rocket, 16, 12);
}

size_t fleet_message(uint64_t round, uint64_t rocket, uint64_t number,
                     char *out)
{
    char *end = stpcpy(out, "{\"metadata\":{\"channel\":\"");

    end = stpcpy(put_id(end, round, rocket), "\",\"messageNumber\":");
    end = stpcpy(put_number(end, number), ",\"messageTime\":");
    end = stpcpy(put_time(end, rocket, number), ",\"messageType\":");
    end = put_payload(end, rocket, number);
    return (size_t)(end - out);
}

static size_t next_message(struct fleet *fleet, char *out)
{
    size_t length =
        fleet_message(fleet->round, fleet->rocket, fleet->number, out);

    fleet->rocket += fleet->step;
    if (fleet->rocket > fleet->last) {
        fleet->rocket = fleet->first;
        fleet->number++;
    }
    return length;
}

size_t fleet_lines(struct fleet *fleet, uint64_t count, char *out)
{
    size_t length = 0;

    for (uint64_t i = 0; i < count; i++) {
        length += next_message(fleet, out + length);
        out[length++] = '\n';
    }
    return length;
}

size_t fleet_request(struct fleet *fleet, const char *fields, char *out)
{
    char *end = stpcpy(out, "POST /messages HTTP/1.1\r\n");
    char *digits = stpcpy(stpcpy(end, fields), "Content-Type: application/json"
                                               "\r\nContent-Length: ");

    end = stpcpy(digits + LENGTH_DIGITS, "\r\n\r\n");
    size_t length = next_message(fleet, end);
    put_digits(digits, length, 10, LENGTH_DIGITS);
    return (size_t)(end - out) + length;
}
