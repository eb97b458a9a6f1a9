/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that an integration test includes: cmocka, in the order that it
 * wants, and the parts of the harness.
 */
#ifndef LUNAR_TEST_HARNESS_H
#define LUNAR_TEST_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "connection.h"
#include "fleet.h"
#include "instance.h"
#include "process.h"
#include "response.h"

#endif
