/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of scopes, as files, flags and responses have them. */
#include "lib/unit_check.h"

#include "auth/scopes.h"

static void a_list_is_read_and_written_in_one_order(void **state)
{
    static const struct {
        const char *list;
        unsigned scopes;
        const char *written;
    } rows[] = {
        {"ingest", SCOPE_INGEST, "ingest"},
        {"admin,read", SCOPE_READ | SCOPE_ADMIN, "read,admin"},
        {"metrics,admin,ingest,read", SCOPE_ALL, "ingest,read,metrics,admin"},
    };
    char written[SCOPES_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned scopes = 0;
        assert_true(scopes_read(text_of(rows[i].list), &scopes));
        assert_int_equal(scopes, rows[i].scopes);
        assert_string_equal(scopes_write(scopes, written), rows[i].written);
    }
    assert_string_equal(scopes_write(SCOPE_NONE, written), "");
}

static void what_is_no_list_changes_nothing(void **state)
{
    static const char *const lists[] = {
        "",          "write",      "Read",
        "read,",     ",read",      "read,,admin",
        "read,read", "read admin", "read, admin",
        "rea",       "reads",      NULL};

    (void)state;
    for (const char *const *list = lists; *list != NULL; list++) {
        unsigned scopes = 77;
        if (scopes_read(text_of(*list), &scopes) || scopes != 77)
            fail_msg("\"%s\"", *list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_and_written_in_one_order),
        cmocka_unit_test(what_is_no_list_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
