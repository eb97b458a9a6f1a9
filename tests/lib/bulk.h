/* SPDX-License-Identifier: Apache-2.0 */
/* Batches are part of lib/fleet.h, which lib/harness.h includes. */
#include "lib/fleet.h"
