/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash with 128 bits of key and of output is a message authentication code:
 * without the key, which never leaves the process, nobody can make a text that
 * has the short hash of a token. So a text with a short hash that is remembered
 * is the token.
 */
#include "token_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert((TOKEN_SET_SLOTS & (TOKEN_SET_SLOTS - 1)) == 0 &&
                  TOKEN_SET_SLOTS >= 2 * TOKENS_MAX,
              "probing ends at a free slot");

/* For comparisons, which are in constant time. */
static_assert(TOKEN_HASH == 32 && TOKEN_SHORT_HASH == 16,
              "crypto_verify_32() and crypto_verify_16() compare all bytes");

/* A key of an index, with the place where its probing starts. */
struct key {
    const void *bytes;
    size_t length;
    uint64_t hash;
};

static uint64_t first_bytes(const unsigned char *hash)
{
    uint64_t number;

    memcpy(&number, hash, sizeof(number));
    return number;
}

static struct key make_key(const struct token_set *set, const void *bytes,
                           size_t length)
{
    unsigned char hash[TOKEN_SHORT_HASH];

    crypto_shorthash_siphashx24(hash, bytes, length, set->hash_key);
    return (struct key){bytes, length, first_bytes(hash)};
}

static bool has_name(const struct token *token, const struct key *key)
{
    return text_equal(text_of(token->name),
                      (struct text){key->bytes, key->length});
}

static bool has_hash(const struct token *token, const struct key *key)
{
    return crypto_verify_32(token->hash, key->bytes) == 0;
}

static bool has_short_hash(const struct token *token, const struct key *key)
{
    return crypto_verify_16(token->short_hash, key->bytes) == 0;
}

/*
 * The number of the token with the key; 0 if there is none. The slot that has
 * the number was written after the token: see add_to_index().
 */
static inline unsigned
find_in_index(const struct token_set *set, const struct token_index *index,
              bool (*has)(const struct token *, const struct key *),
              const struct key *key)
{
    for (uint64_t at = key->hash;; at++) {
        unsigned number = atomic_load_explicit(
            &index->slots[at % TOKEN_SET_SLOTS], memory_order_acquire);
        if (number == 0 || has(&set->tokens[number - 1], key))
            return number;
    }
}

/* Any number of threads may add, each another token. */
static void add_to_index(struct token_index *index, uint64_t hash,
                         unsigned number)
{
    for (uint64_t at = hash;; at++) {
        uint16_t unused = 0;
        /* The release publishes what the token has, for find_in_index(). */
        if (atomic_compare_exchange_strong_explicit(
                &index->slots[at % TOKEN_SET_SLOTS], &unused, (uint16_t)number,
                memory_order_release, memory_order_relaxed))
            return;
    }
}

static const struct token *token_at(const struct token_set *set,
                                    unsigned number)
{
    return number == 0 ? NULL : &set->tokens[number - 1];
}

struct token_set *token_set_new(void)
{
    struct token_set *set = calloc(1, sizeof(*set));

    if (set != NULL)
        randombytes_buf(set->hash_key, sizeof(set->hash_key));
    return set;
}

void token_set_free(struct token_set *set)
{
    if (set != NULL)
        sodium_memzero(set, sizeof(*set));
    free(set);
}

void token_set_add(struct token_set *set, const struct token *token)
{
    struct token *added = &set->tokens[set->count++];
    unsigned number = (unsigned)set->count;

    memcpy(added->name, token->name, sizeof(added->name));
    memcpy(added->hash, token->hash, sizeof(added->hash));
    added->scopes = token->scopes;
    added->line = token->line;
    add_to_index(&set->by_name,
                 make_key(set, added->name, strlen(added->name)).hash, number);
    add_to_index(&set->by_hash, make_key(set, added->hash, TOKEN_HASH).hash,
                 number);
}

const struct token *token_set_find_name(const struct token_set *set,
                                        struct text name)
{
    struct key key = make_key(set, name.data, name.length);

    return token_at(set, find_in_index(set, &set->by_name, has_name, &key));
}

static unsigned find_hash(const struct token_set *set,
                          const unsigned char hash[TOKEN_HASH])
{
    struct key key = make_key(set, hash, TOKEN_HASH);

    return find_in_index(set, &set->by_hash, has_hash, &key);
}

const struct token *token_set_find_hash(const struct token_set *set,
                                        const unsigned char hash[TOKEN_HASH])
{
    return token_at(set, find_hash(set, hash));
}

/*
 * Of several threads that find a token for the first time one remembers it; the
 * others need not wait, as they have found it.
 */
static void remember(struct token_set *set, unsigned number,
                     const struct key *short_hash)
{
    struct token *token = &set->tokens[number - 1];

    if (atomic_exchange_explicit(&token->is_remembered, true,
                                 memory_order_relaxed))
        return;
    memcpy(token->short_hash, short_hash->bytes, TOKEN_SHORT_HASH);
    add_to_index(&set->by_text, short_hash->hash, number);
}

/* By SHA-256, at the first time. */
static unsigned find_new_text(struct token_set *set, struct text text,
                              const struct key *short_hash)
{
    unsigned char hash[TOKEN_HASH];

    if (!tokens_is_text(text))
        return 0;
    crypto_hash_sha256(hash, (const unsigned char *)text.data, text.length);

    unsigned number = find_hash(set, hash);
    if (number != 0)
        remember(set, number, short_hash);
    return number;
}

const struct token *token_set_find_text(struct token_set *set, struct text text)
{
    unsigned char short_hash[TOKEN_SHORT_HASH];

    if (text.length == 0 || text.length > TOKENS_MAX_TEXT)
        return NULL;
    crypto_shorthash_siphashx24(short_hash, (const unsigned char *)text.data,
                                text.length, set->hash_key);
    struct key key = {short_hash, TOKEN_SHORT_HASH, first_bytes(short_hash)};
    unsigned number = find_in_index(set, &set->by_text, has_short_hash, &key);
    if (number == 0)
        number = find_new_text(set, text, &key);
    return token_at(set, number);
}
