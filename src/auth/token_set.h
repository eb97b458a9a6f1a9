/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of a file. After it was filled a set is only read, but for one
 * thing: it remembers the texts that were presented, by a keyed hash that costs
 * a tenth of SHA-256, so that the latter is computed once a token and not once
 * a request.
 *
 * Finding takes no time that says anything of a secret: each place in an index
 * depends on a random key of the set, and what is found there is compared in
 * constant time.
 *
 * Locking: token_set_add() by one thread, before all others; then any thread
 * may find.
 */
#ifndef LUNAR_AUTH_TOKEN_SET_H
#define LUNAR_AUTH_TOKEN_SET_H

#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/tokens.h"
#include "base/text.h"

enum {
    TOKEN_HASH = crypto_hash_sha256_BYTES,
    TOKEN_SHORT_HASH = crypto_shorthash_siphashx24_BYTES,
    TOKEN_SESSION_KEY = crypto_auth_hmacsha256_KEYBYTES,
    TOKEN_SET_SLOTS = 2048, /* of an index: 2^n, at least twice TOKENS_MAX */
};

struct token {
    char name[TOKENS_NAME];
    unsigned scopes;
    unsigned line;                  /* of the file */
    unsigned char hash[TOKEN_HASH]; /* SHA-256 of its text */
    /*
     * SipHash-128 of its text. Written once, by the thread that set
     * `is_remembered`, before a slot of `by_text` has the token.
     */
    unsigned char short_hash[TOKEN_SHORT_HASH];
    atomic_bool is_remembered;
};

/* Open addressing: numbers of tokens from 1; 0 is a free slot. */
struct token_index {
    _Atomic uint16_t slots[TOKEN_SET_SLOTS];
};

struct token_set {
    size_t count;
    bool has_session_key; /* of the file */
    unsigned char session_key[TOKEN_SESSION_KEY];
    uint64_t epoch; /* set by access.c, as the next */
    uint64_t key_epoch;
    unsigned char hash_key[crypto_shorthash_siphashx24_KEYBYTES];
    struct token_index by_name, by_hash, by_text;
    struct token tokens[TOKENS_MAX];
};

/* An empty set. NULL if memory is exhausted. */
struct token_set *token_set_new(void);

/* Overwrite it first. NULL does nothing. */
void token_set_free(struct token_set *set);

/*
 * Add a token, whose members but the last two are filled in. Neither its name
 * nor its hash is in the set, which has fewer than TOKENS_MAX tokens.
 */
void token_set_add(struct token_set *set, const struct token *token);

/* NULL if there is none. */
const struct token *token_set_find_name(const struct token_set *set,
                                        struct text name);
const struct token *token_set_find_hash(const struct token_set *set,
                                        const unsigned char hash[TOKEN_HASH]);

/* By what a client presents. NULL also if that cannot be a token. */
const struct token *token_set_find_text(struct token_set *set,
                                        struct text text);

#endif
