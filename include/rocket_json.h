/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rocket as the API shows it: one JSON object, members in a fixed order.
 */
#ifndef LUNAR_ROCKET_JSON_H
#define LUNAR_ROCKET_JSON_H

#include "buffer.h"
#include "table_types.h"

void rocket_json_write(struct buffer *out, const struct rocket_view *view);

#endif
