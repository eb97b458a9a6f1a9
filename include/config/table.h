/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of the flags as data. The command line, the environment, the file
 * of -config, -print-config, the error texts, -help, the man page and the
 * completion are all made from it, so that none can lack a flag.
 */
#ifndef LUNAR_CONFIG_TABLE_H
#define LUNAR_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/config.h"

#define CONFIG_VARIABLE_PREFIX "LUNAR_"

enum config_kind {
    CONFIG_SETTING, /* has a value, a variable, and a place in a file */
    CONFIG_CONSENT, /* the same, but -NAME alone sets it, NAME=1 in a file */
    CONFIG_COMMAND, /* is done instead of serving; may have a value */
    CONFIG_DOUBLE,  /* the same, with two values */
    CONFIG_SWITCH,  /* is done at once; the flags behind it are not read */
};

/* A flag. Strings that do not apply are NULL, but for `argument`. */
struct config_option {
    const char *group; /* title, for the first flag of a group */
    enum config_kind kind;
    const char *name;     /* "port"; NULL behind the last flag */
    const char *flag;     /* "-port" */
    const char *argument; /* what follows in -help: "=N", "[=FILE]" or "" */
    const char *variable; /* "LUNAR_PORT", of a setting or a consent */
    /* A value that is valid. A command without one needs no value. */
    const char *example;
    const char *initial;  /* value by default; NULL: none, or the machine's */
    const char *fallback; /* -help's words for it, in lines; NULL: `initial` */
    const char *text;     /* what it does, in lines of at most 70 bytes */
    const char *expected; /* of a value: follows "expected " */
    /* Readers of values as in config/values.h; NULL: it takes none. */
    bool (*read)(const char *value, struct config *config);
    bool (*second)(const char *value, struct config *config);
    enum config_result result; /* what it asks for; CONFIG_RUN: a setting */
};

/* In the order of -help, up to the one without a name. */
extern const struct config_option config_table[];

/* The option of a name such as "port"; NULL if there is none. */
const struct config_option *config_table_find(struct text name);

/* Its default in words, in lines; NULL: it is no setting. */
const char *config_table_default(const struct config_option *option);

/* The name at an index, NULL after the last; for nearest_name(). */
const char *config_table_name(size_t index);

/* The same of those that have a variable: the settings and the consents. */
const char *config_table_setting(size_t index);

/* And their variables, without CONFIG_VARIABLE_PREFIX. */
const char *config_table_variable(size_t index);

/* The option's name in that source: "-port", "LUNAR_PORT" or "port". */
const char *config_option_name(const struct config_option *option,
                               enum config_source source);

#endif
