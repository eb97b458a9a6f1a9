-- SPDX-License-Identifier: Apache-2.0
--
-- wrk script: GET of the targets in the environment variable TARGETS,
-- separated by spaces, in turn.

local requests = {}
local turn = 0

function init()
    for target in (os.getenv("TARGETS") or "/rockets"):gmatch("%S+") do
        requests[#requests + 1] = wrk.format("GET", target)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

-- The same line as in messages.lua.
function done(summary)
    local errors = summary.errors
    io.write(string.format("counted: requests=%d microseconds=%d bytes=%d "
        .. "status=%d connect=%d read=%d write=%d timeout=%d\n",
        summary.requests, summary.duration, summary.bytes, errors.status,
        errors.connect, errors.read, errors.write, errors.timeout))
end
