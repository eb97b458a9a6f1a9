/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that writes the manual pages and the completions of bash, at
 * build time. The prose, and the code of the completions, are files here with
 * places for the flags, which come from the tables that the programs read their
 * command lines by. So no flag can be missing, and none can differ from -help.
 */
#ifndef MANUAL_H
#define MANUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What a shell can offer as the value of a flag. */
enum manual_value {
    MANUAL_NONE, /* a switch */
    MANUAL_ANY,  /* it cannot know */
    MANUAL_FILE,
    MANUAL_FOLDER,
    MANUAL_CHOICE, /* one of `choices` */
    MANUAL_LIST,   /* some of `choices`, with commas between them */
};

struct manual_flag {
    const char *group; /* the title in front of it; NULL: as the one before */
    const char *name;  /* without dashes */
    /* As -help shows it: "=FILE", "[=FILE]", " NAME SCOPE", or "". */
    const char *argument;
    const char *fallback; /* the default, for people; NULL: none */
    const char *variable; /* NULL: none */
    const char *text;
    enum manual_value value;
    const char *const *choices; /* with a NULL behind them */
};

struct manual_table {
    const char *dashes; /* "-" or "--", in front of the names */
    const struct manual_flag *flags;
    size_t count;
};

/*
 * Set `table` to the flags of lunar.service. False: a choice for the completion
 * is not valid, which is said on stderr.
 */
bool manual_service_flags(struct manual_table *table);

/*
 * The flags of a command of `rockets`, "launch" or "watch". The table is valid
 * until the next call.
 */
struct manual_table manual_rockets_flags(const char *command);

/* Write the flags as lists of mdoc(7), with a subsection for each group. */
void manual_write_mdoc(const struct manual_table *table, FILE *out);

/*
 * Write a case of bash(1) for each flag that takes a value, which sets `kind`
 * and `values`.
 */
void manual_write_cases(const struct manual_table *table, FILE *out);

/* Write the names for bash(1), those that take a value with a = behind. */
void manual_write_names(const struct manual_table *table, FILE *out);

#endif
