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
#include "lib/fleet.h"
#include "lib/instance.h"
#include "lib/process.h"
#include "lib/response.h"

#endif
