/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite does not checksum the pages of a database, so what is in them has
 * sums: SipHash-2-4, with the history and the salt of the snapshot as its key.
 */
#include "snapshot_parts.h"

#include <assert.h>

#include <sodium.h>

const char *const snapshot_names[SNAPSHOT_VALUES] = {
    [SNAPSHOT_ID] = "journal_id",
    [SNAPSHOT_SALT] = "salt",
    [SNAPSHOT_IMAGE_VERSION] = "image_version",
    [SNAPSHOT_POSITION] = "position",
    [SNAPSHOT_THROUGH] = "through",
    [SNAPSHOT_ROCKETS] = "rockets",
    [SNAPSHOT_BLOCKS] = "blocks",
    [SNAPSHOT_MAX_RUNS] = "max_runs",
    [SNAPSHOT_TIME] = "time",
    [SNAPSHOT_CHECK] = "check",
    [SNAPSHOT_RULES] = "rules",
};

static uint64_t sum_bytes(const uint64_t key[2], const void *bytes, size_t size)
{
    uint64_t sum = 0;

    static_assert(2 * sizeof(*key) == crypto_shorthash_KEYBYTES, "");
    static_assert(sizeof(sum) == crypto_shorthash_BYTES, "");
    crypto_shorthash((unsigned char *)&sum, bytes, size,
                     (const unsigned char *)key);
    return sum;
}

size_t snapshot_value_count(enum snapshot_kind kind)
{
    return kind == SNAPSHOT_OF_TOPIC ? SNAPSHOT_VALUES : SNAPSHOT_CHECK;
}

uint64_t snapshot_meta_sum(enum snapshot_kind kind,
                           const uint64_t values[SNAPSHOT_VALUES])
{
    uint64_t key[2] = {values[SNAPSHOT_ID], values[SNAPSHOT_SALT]};

    return sum_bytes(key, values, snapshot_value_count(kind) * sizeof(*values));
}

/*
 * The number is hashed into the key for the images, as these need not be copied
 * then.
 */
uint64_t snapshot_block_sum(uint64_t id, uint64_t salt, uint64_t number,
                            struct text images)
{
    uint64_t key[2] = {id, salt};

    key[1] = sum_bytes(key, &number, sizeof(number));
    return sum_bytes(key, images.data, images.length);
}
