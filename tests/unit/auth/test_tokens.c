/* SPDX-License-Identifier: Apache-2.0 */
/* Names and texts of tokens, and new ones. */
#include "lib/access_scene.h"
#include "lib/unit_check.h"

#include "auth/scopes.h"
#include "auth/token_file.h"
#include "auth/tokens.h"

static void names_have_letters_digits_and_three_signs(void **state)
{
    static const char *const names[] = {
        "lunar_grafana", "a", "A.b_c-9", "..", "Session-Key", "session-key2"};
    static const char *const others[] = {
        "",
        "lunar_0123456789abcdef0123456789abcdef",
        "session-key",
        "a b",
        "a\t",
        "a:b",
        "\xc3\xa9",
        "a/b",
        "a;b",
        "#a",
        "a=b",
        "a,b"};
    char longest[TOKENS_NAME + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        if (!tokens_is_name(text_of(names[i])))
            fail_msg("\"%s\" is no name", names[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (tokens_is_name(text_of(others[i])))
            fail_msg("\"%s\" is a name", others[i]);
    assert_false(tokens_is_name((struct text){"a\0b", 3}));
    memset(longest, 'a', sizeof(longest));
    assert_true(tokens_is_name((struct text){longest, 64}));
    assert_false(tokens_is_name((struct text){longest, 65}));
}

/* b64token of RFC 6750 section 2.1. */
static void texts_are_those_that_bearer_can_send(void **state)
{
    static const char *const texts[] = {"a", "lunar_-._~+/0", "a=", "a=="};
    static const char *const others[] = {
        "", "=", "==", "a=b", "a b", "a,", "\"a\"", "\xc3\xa9", "a\n", "a:b"};
    char longest[TOKENS_MAX_TEXT + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (!tokens_is_text(text_of(texts[i])))
            fail_msg("\"%s\" is no token", texts[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (tokens_is_text(text_of(others[i])))
            fail_msg("\"%s\" is a token", others[i]);
    assert_false(tokens_is_text((struct text){"a\0b", 3}));
    assert_false(tokens_is_text((struct text){NULL, 0}));
    memset(longest, 'a', sizeof(longest));
    assert_true(tokens_is_text((struct text){longest, TOKENS_MAX_TEXT}));
    assert_false(tokens_is_text((struct text){longest, TOKENS_MAX_TEXT + 1}));
}

/* Of the longest name and all scopes, too. */
static void a_new_token_is_known_by_its_line(void **state)
{
    char longest[TOKENS_NAME] = "";
    char error[ACCESS_ERROR] = "";
    struct tokens_new made, other;

    (void)state;
    memset(longest, 'n', sizeof(longest) - 1);
    assert_true(tokens_make(text_of(longest), SCOPE_ALL, &made));
    assert_int_equal(strlen(made.text), TOKENS_TEXT - 1);
    assert_memory_equal(made.text, "lunar_", 6);
    assert_true(tokens_is_text(text_of(made.text)));
    assert_null(strstr(made.line, made.text + 6));

    struct token_set *set = token_file_parse(text_of(made.line), "file", error);
    if (set == NULL)
        fail_msg("%s: %s", made.line, error);
    const struct token *token = token_set_find_text(set, text_of(made.text));
    assert_non_null(token);
    assert_string_equal(token->name, longest);
    assert_int_equal(token->scopes, SCOPE_ALL);
    token_set_free(set);

    assert_true(tokens_make(TEXT("a"), SCOPE_READ, &other));
    assert_string_not_equal(other.text, made.text);
    assert_memory_equal(other.line, "a sha256:", 9);
}

/* As `printf %s TOKEN | sha256sum` shows it: FIPS 180-2 appendix B.1. */
static void the_hash_is_sha256_of_the_text(void **state)
{
    static const char line[] =
        "x sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2001"
        "5ad read";
    char error[ACCESS_ERROR] = "";

    (void)state;
    assert_true(sodium_init() >= 0);
    struct token_set *set = token_file_parse(text_of(line), "file", error);
    if (set == NULL)
        fail_msg("%s", error);
    assert_non_null(token_set_find_text(set, TEXT("abc")));
    assert_null(token_set_find_text(set, TEXT("abd")));
    token_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_letters_digits_and_three_signs),
        cmocka_unit_test(texts_are_those_that_bearer_can_send),
        cmocka_unit_test(a_new_token_is_known_by_its_line),
        cmocka_unit_test(the_hash_is_sha256_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
