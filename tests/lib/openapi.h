/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of names in openapi.yaml, for tests that compare the document with
 * the service and with programs that share no code with it. Reads the file by
 * its lines and indentation, as it is formatted; knows no other YAML.
 */
#ifndef LUNAR_TESTS_OPENAPI_H
#define LUNAR_TESTS_OPENAPI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPENAPI_MAX_NAMES = 64, OPENAPI_NAME_SIZE = 64 };

struct openapi_names {
    size_t count;
    char names[OPENAPI_MAX_NAMES][OPENAPI_NAME_SIZE];
};

/* `line` without its LF, and without a colon at its end. */
static inline void openapi_trim(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == ':')
        line[length - 1] = '\0';
}

/*
 * The names that begin with `prefix`, which ends in front of the name, below
 * the lines `path`, which follow each other in the file in this order. The
 * last one of them is NULL. No names if a line is not found.
 */
static inline struct openapi_names openapi_list(const char *const path[],
                                                const char *prefix)
{
    struct openapi_names list = {.count = 0};
    FILE *file = fopen(LUNAR_SOURCE_DIR "/openapi/openapi.yaml", "r");
    size_t indentation = strspn(prefix, " "), size = 0;
    char *line = NULL;

    while (file != NULL && getline(&line, &size, file) > 0) {
        openapi_trim(line);
        if (*path != NULL) {
            path += strcmp(line, *path) == 0;
            continue;
        }
        if (strspn(line, " ") < indentation)
            break;
        if (strncmp(line, prefix, strlen(prefix)) == 0 &&
            line[strlen(prefix)] != ' ' && list.count < OPENAPI_MAX_NAMES)
            snprintf(list.names[list.count++], OPENAPI_NAME_SIZE, "%s",
                     line + strlen(prefix));
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return list;
}

/* The values of metadata.messageType: each has a schema of its name. */
static inline struct openapi_names openapi_message_types(void)
{
    static const char *const path[] = {"    Message", "      oneOf", NULL};
    struct openapi_names list =
        openapi_list(path, "        - $ref: '#/components/schemas/");

    for (size_t i = 0; i < list.count; i++)
        list.names[i][strcspn(list.names[i], "'")] = '\0';
    return list;
}

/* The members of a rocket. */
static inline struct openapi_names openapi_rocket_members(void)
{
    static const char *const path[] = {"    Rocket", "      properties", NULL};

    return openapi_list(path, "        ");
}

#endif
