/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prefix "lunar_" lets scanners of source code find tokens that were
 * published by mistake.
 */
#include "auth/tokens.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "auth/scopes.h"

#define PREFIX "lunar_"

enum {
    RANDOM = 32, /* bytes of a token */
    ENCODED = sodium_base64_ENCODED_LEN(
        RANDOM, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
    HEX = 2 * crypto_hash_sha256_BYTES + 1, /* with a NUL */
};

static bool is_among(char c, const char *others)
{
    return text_is_letter((unsigned char)c) ||
           text_is_digit((unsigned char)c) ||
           (c != '\0' && strchr(others, c) != NULL);
}

bool tokens_is_like_token(struct text text)
{
    return text_take_prefix(&text, TEXT(PREFIX)) && text.length >= RANDOM;
}

bool tokens_is_name(struct text name)
{
    if (name.length == 0 || name.length >= TOKENS_NAME ||
        text_equal(name, TEXT("session-key")) || tokens_is_like_token(name))
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (!is_among(name.data[i], "._-"))
            return false;
    return true;
}

bool tokens_is_text(struct text text)
{
    size_t length = text.length;

    if (length > TOKENS_MAX_TEXT)
        return false;
    while (length > 0 && text.data[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++)
        if (!is_among(text.data[i], "-._~+/"))
            return false;
    return length > 0;
}

bool tokens_make(struct text name, unsigned scopes, struct tokens_new *made)
{
    unsigned char random[RANDOM];
    unsigned char hash[crypto_hash_sha256_BYTES];
    char encoded[ENCODED];
    char hex[HEX];
    char list[SCOPES_TEXT];

    if (sodium_init() < 0)
        return false;
    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(encoded, sizeof(encoded), random, sizeof(random),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(made->text, sizeof(made->text), PREFIX "%s", encoded);
    crypto_hash_sha256(hash, (const unsigned char *)made->text,
                       strlen(made->text));
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    snprintf(made->line, sizeof(made->line), "%.*s sha256:%s %s",
             (int)name.length, name.data, hex, scopes_write(scopes, list));
    sodium_memzero(random, sizeof(random));
    sodium_memzero(encoded, sizeof(encoded));
    return true;
}
