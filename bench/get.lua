-- SPDX-License-Identifier: Apache-2.0
--
-- GET for wrk: the targets in TARGETS, with spaces between, in turn.

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

-- As in messages.lua.
function done(summary)
    local errors = summary.errors
    io.write(string.format("counted: requests=%d microseconds=%d bytes=%d "
        .. "status=%d connect=%d read=%d write=%d timeout=%d\n",
        summary.requests, summary.duration, summary.bytes, errors.status,
        errors.connect, errors.read, errors.write, errors.timeout))
end
