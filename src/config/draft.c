/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value that is overridden is read into a copy, so that it is checked as
 * well.
 */
#include "draft.h"

#include <stdio.h>

#include "base/log.h"

enum {
    MAX_WHAT = 128, /* bytes of what is wrong, shown on one line */
    MAX_FILE = 512, /* bytes of the name of a file, the same */
};

void config_draft_init(struct config_draft *draft, struct config_report *report)
{
    *draft = (struct config_draft){.report = report};
    *report = (struct config_report){0};
    for (size_t i = 0; config_table[i].name != NULL; i++) {
        const char *initial = config_table[i].initial;
        report->origins[i].value = initial;
        if (initial != NULL)
            config_table[i].read(initial, &draft->config);
    }
}

struct config_origin *config_draft_origin(const struct config_draft *draft,
                                          const struct config_option *option)
{
    return &draft->report->origins[option - config_table];
}

bool config_draft_fail(struct config_draft *draft,
                       const struct config_origin *from, const char *what,
                       const char *why)
{
    char escaped[MAX_WHAT], file[MAX_FILE], place[MAX_FILE + 16] = "";

    log_escape(text_of(what), escaped, sizeof(escaped));
    if (from->source == CONFIG_BY_FILE)
        snprintf(
            place, sizeof(place), "%s:%u: ",
            log_escape(text_of(draft->config.settings), file, sizeof(file)),
            from->line);
    snprintf(draft->report->error, sizeof(draft->report->error), "%s%s: %s",
             place, escaped, why);
    return false;
}

bool config_draft_set(struct config_draft *draft,
                      const struct config_option *option,
                      const struct config_origin *from)
{
    struct config_origin *origin = config_draft_origin(draft, option);
    bool overridden = from->source < origin->source;
    struct config copy = draft->config;
    char what[MAX_WHAT], why[MAX_WHAT];

    if (option->read != NULL &&
        !option->read(from->value, overridden ? &copy : &draft->config)) {
        snprintf(what, sizeof(what), "%s=%s",
                 config_option_name(option, from->source), from->value);
        snprintf(why, sizeof(why), "expected %s", option->expected);
        return config_draft_fail(draft, from, what, why);
    }
    if (!overridden) {
        *origin = *from;
        if (from->value == NULL)
            origin->value = "1";
    }
    return true;
}
