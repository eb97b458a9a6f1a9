/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as clients read them: text/event-stream (HTML section 9.2), with one
 * line of JSON each. openapi.yaml documents them, at /events.
 */
#ifndef LUNAR_API_EVENT_TEXT_H
#define LUNAR_API_EVENT_TEXT_H

#include "live/hub.h"

struct api;

/* The type of an event, as in its line `event:`. Static. */
const char *event_text_name(enum hub_event event);

/* The writer of a hub. Ownership: `api` is borrowed. */
struct hub_writer event_text_writer(struct api *api);

#endif
