/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a scan: it reads a few blocks of one stripe.
 */
#ifndef LUNAR_TABLE_SCAN_STEP_H
#define LUNAR_TABLE_SCAN_STEP_H

#include "stripe.h"
#include "table/table_scan.h"

/*
 * Read `stripe` from block `scan->block` on, until a block gives rows or the
 * step has read as many blocks as it may under one lock. `scan->block`
 * advances. Results are added to those of the scan, which the caller has set
 * to zero.
 * Locking: the caller holds the stripe's lock, at least for reading.
 */
void scan_step_run(struct table_scan *scan, const struct stripe *stripe);

#endif
