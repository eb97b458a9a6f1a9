/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a scan: a few blocks of one stripe, read under one lock.
 */
#ifndef LUNAR_TABLE_SCAN_STEP_H
#define LUNAR_TABLE_SCAN_STEP_H

#include "stripe.h"
#include "table/table_scan.h"

/*
 * Read `stripe` from block `scan->block` on, until there are rows or enough
 * rockets have been read for one lock. `scan->block` advances; the results
 * are added to those of the scan, which the caller has set to zero.
 * Locking: the caller holds the stripe's lock, at least for reading.
 */
void scan_step_run(struct table_scan *scan, const struct stripe *stripe);

#endif
