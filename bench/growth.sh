#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures the cost of a message, a rocket and a list by the number of rockets
# with bench_growth, and draws docs/growth.svg with gnuplot.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

build=$root/build/release
csv=$root/build/bench/growth.csv
svg=$root/docs/growth.svg
max=
rounds=5
draw_only=false

usage()
{
    cat <<'END'
usage: bench/growth.sh [--FLAG=VALUE...]
  --max=N      up to N rockets (10,000,000 if 4 GB are free, else 1,000,000)
  --rounds=N   measure each figure N times (5)
  --build=DIR  folder of bench_growth (build/release, which is built first)
  --csv=FILE   file of the figures (build/bench/growth.csv)
  --svg=FILE   file of the picture (docs/growth.svg)
  --draw       only draw, from the existing file of figures
Defaults are in parentheses.
END
}

say()
{
    printf 'growth.sh: %s\n' "$*" >&2
}

die()
{
    say "$*"
    exit 1
}

read_flags()
{
    local flag
    for flag in "$@"; do
        case $flag in
        --max=?*) max=${flag#*=} ;;
        --rounds=?*) rounds=${flag#*=} ;;
        --build=?*) build=${flag#*=} ;;
        --csv=?*) csv=${flag#*=} ;;
        --svg=?*) svg=${flag#*=} ;;
        --draw) draw_only=true ;;
        --help | -h) usage && exit 0 ;;
        *)
            say "$flag: unknown flag"
            usage >&2
            exit 2
            ;;
        esac
    done
}

# The largest table needs three gigabytes; choose it if 4 GB are free.
default_max()
{
    awk '$1 == "MemAvailable:" { free = $2 }
        END { print (free >= 4000000 ? 10000000 : 1000000) }' /proc/meminfo
}

measure()
{
    if [[ $build == "$root/build/release" ]]; then
        (cd "$root" && cmake --preset release &&
            cmake --build --preset release --target bench_growth) >&2
    fi
    [[ -x $build/bench_growth ]] || die "$build/bench_growth: no such program"
    mkdir -p "$(dirname "$csv")"
    say "measuring; takes about a minute"
    "$build/bench_growth" "-max=${max:-$(default_max)}" "-rounds=$rounds" \
        -csv >"$csv.new"
    mv "$csv.new" "$csv"
    say "wrote $csv"
}

# Removes the empty groups and the spaces at the ends of lines that gnuplot
# writes; git warns about such spaces.
draw()
{
    mkdir -p "$(dirname "$svg")"
    gnuplot -e "csv='$csv'" "$here/growth.gp" | sed 's/[[:blank:]]*$//' |
        sed -z 's/<g [^>]*>\n<\/g>\n//g' >"$svg.new"
    mv "$svg.new" "$svg"
    say "wrote $svg"
}

read_flags "$@"
command -v gnuplot >/dev/null ||
    die "not found: gnuplot; on Debian and Ubuntu: apt-get install gnuplot-nox"
$draw_only || measure
[[ -r $csv ]] || die "$csv: no such file"
draw
