/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /events (operations.h): what the hub calls.
 */
#ifndef LUNAR_API_EVENTS_H
#define LUNAR_API_EVENTS_H

struct hub_reader;

/* `wake` of the hub's options. */
void events_wake(struct hub_reader *first);

#endif
