/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the application.
 */
#ifndef LUNAR_API_API_METRICS_H
#define LUNAR_API_API_METRICS_H

#include <stdint.h>

#include "domain/message.h"

struct api;
struct api_metrics;
struct commit_ticket;
struct metrics;

/* Add the families to `metrics`, which may be NULL. */
void api_metrics_add(struct api *api, struct metrics *metrics);

/* Count `number` messages with this outcome; no launches and explosions. */
void api_metrics_count(const struct api_metrics *counts,
                       enum message_outcome outcome, uint64_t number);

/* Count the messages of a ticket that was applied. */
void api_metrics_count_ticket(const struct api_metrics *counts,
                              const struct commit_ticket *ticket);

#endif
