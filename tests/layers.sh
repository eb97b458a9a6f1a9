#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Holds the includes to the rooms: a file includes from its own room and from
# those that this may use, never another room's private headers; no two files
# include each other, through however many others; only the server knows
# libmicrohttpd; and no source lies outside a room but main.c and config.c.
#
# usage: layers.sh ROOM:USED,USED... ...    as src/CMakeLists.txt has them
set -eu

cd "$(dirname "$0")/.."
find include src -path src/rockets -prune -o -name '*.[ch]' -print |
    sort | xargs awk -v rooms="$*" '
BEGIN {
    # Lowest first, so what a room uses is known by then.
    count = split(rooms, list, " ")
    for (i = 1; i <= count; i++) {
        split(list[i], edge, ":")
        used_count = split(edge[2], used, ",")
        may[edge[1], edge[1]] = known[edge[1]] = 1
        for (j = 1; j <= used_count; j++) {
            if (!(used[j] in known))
                fault(edge[1] " uses " used[j] ", which is not below it")
            for (other in known)
                if ((used[j], other) in may)
                    may[edge[1], other] = 1
        }
    }
}

function fault(text)
{
    print (FILENAME == "" ? "src/CMakeLists.txt" : FILENAME ":" FNR) ": " text
    faults++
}

FNR == 1 {
    depth = split(FILENAME, part, "/")
    room = depth == 3 ? part[2] : ""
    if (depth == 3 ? !(room in known) : FILENAME !~ /^src\/(main\.c|config\.[ch])$/)
        fault("lies in no room")
}

/^[ \t]*#[ \t]*include[ \t]*<microhttpd.h>/ && room != "server" {
    fault("only the server includes <microhttpd.h>")
}

# asset_list.h is written by the build.
/^[ \t]*#[ \t]*include[ \t]*"/ && !/"asset_list.h"/ {
    split($0, quoted, "\"")
    depth = split(quoted[2], part, "/")
    if (depth == 1) {
        file = FILENAME
        sub(/[^\/]*$/, quoted[2], file)
    } else {
        file = "include/" quoted[2]
        if (room != "" && !((room, part[1]) in may))
            fault(room " may not use " part[1])
    }
    if ((getline line < file) < 0)
        fault("there is no " file)
    close(file)
    uses[FILENAME, file]
}

# Follow includes from `file` depth-first; `state` holds the way so far.
function visit(file,    key, pair)
{
    state[file] = "on the way"
    for (key in uses) {
        split(key, pair, SUBSEP)
        if (pair[1] != file)
            continue
        if (state[pair[2]] == "on the way") {
            print file ": includes itself through " pair[2]
            faults++
        } else if (state[pair[2]] == "") {
            visit(pair[2])
        }
    }
    state[file] = "done"
}

END {
    for (key in uses) {
        split(key, pair, SUBSEP)
        if (state[pair[1]] == "")
            visit(pair[1])
    }
    exit faults > 0
}
'
