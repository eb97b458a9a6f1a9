/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The responses to those who would follow the table, but cannot: streams of
 * events, and reads that wait for a change.
 */
#ifndef LUNAR_API_NO_PLACE_H
#define LUNAR_API_NO_PLACE_H

#include "http/response.h"
#include "live/hub.h"

/* Make `response` the 503 for any of these but HUB_ADDED. */
void no_place_answer(enum hub_added added, struct http_response *response);

#endif
