/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the field Authorization. What it is is compared with regular
 * expressions after RFC 9110 section 11.4 and RFC 6750 section 2.1; and one
 * token is known, and no other.
 */
#include "fuzz.h"

#include <sodium.h>

#include "auth/credentials.h"
#include "auth/token_file.h"

#define TCHAR "!#$%&'*+.^_`|~0-9A-Za-z-"

static enum credentials expected_of(struct text field, struct text *token)
{
    static struct fuzz_pattern bearer = {.expression = "^bearer +([^ ].*)$",
                                         .flags = REG_ICASE};
    static struct fuzz_pattern malformed = {
        .expression = "^bearer( *$|[^ " TCHAR "])", .flags = REG_ICASE};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}};

    if (fuzz_match(&bearer, field, parts)) {
        *token = parts[1];
        return CREDENTIALS_BEARER;
    }
    return fuzz_match(&malformed, field, NULL) ? CREDENTIALS_MALFORMED
                                               : CREDENTIALS_NONE;
}

/* The set with the token "lunar_known" alone. */
static struct token_set *known_set(void)
{
    static struct token_set *set = NULL;
    char error[ACCESS_ERROR];

    FUZZ_CHECK(sodium_init() >= 0);
    if (set == NULL)
        set = token_file_parse(TEXT("x sha256:"
                                    "cb726249b4d2da77ad204e48267d329ecf5e47c4e7"
                                    "d4d2c68a9265e5e1af642d"
                                    " read"),
                               "FILE", error);
    FUZZ_CHECK(set != NULL);
    return set;
}

static void check_token(struct text token)
{
    static struct fuzz_pattern valid = {.expression = "^[A-Za-z0-9._~+/-]+=*$"};
    bool is_known = text_equal(token, TEXT("lunar_known"));

    FUZZ_CHECK(tokens_is_text(token) == (token.length <= TOKENS_MAX_TEXT &&
                                         fuzz_match(&valid, token, NULL)));
    for (unsigned i = 0; i < 2; i++)
        FUZZ_CHECK((token_set_find_text(known_set(), token) != NULL) ==
                   is_known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text field = fuzz_text(data, size);
    struct text none = {NULL, 0}, token = none, expected = none;

    enum credentials result = credentials_read(field, &token);
    if (memchr(field.data, '\0', field.length) == NULL) {
        FUZZ_CHECK(result == expected_of(field, &expected));
        FUZZ_CHECK(token.data == expected.data &&
                   token.length == expected.length);
        check_token(field);
        if (token.data != NULL)
            check_token(token);
    }
    return 0;
}
