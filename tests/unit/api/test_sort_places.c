/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests files that list the fields to sort by and that no other test compares
 * with the service.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/list_url.h"
#include "lib/source_file.h"

static const struct {
    const char *file;
    const char *from, *to; /* the list is between these texts */
} places[] = {
    {"tests/fuzz/query.dict", "\"sort=\"", "\"&order=\""},
    {"tests/soak/lists.py", "SORTS = [", "]"},
};

static void every_place_has_every_sort_field(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char *bytes = source_file_read(places[i].file);
        char *list = strstr(bytes, places[i].from);

        assert_non_null(list);
        char *end = strstr(list, places[i].to);
        assert_non_null(end);
        *end = '\0';
        for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
            char name[64];

            snprintf(name, sizeof(name), "\"%s\"", list_url_sort_name(field));
            if (strstr(list, name) == NULL)
                fail_msg("%s does not contain %s", places[i].file, name);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_has_every_sort_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
