/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests files that list the message types and that neither the compiler nor
 * another test compares with the service. DESIGN.md, "Adding a message type or
 * a field", says what each of them does with a type.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/messages.h"
#include "lib/source_file.h"

static const struct {
    const char *file;
    const char *without; /* a type that is omitted on purpose, or NULL */
} places[] = {
    /* Messages after an explosion would change nothing. */
    {"bench/fleet.c", "RocketExploded"},
    {"tests/fuzz/json.dict", NULL},
    {"tests/soak/broken.py", NULL},
    {"tests/soak/message.py", NULL},
    {"tests/unit/api/test_batch_cuts.c", NULL},
};

static void every_place_has_every_type(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *without = places[i].without;
        char *bytes = source_file_read(places[i].file);

        for (unsigned j = 0; j < MESSAGE_TYPE_COUNT; j++) {
            const char *name = messages_type_name((enum message_type)j);
            bool expected = without == NULL || strcmp(name, without) != 0;
            if ((strstr(bytes, name) != NULL) != expected)
                fail_msg("%s %s %s", places[i].file,
                         expected ? "does not contain" : "contains", name);
        }
        free(bytes);
    }
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Without an input of a type, the replay of fuzz_message.c does not read it. */
static void fuzz_inputs_have_every_type(void **context)
{
    (void)context;
    static const char folder[] = "tests/fuzz/corpus/message";
    bool has[MESSAGE_TYPE_COUNT] = {false};
    char path[512];
    struct dirent **entries;

    snprintf(path, sizeof(path), LUNAR_SOURCE_DIR "/%s", folder);
    int count = scandir(path, &entries, is_visible, alphasort);
    assert_int_not_equal(count, -1);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        char *bytes = source_file_read(path);
        for (unsigned j = 0; j < MESSAGE_TYPE_COUNT; j++) {
            if (strstr(bytes, messages_type_name((enum message_type)j)))
                has[j] = true;
        }
        free(bytes);
        free(entries[i]);
    }
    free(entries);
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        if (!has[i])
            fail_msg("no input in %s has %s", folder,
                     messages_type_name((enum message_type)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_has_every_type),
        cmocka_unit_test(fuzz_inputs_have_every_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
