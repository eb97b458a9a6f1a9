/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a fleet of rockets, made from a seed: the same seed gives
 * the same messages, byte for byte, on every machine and on every day.
 *
 * The messages of one rocket are numbered from 1 without gaps; number 1
 * launches it and nothing follows an explosion, which about six of 20
 * rockets come to. Speeds are multiples of 500 and never below 500. The
 * rockets fly at the same time: their messages are interleaved, and
 * messageTime increases from each message to the next.
 *
 * A message is kept as 24 bytes of plain data, and its JSON text is written
 * when it is sent.
 */
#ifndef ROCKETS_TRAFFIC_H
#define ROCKETS_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

enum {
    TRAFFIC_ID_SIZE = 37,   /* a UUID in text, with its NUL */
    TRAFFIC_TIME_SIZE = 48, /* messageTime, with its NUL */
    TRAFFIC_TEXT_SIZE = 512 /* a message as JSON, with its NUL */
};

enum traffic_type {
    TRAFFIC_LAUNCHED,
    TRAFFIC_SPEED_INCREASED,
    TRAFFIC_SPEED_DECREASED,
    TRAFFIC_EXPLODED,
    TRAFFIC_MISSION_CHANGED,
};

struct traffic_message {
    int64_t time;    /* nanoseconds since 1970 */
    uint32_t rocket; /* index into the rockets */
    uint32_t number;
    uint32_t speed; /* launched: the speed; increased, decreased: by */
    uint8_t type;   /* enum traffic_type */
    /* What traffic_rocket_type() and so on take their names from. */
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
    uint32_t messages; /* at least 1, of all rockets together */
};

struct traffic {
    struct traffic_rocket *rockets;
    uint32_t rocket_count; /* as asked for, but no more than messages */
    struct traffic_message *messages; /* in the order of their times */
    uint32_t message_count;
};

/*
 * Make the messages. Returns 0, or -1 where memory ends.
 * Ownership: the caller calls traffic_release() after 0.
 */
int traffic_init(struct traffic *traffic,
                 const struct traffic_options *options);
void traffic_release(struct traffic *traffic);

/*
 * Write the JSON text as the original program writes it, members in the
 * same order and no spaces, and return its length.
 */
size_t traffic_render(const struct traffic *traffic,
                      const struct traffic_message *message,
                      char text[static TRAFFIC_TEXT_SIZE]);

/* Names that a message of the right type has; static. */
const char *traffic_rocket_type(const struct traffic_message *message);
const char *traffic_mission(const struct traffic_message *message);
const char *traffic_reason(const struct traffic_message *message);

/* Its messageTime: RFC 3339 at +02:00, without trailing zeros as in Go. */
void traffic_time(const struct traffic_message *message,
                  char text[static TRAFFIC_TIME_SIZE]);

#endif
