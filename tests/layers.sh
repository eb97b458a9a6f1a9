#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Holds the source to the layers of DESIGN.md: a file includes only from its
# own layer and those below, within a layer there is no cycle, and only the
# server knows libmicrohttpd. Fails on a file that has no layer, too.
#
# usage: layers.sh [DIR]    DIR has src/ and include/; default: the project
set -eu

cd "${1:-$(dirname "$0")/..}"

# Lowest first; a name stands for include/NAME.h and src/NAME.c.
awk '
BEGIN {
    layer_of("0", "abbreviation assets buffer config etag http json_object " \
                  "json_scan log message query quota rocket text timestamp")
    layer_of("1", "columns message_parse names problem rocket_json stripe " \
                  "table table_entry table_scan table_types")
    layer_of("2", "batch key_sort listing listing_query name_ranks")
    layer_of("3", "handlers handlers_reads routes")
    layer_of("4", "server server_answer server_candidates " \
                  "server_connection server_connections " \
                  "server_exchange server_guard " \
                  "server_listen server_stream server_workers")
    layer_of("5", "main")
}

function layer_of(number, names,    list, count, i)
{
    count = split(names, list, " ")
    for (i = 1; i <= count; i++)
        layer[list[i]] = number
}

function fault(text)
{
    print FILENAME ":" FNR ": " text
    faults++
}

# The name of the part that a file belongs to.
function part_of(file)
{
    sub(/.*\//, "", file)
    sub(/\.[ch]$/, "", file)
    return file
}

FNR == 1 {
    part = part_of(FILENAME)
    if (!(part in layer))
        fault("no layer: give " part " one in tests/layers.sh")
}

/^#include <microhttpd.h>/ && layer[part] != "4" {
    fault("only the server includes <microhttpd.h>")
}

# asset_list.h is written by the build.
/^#include "/ && !/"asset_list.h"/ {
    split($0, quoted, "\"")
    used = part_of(quoted[2])
    if (used == part)
        next
    if (!(used in layer))
        fault("includes " used ", which has no layer")
    else if (layer[used] > layer[part])
        fault(part " (layer " layer[part] ") includes " used \
              " (layer " layer[used] ")")
    else
        uses[part, used] = FILENAME ":" FNR
}

# Follow uses from `from` depth-first; `on_way` holds the way so far.
function visit(from,    key, pair)
{
    state[from] = "on the way"
    for (key in uses) {
        split(key, pair, SUBSEP)
        if (pair[1] != from)
            continue
        if (state[pair[2]] == "on the way") {
            print uses[key] ": " from " and " pair[2] " use each other"
            faults++
        } else if (state[pair[2]] == "") {
            visit(pair[2])
        }
    }
    state[from] = "done"
}

END {
    for (name in layer)
        if (state[name] == "")
            visit(name)
    exit faults > 0
}
' include/*.h src/*.c
