/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics of the service under test, and the values in it.
 */
#ifndef LUNAR_TEST_SCRAPE_H
#define LUNAR_TEST_SCRAPE_H

#include "lib/instance.h"

/*
 * Scrape the service, and return the text. Ownership: the caller frees it.
 */
char *scrape_text(const struct instance *instance);

/*
 * Return the value of a sample in such a text, named as there:
 * "lunar_messages_total{result=\"applied\"}". Fail the test unless the text has
 * it exactly once.
 */
double scrape_find(const char *text, const char *sample);

/* Scrape the service, and return the value of one sample. */
double scrape_value(const struct instance *instance, const char *sample);

/* Scrape the service until a sample has this value. */
void scrape_wait_for(const struct instance *instance, const char *sample,
                     double value);

/* Scrape the service until a sample has this value or a higher one. */
void scrape_wait_from(const struct instance *instance, const char *sample,
                      double value);

#endif
