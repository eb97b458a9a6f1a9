-- SPDX-License-Identifier: Apache-2.0
--
-- wrk script: POST of messages of bench/fleet.h, which libbench_fleet.so
-- writes; or GET of targets. Each wrk thread has its own rockets: only the
-- connections reorder messages, as with real senders.
--
-- Environment:
--   FLEET    path of libbench_fleet.so
--   THREADS  the value of wrk's -t (default 2, as in wrk)
--   ROUND    part of each rocket's id (default: the time, so that every run has
--            other rockets)
--   FIRST    number of the first rocket (default 1)
--   LAST     number of the last rocket (default 20)
--   NUMBER   number of the first message of each rocket (default 1)
--   CLOSE    1: send "Connection: close" with each request
--   TOKEN    send "Authorization: Bearer" with this token; not with TARGETS
--   TARGETS  send GET of these targets in turn instead; separated by spaces

local ffi = require("ffi")

ffi.cdef [[
    struct fleet { uint64_t round, first, last, step, number, rocket; };
    size_t fleet_request(struct fleet *fleet, const char *fields, char *out);
]]

local function number(name, default)
    return tonumber(os.getenv(name) or default)
end

local library, fleet, fields, out
local inspected = false

local function next_message()
    -- Before it starts, wrk calls request() once on the first thread, to
    -- inspect the request. It does not send that one.
    if thread_id == 1 and not inspected then
        inspected = true
        return wrk.format("GET", "/")
    end
    return ffi.string(out, library.fleet_request(fleet, fields, out))
end

local gets, turn = {}, 0

local function next_get()
    turn = turn % #gets + 1
    return gets[turn]
end

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("thread_id", threads)
end

function init()
    for target in (os.getenv("TARGETS") or ""):gmatch("%S+") do
        gets[#gets + 1] = wrk.format("GET", target)
    end
    if #gets > 0 then
        request = next_get
        return
    end
    request = next_message
    local first = number("FIRST", 1) + thread_id - 1
    library = ffi.load(os.getenv("FLEET"))
    fleet = ffi.new("struct fleet", number("ROUND", os.time()), first,
        number("LAST", 20), number("THREADS", 2), number("NUMBER", 1), first)
    local token = os.getenv("TOKEN") or ""
    fields = "Host: " .. wrk.headers["Host"] .. "\r\n"
        .. (os.getenv("CLOSE") == "1" and "Connection: close\r\n" or "")
        .. (token ~= "" and "Authorization: Bearer " .. token .. "\r\n" or "")
    out = ffi.new("char[640]")
end

function request() end -- replaced by init()

-- One line for load.py. wrk counts responses with a status of 400 and above
-- as "status"; p50 and p99 are in microseconds.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("counted: requests=%d microseconds=%d p50=%d p99=%d "
        .. "status=%d connect=%d read=%d write=%d timeout=%d\n",
        summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99),
        errors.status, errors.connect, errors.read, errors.write,
        errors.timeout))
end
