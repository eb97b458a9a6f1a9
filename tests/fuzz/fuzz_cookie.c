/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the cookie of a session: a line with a host, and a line with the field
 * Cookie. The name, the cookies of that name and their parts are compared with
 * regular expressions; a session that was begun for a name in the field is
 * valid, and none that was not.
 */
#include "fuzz.h"

#include <sodium.h>

#include "auth/session_cookie.h"

static const unsigned char key[TOKEN_SESSION_KEY] = {1};
static const unsigned char hash[TOKEN_HASH] = {2};

static void check_name(struct text host, const char *name)
{
    static struct fuzz_pattern pattern = {.expression = ":([0-9]{1,5})$"};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}};
    char expected[64] = "lunar-session";

    if (fuzz_match(&pattern, host, parts))
        snprintf(expected, sizeof(expected), "lunar-session-%.*s",
                 (int)parts[1].length, parts[1].data);
    FUZZ_CHECK(strcmp(name, expected) == 0);
}

/* The next value by another way. False at the end. */
static bool next_value(struct text *rest, const char *name, struct text *value)
{
    static struct fuzz_pattern pair = {.expression =
                                           "^[ \t]*([^=]*[^= \t])[ \t]*=(.*)$"};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}};

    while (rest->data != NULL) {
        struct text element = text_split(rest, ';');
        if (fuzz_match(&pair, element, parts) &&
            text_equal(parts[1], text_of(name))) {
            *value = text_trim(parts[2]);
            return true;
        }
    }
    return false;
}

/* A session that begins for the name of another one. */
static void check_begun(const struct session_cookie *other)
{
    struct token token = {.scopes = 1};
    char value[ACCESS_COOKIE_VALUE];
    struct session_cookie begun;

    memcpy(token.name, other->name.data, other->name.length);
    memcpy(token.hash, hash, sizeof(token.hash));
    session_cookie_write(value, key, &token, other->expires_at);
    FUZZ_CHECK(session_cookie_read(text_of(value), &begun));
    FUZZ_CHECK(text_equal(begun.name, other->name));
    FUZZ_CHECK(begun.expires_at == other->expires_at);
    FUZZ_CHECK(session_cookie_verify(&begun, key, hash));
    /* Of one with zeros in front of the expiry the code is another one. */
    if (text_equal(begun.expires, other->expires))
        FUZZ_CHECK(session_cookie_verify(other, key, hash) ==
                   text_equal(begun.mac, other->mac));
}

static void check_value(struct text value)
{
    static struct fuzz_pattern pattern = {
        .expression = "^1[.]([A-Za-z0-9._-]{1,64})[.]([0-9]+)[.]([^.]{43})$"};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}};
    struct session_cookie cookie;
    uint64_t expires = 0;
    bool expected = value.length < ACCESS_COOKIE_VALUE &&
                    fuzz_match(&pattern, value, parts) &&
                    !text_equal(parts[1], TEXT("session-key")) &&
                    text_read_unsigned(parts[2], UINT64_MAX, &expires);

    FUZZ_CHECK(session_cookie_read(value, &cookie) == expected);
    if (!expected)
        return;
    FUZZ_CHECK(text_equal(cookie.name, parts[1]));
    FUZZ_CHECK(text_equal(cookie.expires, parts[2]));
    FUZZ_CHECK(text_equal(cookie.mac, parts[3]));
    FUZZ_CHECK(cookie.expires_at == expires);
    check_begun(&cookie);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text field = fuzz_text(data, size);
    char name[ACCESS_COOKIE_NAME];
    struct text value, other;

    FUZZ_CHECK(sodium_init() >= 0);
    /* Header fields have none, and patterns see nothing behind it. */
    if (memchr(field.data, '\0', field.length) != NULL)
        return 0;
    struct text host = text_split(&field, '\n');
    check_name(host, access_cookie_name(host, name));
    check_value(host);
    struct text rest = field, rest_of_other = field;
    while (session_cookie_next(&rest, text_of(name), &value)) {
        FUZZ_CHECK(next_value(&rest_of_other, name, &other));
        FUZZ_CHECK(text_equal(value, other));
        check_value(value);
    }
    FUZZ_CHECK(!next_value(&rest_of_other, name, &other));
    return 0;
}
