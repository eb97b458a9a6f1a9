/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration while it is read: the one place that sets an option, from any
 * source, and that words the errors of what a source says.
 */
#ifndef LUNAR_CONFIG_DRAFT_H
#define LUNAR_CONFIG_DRAFT_H

#include <stdbool.h>

#include "config/config.h"
#include "config/table.h"

struct config_draft {
    struct config config;
    struct config_report *report; /* has the origins of the values */
    /*
     * Read on past errors, for what -log-format says behind them. Only this
     * setting of the draft has a meaning then.
     */
    bool tolerant;
};

/* The options that have a default, in an empty draft. */
void config_draft_init(struct config_draft *draft,
                       struct config_report *report);

/* Where the value of an option comes from. */
struct config_origin *config_draft_origin(const struct config_draft *draft,
                                          const struct config_option *option);

/*
 * Set the option to `from->value`, unless a stronger source has set it; the
 * value is checked in any case. NULL: it has none, as a consent that is a flag.
 * False, with the error set, if it is not valid.
 */
bool config_draft_set(struct config_draft *draft,
                      const struct config_option *option,
                      const struct config_origin *from);

/*
 * Set the error to `what`, which is shown on one line, and `why`, behind the
 * line of the file if that is where it is from. Always false.
 */
bool config_draft_fail(struct config_draft *draft,
                       const struct config_origin *from, const char *what,
                       const char *why);

#endif
