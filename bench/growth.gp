# SPDX-License-Identifier: Apache-2.0
#
# The picture of growth.sh: four plots over the number of rockets, as SVG on
# stdout. growth.sh sets `csv`, the file of the figures. The background is
# white, so that the picture is readable on dark pages too.

set terminal svg size 900,640 font "sans-serif,12" background "#ffffff" \
    linewidth 1.2

set datafile separator ","
figures(name) = sprintf("< grep '^growth,%s,' '%s'", name, csv)

set multiplot layout 2,2 margins 0.07,0.98,0.09,0.94 spacing 0.08,0.13

set border 3 linecolor "#666666"
set tics nomirror scale 0.5,0 textcolor "#333333"
set mxtics 1
set title textcolor "#111111" font "sans-serif,14" offset 0,-0.3
set key top left Left reverse samplen 1.5 textcolor "#333333"
set grid ytics linecolor "#e4e4e4" linetype 1
set logscale x
set xrange [700:15e6]
set xtics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 M" 1e6, "10 M" 1e7)
set style data yerrorlines
set pointsize 0.7
set style line 1 linecolor "#0072b2" pointtype 7
set style line 2 linecolor "#d55e00" pointtype 5
set style line 3 linecolor "#009e73" pointtype 9
set style line 4 linecolor "#7f4f9b" pointtype 13
set style line 5 linecolor "#888888" dashtype 2

set title "Time per message, ns"
set yrange [0:*]
plot figures("applied: ns a message") using 3:5:4:6 \
        linestyle 1 title "applied", \
    figures("parsed and applied: ns a message") using 3:5:4:6 \
        linestyle 2 title "parsed and applied"

set logscale y
set title "Resident memory per rocket, bytes"
set key top right
set yrange [100:5000]
set ytics (100, 200, 500, "1,000" 1e3, "2,000" 2e3, "5,000" 5e3)
plot figures("resident: bytes a rocket") using 3:5:4:6 \
        linestyle 1 title "all included", \
    200 with lines linestyle 5 title "200 bytes"

set title "Time of a list, ms"
set key top left
set yrange [*:*]
set ytics ("0.1" 0.1, "1" 1, "10" 10, "100" 100, "1,000" 1e3, \
    "10,000" 1e4, "100,000" 1e5)
set xlabel "rockets" textcolor "#333333" offset 0,0.3
plot figures("whole list: ms") using 3:5:4:6 \
        linestyle 1 title "all by speed, as JSON", \
    figures("page in the middle: ms") using 3:5:4:6 \
        linestyle 2 title "50 in the middle", \
    figures("top 50 by speed: ms") using 3:5:4:6 \
        linestyle 3 title "50 fastest"

set title "Launch of a rocket while the table grows, µs"
plot figures("new rocket: longest without waiting: µs") using 3:5:4:6 \
        linestyle 1 title "longest", \
    figures("a stripe grows: median: µs") using 3:5:4:6 \
        linestyle 4 title "median of launches that grow a stripe", \
    figures("new rocket: 99.9 %: µs") using 3:5:4:6 \
        linestyle 2 title "99.9 %", \
    figures("new rocket: median: µs") using 3:5:4:6 \
        linestyle 3 title "median"

unset multiplot
