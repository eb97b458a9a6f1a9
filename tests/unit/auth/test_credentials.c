/* SPDX-License-Identifier: Apache-2.0 */
/* The field Authorization: RFC 9110 section 11.4, RFC 6750 section 2.1. */
#include "lib/unit_check.h"

#include "auth/credentials.h"

struct row {
    const char *field;
    const char *token; /* NULL: none */
};

static void check(const struct row *row, enum credentials expected)
{
    struct text untouched = TEXT("untouched"), token = untouched;
    struct text field = exact_copy(text_of(row->field));

    if (credentials_read(field, &token) != expected)
        fail_msg("\"%s\"", row->field);
    unit_check_text(token,
                    row->token == NULL ? untouched : text_of(row->token));
    exact_copy_free(field);
}

static void bearer_has_a_token_behind_spaces_in_any_case(void **state)
{
    static const struct row rows[] = {
        {"Bearer x", "x"},
        {"bearer abc", "abc"},
        {"BEARER    abc", "abc"},
        {"BeArEr lunar_A-B_c", "lunar_A-B_c"},
        /* No tokens, which are not known either. */
        {"Bearer a b", "a b"},
        {"Bearer \tx", "\tx"},
        {"Bearer realm=\"x\"", "realm=\"x\""},
        {"Bearer x, Bearer y", "x, Bearer y"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i], CREDENTIALS_BEARER);
}

static void bearer_without_a_token_is_malformed(void **state)
{
    static const struct row rows[] = {
        {"Bearer", NULL},    {"bearer ", NULL},    {"Bearer   ", NULL},
        {"Bearer\tx", NULL}, {"Bearer,x y", NULL}, {"Bearer=x", NULL},
        {"Bearer\"x", NULL}, {"Bearer\x80", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i], CREDENTIALS_MALFORMED);
}

/* As they may be for a proxy in front. */
static void other_schemes_are_as_no_field(void **state)
{
    static const struct row rows[] = {
        {NULL, NULL},         {"", NULL},
        {"Basic YTpi", NULL}, {"Bear x", NULL},
        {"Bearer2 x", NULL},  {"Bearer-x y", NULL},
        {"Bearer~ y", NULL},  {"Basic x, Bearer y", NULL},
        {"x Bearer y", NULL}, {"Digest username=\"a\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i], CREDENTIALS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bearer_has_a_token_behind_spaces_in_any_case),
        cmocka_unit_test(bearer_without_a_token_is_malformed),
        cmocka_unit_test(other_schemes_are_as_no_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
