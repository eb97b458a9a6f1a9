/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags in mdoc(7). In the texts the flags are marked as such, sentences
 * begin on lines of their own, and what would be markup is escaped.
 */
#include <string.h>

#include "manual.h"

/* Escape a word of a text line (mandoc_char(7)). */
static void write_escaped(const char *word, size_t length, FILE *out)
{
    if (*word == '.' || *word == '\'')
        fputs("\\&", out);
    for (size_t i = 0; i < length; i++) {
        switch (word[i]) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-': /* a dash of a flag or a hyphen; as ASCII in any case */
            fputs("\\-", out);
            break;
        default:
            fputc(word[i], out);
        }
    }
    /* A mark alone ends no sentence. */
    fputs(length == 1 ? "\\&" : "", out);
}

/* Whether `word` begins with a flag; then the length of its name. */
static size_t flag_length(const struct manual_table *table, const char *word)
{
    size_t dashes = strlen(table->dashes);

    if (strncmp(word, table->dashes, dashes) != 0)
        return 0;
    size_t length = strspn(word + dashes, "abcdefghijklmnopqrstuvwxyz-");
    for (size_t i = 0; i < table->count; i++) {
        if (strlen(table->flags[i].name) == length &&
            strncmp(table->flags[i].name, word + dashes, length) == 0)
            return length;
    }
    return 0;
}

/*
 * Write a flag with its value, and the punctuation behind it, as the arguments
 * of a macro. The first of two dashes is that of Fl.
 */
static void write_flag(const struct manual_table *table, const char *word,
                       size_t length, FILE *out)
{
    const char *value = word + strlen(table->dashes) + flag_length(table, word);
    const char *end = word + length;

    while (end > value && strchr(".,:;)", end[-1]) != NULL)
        end--;
    fprintf(out, ".Fl %.*s", (int)(value - word - 1), word + 1);
    if (value < end && *value == '=')
        fprintf(out, " Ns = Ns Ar %.*s", (int)(end - value - 1), value + 1);
    else if (value < end)
        fprintf(out, " Ns %.*s", (int)(end - value), value);
    for (; end < word + length; end++)
        fprintf(out, " %c", *end);
    fputc('\n', out);
}

/* Whether a line of mdoc should end with this word, as a sentence does. */
static bool ends_line(const char *word, size_t length)
{
    return word[length] != ' ' ||
           (length > 1 && strchr(".?!", word[length - 1]) != NULL);
}

/* Write a text, which has no markup, as lines of mdoc no longer than its own.
 */
static void write_text(const struct manual_table *table, const char *text,
                       FILE *out)
{
    bool in_line = false;

    for (const char *word = text + strspn(text, " \n"); *word != '\0';) {
        size_t length = strcspn(word, " \n");

        if (flag_length(table, word) > 0) {
            fputs(in_line ? "\n" : "", out);
            write_flag(table, word, length, out);
            in_line = false;
        } else {
            fputs(in_line ? " " : "", out);
            write_escaped(word, length, out);
            in_line = !ends_line(word, length);
            fputs(in_line ? "" : "\n", out);
        }
        word += length;
        word += strspn(word, " \n");
    }
}

/* Write the arguments of a macro for "=FILE", "[=FILE]" or " NAME SCOPE". */
static void write_argument(const char *argument, FILE *out)
{
    const char *name = argument + strspn(argument, "[= ");
    int length = (int)strcspn(name, "]");

    if (*argument == '[')
        fprintf(out, " Ns Op = Ns Ar %.*s", length, name);
    else if (*argument == '=')
        fprintf(out, " Ns = Ns Ar %.*s", length, name);
    else if (*argument == ' ')
        fprintf(out, " Ar %.*s", length, name);
}

static void write_item(const struct manual_table *table,
                       const struct manual_flag *flag, FILE *out)
{
    fprintf(out, ".It Fl %s%s", table->dashes + 1, flag->name);
    write_argument(flag->argument, out);
    fputc('\n', out);
    write_text(table, flag->text, out);
    if (flag->fallback != NULL) {
        char line[512];

        snprintf(line, sizeof(line), "Default: %s.", flag->fallback);
        fputs(".br\n", out);
        write_text(table, line, out);
    }
    if (flag->variable != NULL)
        fprintf(out, "Variable:\n.Ev %s%s .\n", flag->variable,
                flag->value == MANUAL_NONE ? " Ns = Ns 1" : "");
}

void manual_write_mdoc(const struct manual_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct manual_flag *flag = &table->flags[i];

        if (flag->group != NULL && i > 0)
            fputs(".El\n", out);
        if (flag->group != NULL)
            fprintf(out, ".Ss %s\n", flag->group);
        if (flag->group != NULL || i == 0)
            fputs(".Bl -tag -width Ds\n", out);
        write_item(table, flag, out);
    }
    fputs(".El\n", out);
}
