# SPDX-License-Identifier: Apache-2.0
#
# The rounds of post.sh, one a line, to a Markdown table on stdout and JSON
# in the file `json`. Also set by post.sh: `hz`, clock ticks a second, and
# `about`, members for the JSON that say what was run. A line holds:
#   server requests microseconds user-ticks system-ticks applied
# where `applied` is "-" for a server that applies nothing. Ratios are taken
# round by round, against bare MHD in the same round.

{
    server = $1
    if (!(server in rounds))
        servers[++server_count] = server
    i = ++rounds[server]
    rate[server, i] = $2 / ($3 / 1e6)
    user[server, i] = $4 / hz * 1e6 / $2
    sys[server, i] = $5 / hz * 1e6 / $2
    cpu[server, i] = user[server, i] + sys[server, i]
    if ($6 != "-") {
        applied += $6
        counted += $2
    }
}

END {
    for (s = 1; s <= server_count; s++)
        for (i = 1; i <= rounds[servers[s]]; i++) {
            server = servers[s]
            rate_ratio[server, i] = rate[server, i] / rate["bare_mhd", i]
            if (cpu["bare_mhd", i] > 0)
                cpu_ratio[server, i] = cpu[server, i] / cpu["bare_mhd", i]
        }
    write_table()
    write_json()
}

# Sets `low`, `middle` and `high` of one server's rounds.
function summarize(values, server,    n, i, j, swap, sorted)
{
    n = rounds[server]
    for (i = 1; i <= n; i++) {
        sorted[i] = values[server, i]
        for (j = i; j > 1 && sorted[j] < sorted[j - 1]; j--) {
            swap = sorted[j]
            sorted[j] = sorted[j - 1]
            sorted[j - 1] = swap
        }
    }
    low = sorted[1]
    high = sorted[n]
    if (n % 2)
        middle = sorted[(n + 1) / 2]
    else
        middle = (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function cell(values, server, precision,    f)
{
    f = "%." precision "f"
    summarize(values, server)
    return sprintf(f " / " f " / " f, low, middle, high)
}

function write_table(    s, server)
{
    print "| server | requests/s | to bare MHD | CPU a request, µs " \
        "| to bare MHD | user, µs | system, µs |"
    print "|---|---|---|---|---|---|---|"
    for (s = 1; s <= server_count; s++) {
        server = servers[s]
        print "| " server " | " cell(rate, server, 0) \
            " | " cell(rate_ratio, server, 3) \
            " | " cell(cpu, server, 2) " | " cell(cpu_ratio, server, 3) \
            " | " cell(user, server, 2) " | " cell(sys, server, 2) " |"
    }
    print ""
    print "Each cell: minimum / median / maximum of " \
        (rounds["bare_mhd"] == 1 ? "1 round." : rounds["bare_mhd"] " rounds.")
    if (counted > 0)
        printf "Applied: %d messages for %d requests counted (%.4f).\n", \
            applied, counted, applied / counted
}

function json_values(name, values, server, precision, comma,    f, i, list)
{
    f = "%." precision "f"
    summarize(values, server)
    for (i = 1; i <= rounds[server]; i++)
        list = list (i > 1 ? ", " : "") sprintf(f, values[server, i])
    printf "      \"%s\": {\"min\": " f ", \"median\": " f ", \"max\": " f \
        ", \"rounds\": [%s]}%s\n", name, low, middle, high, list, comma > json
}

function write_json(    s, server)
{
    printf "{\n%s", about > json
    printf "  \"applied\": %d,\n  \"counted\": %d,\n", applied, \
        counted > json
    printf "  \"servers\": {\n" > json
    for (s = 1; s <= server_count; s++) {
        server = servers[s]
        printf "    \"%s\": {\n", server > json
        json_values("requests_per_second", rate, server, 1, ",")
        json_values("requests_to_bare_mhd", rate_ratio, server, 4, ",")
        json_values("cpu_us_per_request", cpu, server, 3, ",")
        json_values("cpu_to_bare_mhd", cpu_ratio, server, 4, ",")
        json_values("user_us_per_request", user, server, 3, ",")
        json_values("system_us_per_request", sys, server, 3, "")
        printf "    }%s\n", (s < server_count ? "," : "") > json
    }
    printf "  }\n}\n" > json
    close(json)
}
