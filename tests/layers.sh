#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the includes against the rooms. A file may include headers of its own
# room, and public headers of the rooms that this room may use. There is no
# include cycle. Only the server includes <microhttpd.h>. Every source is in a
# room, but main.c, which may use all rooms. The table of rooms in DESIGN.md
# names every file, but those that sources of one subject share (x_parts.h,
# x_state.h), and no other.
#
# usage: tests/layers.sh ROOM:USED,USED... ...    from src/CMakeLists.txt
#
# Exit status: 0 no fault, 1 a fault, 2 invalid command line.
#
# Example: ctest --preset debug -R layers    runs it with all rooms
set -eu
SCRIPT=$0
# shellcheck source=scripts/help.sh
. "$(dirname "$(readlink -f "$0")")/../scripts/help.sh"
read_help "$@"
[ $# -gt 0 ] || usage "no room given"

cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck disable=SC2016 # $0 is for awk
find include src \( -path src/rockets -o -path src/manual \) -prune -o -name '*.[ch]' -print |
    sort | xargs awk -v rooms="$*" '
BEGIN {
    # Rooms come lowest first, so the rooms that a room uses are known.
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
    while ((getline line < "DESIGN.md") > 0) {
        split(line, part, "`")
        if (line ~ /^\| `[a-z]+` \|/ && part[2] in known)
            names[part[2]] = line
    }
    close("DESIGN.md")
}

function fault(text)
{
    print (FILENAME == "" ? "src/CMakeLists.txt" : FILENAME ":" FNR) ": " text
    faults++
}

FNR == 1 {
    depth = split(FILENAME, part, "/")
    room = depth == 3 ? part[2] : ""
    if (depth == 3 ? !(room in known) : FILENAME != "src/main.c")
        fault("is in no room")
    name = part[3]
    sub(/\.[ch]$/, "", name)
    is_file[room, name]
    if (depth == 3 && name !~ /_(parts|state)$/ && !index(names[room], "`" name "`"))
        fault("the table of rooms in DESIGN.md does not name " name)
}

/^[ \t]*#[ \t]*include[ \t]*<microhttpd.h>/ && room != "server" {
    fault("only the server includes <microhttpd.h>")
}

/^[ \t]*#[ \t]*include[ \t]*<[a-z]+\// {
    split($0, quoted, "[<>]")
    split(quoted[2], part, "/")
    if (part[1] in known)
        fault("includes <" quoted[2] "> instead of \"" quoted[2] "\"")
}

# The build generates asset_list.h.
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
        fault(file " does not exist")
    close(file)
    uses[FILENAME, file]
}

# Follow the includes of the file depth-first; state marks the current path.
function visit(file,    key, pair)
{
    state[file] = "on the path"
    for (key in uses) {
        split(key, pair, SUBSEP)
        if (pair[1] != file)
            continue
        if (state[pair[2]] == "on the path") {
            print file ": includes itself through " pair[2]
            faults++
        } else if (state[pair[2]] == "") {
            visit(pair[2])
        }
    }
    state[file] = "done"
}

END {
    for (room in names) {
        count = split(names[room], part, "`")
        for (i = 4; i <= count; i += 2) {
            if (part[i] !~ /^[a-z][a-z0-9_]*$/ || part[i] in known || (room, part[i]) in is_file)
                continue
            print "DESIGN.md: the table of rooms names " part[i] ", which is no file of " room
            faults++
        }
    }
    for (key in uses) {
        split(key, pair, SUBSEP)
        if (state[pair[1]] == "")
            visit(pair[1])
    }
    exit faults > 0
}
'
