/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single include of an integration test: cmocka with the headers that it
 * needs before it, and all parts of the harness.
 */
#ifndef LUNAR_TEST_HARNESS_H
#define LUNAR_TEST_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/connection.h"
#include "lib/events.h"
#include "lib/exchange.h"
#include "lib/fleet.h"
#include "lib/instance.h"
#include "lib/process.h"
#include "lib/response.h"
#include "lib/scrape.h"

/*
 * Run the array `tests` in both thread modes, against one service each.
 * Evaluates to the number of failures.
 */
#define HARNESS_RUN_IN_BOTH_MODES(tests)                                       \
    (cmocka_run_group_tests_name("event loops", tests, instance_setup,         \
                                 instance_teardown) +                          \
     cmocka_run_group_tests_name("a thread for each connection", tests,        \
                                 instance_setup_per_connection,                \
                                 instance_teardown))

#endif
