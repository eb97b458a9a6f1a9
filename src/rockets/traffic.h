/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a fleet of rockets, made from a seed. The same seed gives
 * the same messages, byte for byte, on every machine and at any time.
 *
 * The messages of one rocket are numbered from 1 without gaps. Number 1
 * launches the rocket. Three in ten rockets explode; no message follows the
 * explosion. Speeds are multiples of 500 and at least 500. The rockets fly at
 * the same time: their messages are interleaved, and messageTime increases
 * from each message to the next.
 *
 * A message is stored as 24 bytes of plain data. Its JSON text is made when
 * it is sent.
 */
#ifndef ROCKETS_TRAFFIC_H
#define ROCKETS_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

enum {
    TRAFFIC_ID_SIZE = 37,   /* a UUID as text, with NUL */
    TRAFFIC_TIME_SIZE = 48, /* messageTime, with NUL */
    TRAFFIC_TEXT_SIZE = 512 /* a message as JSON, with NUL */
};

enum traffic_type {
    TRAFFIC_LAUNCHED,
    TRAFFIC_SPEED_INCREASED,
    TRAFFIC_SPEED_DECREASED,
    TRAFFIC_EXPLODED,
    TRAFFIC_MISSION_CHANGED,
};

struct traffic_message {
    int64_t time;    /* nanoseconds since 1970-01-01T00:00:00Z */
    uint32_t rocket; /* index into `rockets` of the traffic */
    uint32_t number;
    uint32_t speed; /* launched: launchSpeed; increased, decreased: by */
    uint8_t type;   /* enum traffic_type */
    /* Indices; traffic_rocket_type() etc. give the names. */
    uint8_t rocket_type;
    uint8_t mission;
    uint8_t reason;
};

struct traffic_rocket {
    char id[TRAFFIC_ID_SIZE];
};

struct traffic_options {
    uint64_t seed;
    uint32_t rockets;  /* at least 1 */
    uint32_t messages; /* of all rockets together, at least 1 */
};

struct traffic {
    struct traffic_rocket *rockets;
    uint32_t rocket_count; /* as in the options, but at most one per message */
    struct traffic_message *messages; /* ordered by time */
    uint32_t message_count;
};

/*
 * Make the messages. Returns 0, or -1 if out of memory.
 * Ownership: after 0 the caller calls traffic_release().
 */
int traffic_init(struct traffic *traffic,
                 const struct traffic_options *options);
void traffic_release(struct traffic *traffic);

/*
 * Write the JSON text as the original program does: members in the same
 * order, no spaces. Returns its length.
 */
size_t traffic_render(const struct traffic *traffic,
                      const struct traffic_message *message,
                      char text[static TRAFFIC_TEXT_SIZE]);

/*
 * The rocket type, mission or reason of a message whose type has one.
 * Static strings.
 */
const char *traffic_rocket_type(const struct traffic_message *message);
const char *traffic_mission(const struct traffic_message *message);
const char *traffic_reason(const struct traffic_message *message);

/* Write messageTime: RFC 3339, offset +02:00, no trailing zeros, as in Go. */
void traffic_time(const struct traffic_message *message,
                  char text[static TRAFFIC_TIME_SIZE]);

#endif
