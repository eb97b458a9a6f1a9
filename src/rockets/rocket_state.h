/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket and the summary of a fleet, as a service describes them in JSON.
 * What is missing or of another kind is 0, or an empty text.
 *
 * Numbers are read as doubles, as cJSON does, so they are exact up to 2^53.
 */
#ifndef ROCKETS_ROCKET_STATE_H
#define ROCKETS_ROCKET_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

enum {
    ROCKET_STATE_ID_SIZE = 257,   /* the service allows ids of 128 bytes */
    ROCKET_STATE_TEXT_SIZE = 257, /* and other texts of 256 */
    ROCKET_STATE_TIME_SIZE = 48,
};

struct rocket_state {
    char id[ROCKET_STATE_ID_SIZE];
    char type[ROCKET_STATE_TEXT_SIZE]; /* "": not known */
    char mission[ROCKET_STATE_TEXT_SIZE];
    char reason[ROCKET_STATE_TEXT_SIZE]; /* why it has exploded */
    char created[ROCKET_STATE_TIME_SIZE];
    char updated[ROCKET_STATE_TIME_SIZE];
    double speed, missing;
    double last_number; /* 0: nothing but the id is known */
    double revision;    /* of two states of a rocket the higher one is newer */
    bool exploded;
};

/*
 * Read a rocket. Longer texts are cut. Returns false if there is no id, or one
 * that is too long: it could not be asked for.
 */
bool rocket_state_read(struct rocket_state *rocket, const cJSON *json);

struct fleet_summary {
    double rockets, active, exploded, unlaunched, incomplete;
    double missing, given_up;
    /* What became of the messages since the service started. */
    double applied, duplicate, stale, rejected, no_memory, not_written;
    double memory_used, memory_limit;
};

/* Returns false if it is no summary. */
bool fleet_summary_read(struct fleet_summary *summary, const cJSON *json);

/* All messages of the summary, whatever became of them. */
double fleet_summary_messages(const struct fleet_summary *summary);

#endif
