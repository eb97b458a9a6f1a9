/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket as the API shows it: one JSON object, members in a fixed order.
 */
#ifndef LUNAR_API_ROCKET_JSON_H
#define LUNAR_API_ROCKET_JSON_H

#include "base/buffer.h"
#include "table/table_types.h"

void rocket_json_write(struct buffer *out, const struct rocket_view *view);

/*
 * The same without the revision, which depends on the messages of all rockets:
 * the same state always has the same bytes.
 */
void rocket_json_write_state(struct buffer *out,
                             const struct rocket_view *view);

#endif
