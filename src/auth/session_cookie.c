/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name may have dots, so a value is split from behind: neither the code nor
 * the expiry has one.
 */
#include "session_cookie.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
    MAC_TEXT =
        sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, VARIANT) - 1,
    PORT = 5, /* digits */
};

static_assert(2 + TOKENS_NAME + 21 + MAC_TEXT < ACCESS_COOKIE_VALUE,
              "every value has room");

bool session_cookie_next(struct text *rest, struct text name,
                         struct text *value)
{
    while (rest->data != NULL) {
        struct text pair = text_trim(text_split(rest, ';'));
        struct text found = text_trim(text_split(&pair, '='));
        if (pair.data != NULL && text_equal(found, name)) {
            *value = text_trim(pair);
            return true;
        }
    }
    return false;
}

/* Remove what is behind the last dot, and the dot, from the end of `rest`. */
static bool take_last_part(struct text *rest, struct text *part)
{
    const char *dot =
        rest->length == 0 ? NULL : memrchr(rest->data, '.', rest->length);

    if (dot == NULL)
        return false;
    size_t length = (size_t)(dot - rest->data);
    *part = text_skip(*rest, length + 1);
    rest->length = length;
    return true;
}

bool session_cookie_read(struct text value, struct session_cookie *cookie)
{
    struct session_cookie found;

    if (value.length >= ACCESS_COOKIE_VALUE ||
        !text_take_prefix(&value, TEXT("1.")) ||
        !take_last_part(&value, &found.mac) || found.mac.length != MAC_TEXT ||
        !take_last_part(&value, &found.expires) ||
        !text_read_unsigned(found.expires, UINT64_MAX, &found.expires_at) ||
        !tokens_is_name(value))
        return false;
    found.name = value;
    *cookie = found;
    return true;
}

static void update(crypto_auth_hmacsha256_state *state, struct text text)
{
    crypto_auth_hmacsha256_update(state, (const unsigned char *)text.data,
                                  text.length);
    crypto_auth_hmacsha256_update(state, (const unsigned char *)"", 1);
}

static void write_mac(char out[MAC_TEXT + 1],
                      const unsigned char key[TOKEN_SESSION_KEY],
                      const unsigned char token[TOKEN_HASH], struct text name,
                      struct text expires)
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];

    crypto_auth_hmacsha256_init(&state, key, TOKEN_SESSION_KEY);
    update(&state, TEXT("lunar session 1"));
    update(&state, name);
    update(&state, expires);
    crypto_auth_hmacsha256_update(&state, token, TOKEN_HASH);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2base64(out, MAC_TEXT + 1, mac, sizeof(mac), VARIANT);
    sodium_memzero(&state, sizeof(state));
}

bool session_cookie_verify(const struct session_cookie *cookie,
                           const unsigned char key[TOKEN_SESSION_KEY],
                           const unsigned char token[TOKEN_HASH])
{
    char expected[MAC_TEXT + 1];

    write_mac(expected, key, token, cookie->name, cookie->expires);

    /* Texts, so that only one text of the same bytes is valid. */
    bool same = sodium_memcmp(expected, cookie->mac.data, MAC_TEXT) == 0;
    sodium_memzero(expected, sizeof(expected));
    return same;
}

void session_cookie_write(char value[ACCESS_COOKIE_VALUE],
                          const unsigned char key[TOKEN_SESSION_KEY],
                          const struct token *token, uint64_t expires)
{
    char seconds[21];
    char mac[MAC_TEXT + 1];

    snprintf(seconds, sizeof(seconds), "%" PRIu64, expires);
    write_mac(mac, key, token->hash, text_of(token->name), text_of(seconds));
    snprintf(value, ACCESS_COOKIE_VALUE, "1.%s.%s.%s", token->name, seconds,
             mac);
}

/* The digits behind the host; none of a host without a port. */
static struct text port_of(struct text host)
{
    size_t digits = 0;

    while (digits < host.length &&
           text_is_digit((unsigned char)host.data[host.length - 1 - digits]))
        digits++;
    if (digits == 0 || digits > PORT || digits == host.length ||
        host.data[host.length - 1 - digits] != ':')
        return TEXT("");
    return text_skip(host, host.length - digits);
}

const char *access_cookie_name(struct text host, char name[ACCESS_COOKIE_NAME])
{
    struct text port = port_of(host);

    snprintf(name, ACCESS_COOKIE_NAME, "lunar-session%s%.*s",
             port.length > 0 ? "-" : "", (int)port.length, port.data);
    return name;
}
