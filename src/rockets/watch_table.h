/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of rockets of the full-screen view.
 */
#ifndef ROCKETS_WATCH_TABLE_H
#define ROCKETS_WATCH_TABLE_H

#include <stddef.h>

#include "bytes.h"
#include "fleet_view.h"
#include "watch_screen.h"

/* Append a title and `rows` lines, empty ones if there are fewer rockets. */
void watch_table_draw(struct bytes *out, const struct watch_screen *screen,
                      const struct fleet_view *view, size_t rows);

#endif
