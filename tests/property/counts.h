/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table counts must be, counted plainly: rocket by rocket, from their
 * views.
 */
#ifndef LUNAR_TESTS_COUNTS_H
#define LUNAR_TESTS_COUNTS_H

#include "table/table.h"

/*
 * Compare the summary, the speeds, types and missions of the table, to which
 * nothing is applied meanwhile, with its rockets one by one. Also the gaps of
 * each with what it says is missing. Returns what differs; NULL if nothing
 * does. Static.
 */
const char *counts_difference(struct table *table);

#endif
