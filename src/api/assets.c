/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of files in the binary. web/CMakeLists.txt and
 * openapi/CMakeLists.txt list the files and where each is served; the build
 * makes asset_list.h of that, one ASSET() a path, and puts the bytes under the
 * names that are declared here.
 */
#include "assets.h"

#include <stddef.h>

#define ASSET(symbol, path, type, length, hash, gzip_length, gzip_hash)        \
    extern const char asset_##symbol[length];                                  \
    extern const char asset_##symbol##_gzip[gzip_length];
#include "asset_list.h"
#undef ASSET

#define ASSET(symbol, path, type, length, hash, gzip_length, gzip_hash)        \
    {path,                                                                     \
     type,                                                                     \
     "\"" hash "\"",                                                           \
     "\"" gzip_hash "\"",                                                      \
     {asset_##symbol, length},                                                 \
     {asset_##symbol##_gzip, gzip_length}},
static const struct asset assets[] = {
#include "asset_list.h"
};
#undef ASSET

const struct asset *assets_find(struct text path)
{
    for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
        if (text_equal(path, text_of(assets[i].path)))
            return &assets[i];
    }
    return NULL;
}
