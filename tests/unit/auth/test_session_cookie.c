/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie of a session: its name, its value, and where it is in a field. */
#include "lib/unit_check.h"

#include "auth/session_cookie.h"

static const unsigned char key[TOKEN_SESSION_KEY] = {1, 2, 3};
static const struct token alice = {.name = "a.b.1", .hash = {9, 8, 7}};

static void the_name_has_the_port_of_the_host(void **state)
{
    static const struct {
        const char *host, *name;
    } rows[] = {
        {"example.org:8088", "lunar-session-8088"},
        {"example.org", "lunar-session"},
        {"example.org:", "lunar-session"},
        {"127.0.0.1:9", "lunar-session-9"},
        {"10.0.0.1", "lunar-session"},
        {"[::1]:65535", "lunar-session-65535"},
        {"[::1]", "lunar-session"},
        {"[2001:db8::8088]", "lunar-session"},
        {"", "lunar-session"},
        {NULL, "lunar-session"},
        /* None of these is a host. */
        {"8088", "lunar-session"},
        {"x:123456", "lunar-session"},
        {"x:80;Domain=y", "lunar-session"},
    };
    char name[ACCESS_COOKIE_NAME];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct text host = exact_copy(text_of(rows[i].host));
        assert_string_equal(access_cookie_name(host, name), rows[i].name);
        exact_copy_free(host);
    }
}

/* The order of cookies and what else is among them mean nothing. */
static void cookies_of_a_name_are_found_one_after_another(void **state)
{
    static const struct {
        const char *field;
        const char *values[3]; /* up to the first NULL */
    } rows[] = {
        {"s=1", {"1"}},
        {"a=b; s=1", {"1"}},
        {"s=1; s=2", {"1", "2"}},
        {"s=1;s=2;s=", {"1", "2", ""}},
        {" s = 1 ; \t", {"1"}},
        {"s=a=b", {"a=b"}},
        {"S=1; ss=2; s; =s; as=3", {NULL}},
        {"", {NULL}},
        {";;=;", {NULL}},
        {NULL, {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct text copy = exact_copy(text_of(rows[i].field));
        struct text rest = copy, value;
        for (size_t j = 0; j < 3 && rows[i].values[j] != NULL; j++) {
            assert_true(session_cookie_next(&rest, TEXT("s"), &value));
            unit_check_text(value, text_of(rows[i].values[j]));
        }
        assert_false(session_cookie_next(&rest, TEXT("s"), &value));
        exact_copy_free(copy);
    }
}

static void what_is_written_is_read_and_verified(void **state)
{
    static const uint64_t times[] = {0, 1, 1795852800, UINT64_MAX};
    char value[ACCESS_COOKIE_VALUE];
    struct session_cookie cookie;

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        session_cookie_write(value, key, &alice, times[i]);
        assert_true(session_cookie_read(text_of(value), &cookie));
        unit_check_text(cookie.name, TEXT("a.b.1"));
        assert_true(cookie.expires_at == times[i]);
        assert_true(session_cookie_verify(&cookie, key, alice.hash));
    }
}

/*
 * So that the form cannot change unnoticed, which would end the sessions of a
 * service that is updated. From Python:
 *   hmac.new(bytes([1, 2, 3] + [0] * 29), b"lunar session 1\0a.b.1\0" b"100\0"
 *            + bytes([9, 8, 7] + [0] * 29), hashlib.sha256)
 */
static void the_value_is_the_one_of_another_implementation(void **state)
{
    char value[ACCESS_COOKIE_VALUE];

    (void)state;
    session_cookie_write(value, key, &alice, 100);
    assert_string_equal(value, "1.a.b.1.100."
                               "WsWgFZ3SwZ1As09rIiXmFiqzDPgw4o1exkpieTOePiE");
}

static void any_other_byte_is_another_session(void **state)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
    char value[ACCESS_COOKIE_VALUE];
    struct session_cookie cookie;

    (void)state;
    session_cookie_write(value, key, &alice, 1795852800);
    for (size_t i = 0; i < strlen(value); i++) {
        char kept = value[i];
        for (const char *other = digits; *other != '\0'; other++) {
            value[i] = *other;
            bool valid = session_cookie_read(text_of(value), &cookie) &&
                         session_cookie_verify(&cookie, key, alice.hash);
            if (valid != (*other == kept))
                fail_msg("byte %zu as %c: \"%s\"", i, *other, value);
        }
        value[i] = kept;
    }
}

static void another_key_or_token_does_not_verify(void **state)
{
    static const unsigned char other_key[TOKEN_SESSION_KEY] = {1, 2, 4};
    static const unsigned char other_hash[TOKEN_HASH] = {9, 8, 6};
    char value[ACCESS_COOKIE_VALUE];
    struct session_cookie cookie;

    (void)state;
    session_cookie_write(value, key, &alice, 5);
    assert_true(session_cookie_read(text_of(value), &cookie));
    assert_false(session_cookie_verify(&cookie, other_key, alice.hash));
    assert_false(session_cookie_verify(&cookie, key, other_hash));
}

#define MAC "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void what_is_of_no_session_is_refused(void **state)
{
    static const char *const values[] = {
        "",
        "1",
        "1.",
        "1.a",
        "1.a.5",
        "1.5." MAC,
        "1..5." MAC,
        "2.a.5." MAC,
        "1.a..5." MAC "A",
        "1.a.5." MAC "A",
        "1.a.5.AAAA",
        "1.a.-5." MAC,
        "1.a.x." MAC,
        "1.a.18446744073709551616." MAC,
        "1.a b.5." MAC,
        "1.session-key.5." MAC,
        "\"1.a.5." MAC "\"",
    };
    struct session_cookie cookie, untouched;

    (void)state;
    memset(&cookie, 7, sizeof(cookie));
    untouched = cookie;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct text copy = exact_copy(text_of(values[i]));
        if (session_cookie_read(copy, &cookie))
            fail_msg("\"%s\"", values[i]);
        assert_memory_equal(&cookie, &untouched, sizeof(cookie));
        exact_copy_free(copy);
    }
    assert_false(session_cookie_read((struct text){NULL, 0}, &cookie));
    assert_true(session_cookie_read(TEXT("1.a.5." MAC), &cookie));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_has_the_port_of_the_host),
        cmocka_unit_test(cookies_of_a_name_are_found_one_after_another),
        cmocka_unit_test(what_is_written_is_read_and_verified),
        cmocka_unit_test(the_value_is_the_one_of_another_implementation),
        cmocka_unit_test(any_other_byte_is_another_session),
        cmocka_unit_test(another_key_or_token_does_not_verify),
        cmocka_unit_test(what_is_of_no_session_is_refused),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
