/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the two summaries of the state, GET /fleet and the gaps of each
 * rocket, with a count over the whole list.
 */
#ifndef LUNAR_TEST_FLEET_COUNT_H
#define LUNAR_TEST_FLEET_COUNT_H

#include "lib/instance.h"

/*
 * Expect that GET /fleet, once it has the latest revision, has the same numbers
 * as a count over the list: of rockets, missing messages, names and speeds; and
 * that the gaps of each rocket, page by page, and what was given up of it, are
 * its missing messages. Nothing may change meanwhile.
 */
void fleet_count_expect(const struct instance *instance);

#endif
