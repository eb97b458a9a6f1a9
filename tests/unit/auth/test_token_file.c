/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of tokens: what is read, what is refused, and that an error says the
 * line and what is expected, and shows no secret.
 */
#include "lib/unit_check.h"

#include <sodium.h>

#include "auth/scopes.h"
#include "auth/token_file.h"
#include "base/buffer.h"

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "222222222222222222222222222222222222222222222222222222222222abCD"
#define SECRET "lunar_SECRETSECRETSECRETSECRETSECRETSECRET"
#define HASH_1 "sha256:" HEX_1
#define HASH_2 "sha256:" HEX_2

/* The linker redirects the calls of crypto_hash_sha256() to this function. */
__attribute__((used)) int __real_crypto_hash_sha256(unsigned char *out,
                                                    const unsigned char *in,
                                                    unsigned long long length);
__attribute__((used)) int __wrap_crypto_hash_sha256(unsigned char *out,
                                                    const unsigned char *in,
                                                    unsigned long long length);

static unsigned hashes;

int __wrap_crypto_hash_sha256(unsigned char *out, const unsigned char *in,
                              unsigned long long length)
{
    hashes++;
    return __real_crypto_hash_sha256(out, in, length);
}

static struct token_set *parse(const char *text, char error[ACCESS_ERROR])
{
    struct text copy = exact_copy(text_of(text));
    struct token_set *set = token_file_parse(copy, "FILE", error);

    exact_copy_free(copy);
    return set;
}

static struct token_set *must_parse(const char *text)
{
    char error[ACCESS_ERROR] = "";
    struct token_set *set = parse(text, error);

    if (set == NULL)
        fail_msg("\"%s\": %s", text, error);
    return set;
}

static void lines_are_tokens_and_a_key(void **state)
{
    struct token_set *set = must_parse("# operators\r\n"
                                       "\n"
                                       "  \t# indented\n"
                                       "session-key " HEX_2 "\r\n"
                                       "alice\t  " HASH_1 "  read,metrics  \n"
                                       "  bob " HASH_2 " admin");
    const struct token *alice = token_set_find_name(set, TEXT("alice"));
    const struct token *bob = token_set_find_name(set, TEXT("bob"));

    (void)state;
    assert_int_equal(set->count, 2);
    assert_true(set->has_session_key);
    assert_int_equal(set->session_key[0], 0x22);
    assert_int_equal(set->session_key[31], 0xcd);
    assert_non_null(alice);
    assert_int_equal(alice->scopes, SCOPE_READ | SCOPE_METRICS);
    assert_int_equal(alice->line, 5);
    assert_non_null(bob);
    assert_int_equal(bob->scopes, SCOPE_ADMIN);
    assert_ptr_equal(token_set_find_hash(set, bob->hash), bob);
    assert_null(token_set_find_name(set, TEXT("Alice")));
    assert_null(token_set_find_name(set, TEXT("alic")));
    token_set_free(set);
    token_set_free(NULL);
}

static void a_file_may_have_no_token(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing", "\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct token_set *set = must_parse(texts[i]);
        assert_int_equal(set->count, 0);
        assert_false(set->has_session_key);
        assert_null(token_set_find_text(set, TEXT("x")));
        assert_null(token_set_find_name(set, TEXT("x")));
        token_set_free(set);
    }
}

static void wrong_lines_say_where_and_what_is_expected(void **state)
{
    static const struct {
        const char *text, *where, *expected;
    } rows[] = {
        {"a " HASH_1 " read\nb/c " HASH_2 " read", "line 2 of FILE of -tokens",
         "expected a name"},
        {"a", "line 1 ", "expected sha256: with 64 hex digits"},
        {"a " HEX_1 " read", "line 1 ", "expected sha256:"},
        {"a sha256:1234 read", "line 1 ", "64 hex digits"},
        {"a " HASH_1 "1 read", "line 1 ", "64 hex digits"},
        {"a sha1:" HEX_1 " read", "line 1 ", "expected sha256:"},
        {"\n\na " HASH_1, "line 3 ", "expected scopes"},
        {"a " HASH_1 " write", "line 1 ", "expected scopes"},
        {"a " HASH_1 " read, admin", "line 1 ", "no spaces"},
        {"a " HASH_1 " read # operator", "line 1 ", "nothing behind"},
        {"a " HASH_1 " read\na " HASH_2 " read", "line 2 ",
         "line 1 has the name a"},
        {"a " HASH_1 " read\n#\nb " HASH_1 " read", "line 3 ",
         "b has the same hash as a in line 1"},
        {"session-key", "line 1 ", "openssl rand -hex 32"},
        {"session-key 12", "line 1 ", "expected 64 hex digits"},
        {"session-key " HEX_1 " x", "line 1 ", "expected 64 hex digits"},
        {"session-key " HEX_1 "\nsession-key " HEX_1, "line 2 ",
         "line 1 has a session-key already"},
        {"a lunar_SECRET read", "line 1 ", "-new-token"},
        {"a " SECRET " read", "line 1 ", "a token itself"},
        {SECRET, "line 1 ", "a token itself"},
        {"Bearer " SECRET, "line 1 ", "a token itself"},
        {"a " HASH_1 " read\n" SECRET " read", "line 2 ", "a token itself"},
        {SECRET " " HASH_1 " read", "line 1 ", "a token itself"},
        {HEX_1, "line 1 ", "expected sha256:"},
        {HEX_1 " read", "line 1 ", "expected sha256:"},
        {"\xef\xbb\xbf# UTF-8", "line 1 ", "expected a name"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char error[ACCESS_ERROR] = "";
        if (parse(rows[i].text, error) != NULL)
            fail_msg("was read: %s", rows[i].text);
        if (strstr(error, rows[i].where) == NULL ||
            strstr(error, rows[i].expected) == NULL)
            fail_msg("\"%s\": %s", rows[i].text, error);
        if (strstr(error, "SECRET") != NULL || strstr(error, "1111") != NULL ||
            strchr(error, '\n') != NULL)
            fail_msg("shows a secret, or two lines: %s", error);
    }
}

static void nul_is_no_part_of_a_line(void **state)
{
    char error[ACCESS_ERROR] = "";
    static const char text[] = "a\0b " HASH_1 " read";
    static const char behind[] = "a " HASH_1 " read\0";

    (void)state;
    assert_null(
        token_file_parse((struct text){text, sizeof(text) - 1}, "FILE", error));
    assert_null(token_file_parse((struct text){behind, sizeof(behind) - 1},
                                 "FILE", error));
}

static void append_token(struct buffer *text, unsigned number)
{
    buffer_append_format(text, "t%u sha256:%064x read\n", number, number);
}

static void a_thousand_tokens_are_found_and_one_more_is_refused(void **state)
{
    struct buffer text = BUFFER_INIT;
    char error[ACCESS_ERROR] = "";

    (void)state;
    for (unsigned i = 0; i < TOKENS_MAX; i++)
        append_token(&text, i);
    struct token_set *set = token_file_parse(buffer_text(&text), "FILE", error);
    if (set == NULL)
        fail_msg("%s", error);
    for (unsigned i = 0; i < TOKENS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%u", i);
        const struct token *token = token_set_find_name(set, text_of(name));
        assert_non_null(token);
        assert_string_equal(token->name, name);
        assert_ptr_equal(token_set_find_hash(set, token->hash), token);
    }
    token_set_free(set);
    append_token(&text, TOKENS_MAX);
    assert_null(token_file_parse(buffer_text(&text), "FILE", error));
    assert_non_null(strstr(error, "more than 1000 tokens"));
    buffer_release(&text);
}

/* The second time by the short hash, which no other text has. */
static void a_text_is_hashed_once_and_no_other_is_found_with_it(void **state)
{
    struct token_set *set = must_parse(
        "x sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2001"
        "5ad read\ny " HASH_2 " read");
    hashes = 0;
    const struct token *found = token_set_find_text(set, TEXT("abc"));

    (void)state;
    assert_non_null(found);
    assert_ptr_equal(token_set_find_text(set, TEXT("abc")), found);
    assert_int_equal(hashes, 1);
    assert_null(token_set_find_text(set, TEXT("no token")));
    assert_int_equal(hashes, 1);
    assert_true(found->is_remembered);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(token_set_find_text(set, TEXT("abc")), found);
        assert_null(token_set_find_text(set, TEXT("ab")));
        assert_null(token_set_find_text(set, TEXT("abcd")));
        assert_null(token_set_find_text(set, TEXT("abc ")));
        assert_null(token_set_find_text(set, (struct text){"abc\0", 4}));
        assert_null(token_set_find_text(set, TEXT("")));
    }
    assert_false(token_set_find_name(set, TEXT("y"))->is_remembered);
    /* Some twenty of these are looked for where the token is. */
    for (unsigned i = 0; i < 20 * TOKEN_SET_SLOTS; i++) {
        char other[16];
        snprintf(other, sizeof(other), "no-%u", i);
        assert_null(token_set_find_text(set, text_of(other)));
    }
    token_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_tokens_and_a_key),
        cmocka_unit_test(a_file_may_have_no_token),
        cmocka_unit_test(wrong_lines_say_where_and_what_is_expected),
        cmocka_unit_test(nul_is_no_part_of_a_line),
        cmocka_unit_test(a_thousand_tokens_are_found_and_one_more_is_refused),
        cmocka_unit_test(a_text_is_hashed_once_and_no_other_is_found_with_it),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
