/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fleet as a whole, as the API shows it: one JSON object, members in a
 * fixed order.
 */
#ifndef LUNAR_API_FLEET_JSON_H
#define LUNAR_API_FLEET_JSON_H

#include "base/buffer.h"

struct api;

/*
 * Count, and append the object. If memory is exhausted, `out` fails
 * (buffer_failed()).
 * Locking: as table_count_names(); some milliseconds for a million rockets.
 */
void fleet_json_write(struct api *api, struct buffer *out);

/*
 * The same without the members `types` and `missions`, which take long to
 * count. Equal bytes mean that none of its numbers has changed.
 * Locking: as table_count_speeds(); about 2 ms for a million rockets.
 */
void fleet_json_summary(struct api *api, struct buffer *out);

#endif
