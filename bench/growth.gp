# SPDX-License-Identifier: Apache-2.0
#
# Draws docs/growth.svg from the figures of the last run of the section parts:
#   scripts/bench.sh --only=parts && gnuplot bench/growth.gp >docs/growth.svg
# build/bench/growth.dat has a line for each number of rockets, with minimum,
# median and maximum of each figure. The background is white, so that the
# picture is readable on dark pages too.

set terminal svg size 900,340 font "sans-serif,12" background "#ffffff" \
    linewidth 1.2
data = "build/bench/growth.dat"

set multiplot layout 1,3 margins 0.06,0.98,0.17,0.88 spacing 0.07
set border 3 linecolor "#666666"
set tics nomirror scale 0.5,0 textcolor "#333333"
set title textcolor "#111111" font "sans-serif,14"
set key top left Left reverse samplen 1.5 textcolor "#333333"
set grid ytics linecolor "#e4e4e4" linetype 1
set logscale x
set xrange [700:1.5e6]
set xtics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 M" 1e6)
set xlabel "rockets" textcolor "#333333"
set style data yerrorlines
set pointsize 0.7
set style line 1 linecolor "#0072b2" pointtype 7
set style line 2 linecolor "#d55e00" pointtype 5

set title "Time to apply a message, ns"
set yrange [0:*]
plot data using 1:3:2:4 linestyle 1 title "in order", \
    data using 1:6:5:7 linestyle 2 title "shuffled"

set logscale y
set title "Resident memory of a rocket, bytes"
set yrange [100:5000]
set ytics (100, 200, 500, "1,000" 1e3, "2,000" 2e3, "5,000" 5e3)
plot data using 1:9:8:10 linestyle 1 notitle

set title "Time of a list by speed, ms"
set yrange [*:*]
set ytics ("0.01" 0.01, "0.1" 0.1, "1" 1, "10" 10, "100" 100, "1,000" 1e3)
plot data using 1:15:14:16 linestyle 2 title "all, as JSON", \
    data using 1:12:11:13 linestyle 1 title "50 fastest"
unset multiplot
