/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Kubernetes sets is told from a misspelt name by its form, see the
 * section "Environment variables" of "Service" in its documentation.
 */
#include "environment.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/nearest.h"
#include "base/text.h"

/*
 * The service may have a longer name than lunar, as in LUNAR_DB_PORT. Its
 * variables are all set together, and one of them is always a URL.
 */
#define SERVICE "^" CONFIG_VARIABLE_PREFIX "([A-Z0-9_]+_)?"
#define LINK SERVICE "PORT=(tcp|udp|sctp)://"
#define LINK_DETAIL                                                            \
    SERVICE "(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?"                         \
            "|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)="

static bool is_ours(const char *entry)
{
    return strncmp(entry, CONFIG_VARIABLE_PREFIX,
                   strlen(CONFIG_VARIABLE_PREFIX)) == 0;
}

static bool matches(const char *entry, const char *pattern)
{
    regex_t expression;

    /* It only fails without memory; the entry is not recognised then. */
    if (!is_ours(entry) ||
        regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&expression, entry, 0, NULL, 0) == 0;
    regfree(&expression);
    return found;
}

__attribute__((format(printf, 2, 3))) static void
warn(struct config_report *report, const char *format, ...)
{
    va_list arguments;

    if (report->warning_count++ >= CONFIG_MAX_WARNINGS)
        return;
    va_start(arguments, format);
    vsnprintf(report->warnings[report->warning_count - 1], CONFIG_MAX_LINE,
              format, arguments);
    va_end(arguments);
}

/*
 * The entry of a variable, as "LUNAR_PORT=9000". NULL if it is unset or empty.
 */
static const char *find_entry(char *const environment[], const char *name)
{
    size_t length = strlen(name);

    for (; *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return entry[length + 1] != '\0' ? entry : NULL;
    }
    return NULL;
}

/* Whether an entry is such as LUNAR_PORT=tcp://10.0.0.1:8088. */
static bool is_link(const char *entry)
{
    return matches(entry, LINK);
}

static void warn_link(const char *entry, const char *flag,
                      struct config_report *report)
{
    char escaped[64];

    warn(report,
         "%s is ignored: Kubernetes sets it for a service named lunar; use "
         "-%s, or enableServiceLinks: false in the pod",
         log_escape(text_of(entry), escaped, sizeof(escaped)), flag);
}

static bool is_known(struct text name)
{
    const char *known;

    for (size_t i = 0; (known = config_table_variable(i)) != NULL; i++) {
        if (text_equal(name, text_of(known)))
            return true;
    }
    return false;
}

/* Suggest the known name that is nearest to `name`. */
static void warn_unknown(struct text name, struct config_report *report)
{
    char escaped[64];
    const char *nearest = nearest_name(name, config_table_variable);
    const char *question = nearest != NULL ? "? " : "";

    log_escape(name, escaped, sizeof(escaped));
    warn(report,
         CONFIG_VARIABLE_PREFIX
         "%s is ignored: unknown variable; %s%s%s-help lists the variables",
         escaped, nearest != NULL ? "did you mean " CONFIG_VARIABLE_PREFIX : "",
         nearest != NULL ? nearest : "", question);
}

static void warn_all_unknown(char *const environment[],
                             struct config_report *report)
{
    bool linked = false;

    for (size_t i = 0; environment[i] != NULL; i++)
        linked = linked || is_link(environment[i]);
    for (size_t i = 0; environment[i] != NULL; i++) {
        const char *entry = environment[i];
        if (!is_ours(entry) || is_link(entry) ||
            (linked && matches(entry, LINK_DETAIL)))
            continue;
        struct text value = text_of(entry + strlen(CONFIG_VARIABLE_PREFIX));
        struct text name = text_split(&value, '=');
        if (value.length > 0 && !is_known(name))
            warn_unknown(name, report);
    }
}

/* Read the variable of an option, if it is set and not overridden. */
static bool read_variable(struct config_draft *draft,
                          const struct config_option *option,
                          char *const environment[])
{
    const char *entry = find_entry(environment, option->variable);
    struct config_origin from = {.source = CONFIG_BY_VARIABLE};

    if (entry == NULL ||
        config_draft_origin(draft, option)->source > CONFIG_BY_VARIABLE)
        return true;
    if (is_link(entry)) {
        warn_link(entry, option->name, draft->report);
        return true;
    }
    from.value = strchr(entry, '=') + 1;
    return config_draft_set(draft, option, &from);
}

bool config_environment_read(struct config_draft *draft,
                             char *const environment[])
{
    if (environment == NULL)
        return true;
    for (size_t i = 0; config_table[i].name != NULL; i++) {
        if (config_table[i].variable != NULL &&
            !read_variable(draft, &config_table[i], environment) &&
            !draft->tolerant)
            return false;
    }
    warn_all_unknown(environment, draft->report);
    return true;
}
