/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a file, and fills its places: a line that begins with @ is replaced by
 * what it names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "manual.h"

static bool write_file(const char *folder, const char *name, FILE *out);

static bool find_table(const char *name, struct manual_table *table)
{
    if (strcmp(name, "service") == 0)
        return manual_service_flags(table);
    if (strcmp(name, "launch") == 0 || strcmp(name, "watch") == 0)
        *table = manual_rockets_flags(name);
    else
        return false;
    return true;
}

/* Write what a place names, as in "mdoc launch". */
static bool write_place(const char *folder, char *place, FILE *out)
{
    char *rest = NULL;
    const char *what = strtok_r(place, " \n", &rest);
    const char *of = strtok_r(NULL, " \n", &rest);
    struct manual_table table;

    if (what == NULL || of == NULL)
        return false;
    if (strcmp(what, "file") == 0)
        return write_file(folder, of, out);
    if (strcmp(what, "date") == 0)
        return fputs(".Dd " LUNAR_RELEASED "\n", out) >= 0;
    if (!find_table(of, &table))
        return false;
    if (strcmp(what, "mdoc") == 0)
        manual_write_mdoc(&table, out);
    else if (strcmp(what, "cases") == 0)
        manual_write_cases(&table, out);
    else if (strcmp(what, "names") == 0)
        manual_write_names(&table, out);
    else
        return false;
    return true;
}

static bool write_file(const char *folder, const char *name, FILE *out)
{
    char path[4096];
    char line[1024];
    bool good = true;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "%s: can't read it (%s)\n", path,
                strerrordesc_np(errno));
        return false;
    }
    while (good && fgets(line, sizeof(line), file) != NULL) {
        if (*line != '@') {
            fputs(line, out);
            continue;
        }
        good = write_place(folder, line + 1, out);
        if (!good)
            fprintf(stderr, "%s: nothing is known for the place @%s\n", path,
                    line + 1);
    }
    good = good && ferror(file) == 0;
    fclose(file);
    return good;
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        fputs("usage: lunar_manual FOLDER FILE OUTPUT\n", stderr);
        return 2;
    }
    FILE *out = fopen(argv[3], "we");
    if (out == NULL) {
        perror(argv[3]);
        return EXIT_FAILURE;
    }
    bool good = write_file(argv[1], argv[2], out);
    if (fclose(out) != 0) {
        perror(argv[3]);
        good = false;
    }
    if (!good)
        remove(argv[3]);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
