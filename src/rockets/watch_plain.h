/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of `rockets watch --plain`: columns with a tab between them. The
 * first two are the local time, as RFC 3339 has it, and the event. A rocket,
 * launch or explosion goes on with id, type, mission, speed, reason; all others
 * with NAME=VALUE. What is not known is "-". Texts are escaped, so that each
 * line is one event and each tab a column.
 */
#ifndef ROCKETS_WATCH_PLAIN_H
#define ROCKETS_WATCH_PLAIN_H

#include <time.h>

#include "bytes.h"
#include "fleet_view.h"

/* `event`: rocket, launched or exploded. */
void watch_plain_rocket(struct bytes *out, const struct timespec *time,
                        const char *event, const struct rocket_state *rocket);

/* How many launches or explosions the service has left out. */
void watch_plain_more(struct bytes *out, const struct timespec *time,
                      const char *event, double count);

/* `rates`: NULL if they are not known. */
void watch_plain_summary(struct bytes *out, const struct timespec *time,
                         const struct fleet_summary *summary,
                         const struct fleet_rates *rates);

/* `event`: hello or reset, with the position from which events come. */
void watch_plain_position(struct bytes *out, const struct timespec *time,
                          const char *event, const char *start,
                          double revision);

#endif
