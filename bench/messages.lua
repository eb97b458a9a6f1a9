-- SPDX-License-Identifier: Apache-2.0
--
-- Messages of rockets for wrk: every request is another message, so a service
-- has to apply it and cannot discard it as a duplicate. Each wrk thread has
-- rockets of its own and sends number 1 of all of them, then number 2, and so
-- on; number 1 is the launch. What reordering there is comes from the
-- connections, as with real senders. Rockets are named as in fleet.c.
--
-- Environment:
--   ROCKETS    rockets in all, at least one a wrk thread (default 20)
--   OFFSET     leave out so many rockets before them (default 0)
--   THREADS    as wrk's -t (default 2, as wrk's own)
--   ROUND      part of every channel: another round flies other rockets
--              (default: the time, so that every run does)
--   FIRST      the number that each rocket begins with (default 1)
--   POSITIONS  go on where another run stopped: what it printed behind
--              "positions=" (default: begin with FIRST)
--   CLOSE      1: ask for the connection to be closed after each reply

local ROCKETS = tonumber(os.getenv("ROCKETS") or 20)
local OFFSET = tonumber(os.getenv("OFFSET") or 0)
local THREADS = tonumber(os.getenv("THREADS") or 2)
local ROUND = tonumber(os.getenv("ROUND") or os.time()) % 2 ^ 32
local FIRST = tonumber(os.getenv("FIRST") or 1)
local POSITIONS = os.getenv("POSITIONS") or ""
local CLOSE = os.getenv("CLOSE") == "1"

local TYPES = { "Falcon-9", "Atlas-H", "Saturn-I", "Titan-IV", "Electron" }
local MISSIONS = { "ARTEMIS", "APOLLO", "GEMINI", "MERCURY", "SKYLAB" }

local format, floor = string.format, math.floor

local function pick(list, n)
    return list[n % #list + 1]
end

-- A millisecond from one message of a rocket to the next.
local function time_of(number)
    local seconds = floor(number / 1000)
    return format("2025-04-02T%02d:%02d:%02d.%09d+02:00",
        floor(seconds / 3600) % 24, floor(seconds / 60) % 60, seconds % 60,
        number % 1000 * 1000000 + 989221)
end

local function payload_of(number)
    if number == 1 then
        return "RocketLaunched", format(
            '{"type":"%s","launchSpeed":500,"mission":"%s"}',
            pick(TYPES, ROUND), pick(MISSIONS, ROUND))
    elseif number % 10 == 0 then
        return "RocketMissionChanged", format('{"newMission":"%s"}',
            pick(MISSIONS, number / 10))
    elseif number % 2 == 0 then
        return "RocketSpeedIncreased", '{"by":1500}'
    else
        return "RocketSpeedDecreased", '{"by":500}'
    end
end

-- A message is cut where the channel ends. What stands before depends on the
-- rocket, what follows on the number alone: so one is made at the start, the
-- other once for all rockets, and the load generator leaves the processor to
-- the servers.
local id           -- of this wrk thread, from 1
local heads = {}   -- of the thread's rockets, all of one length
local http         -- the request's own head, up to the length
local start, tail  -- of all messages with the current number

-- Global, as done() asks for them.
number = FIRST
turn = 1           -- whose message is next

local function begin_number()
    local kind, payload = payload_of(number)
    tail = format('%d,"messageType":"%s","messageTime":"%s"},"message":%s}',
        number, kind, time_of(number), payload)
    start = http .. #heads[1] + #tail .. "\r\n\r\n"
end

local function next_message()
    if turn > #heads then
        number, turn = number + 1, 1
        begin_number()
    end
    local message = start .. heads[turn] .. tail
    turn = turn + 1
    return message
end

-- POSITIONS has number:turn of each thread, with commas between.
local function find_position()
    local thread = 0
    for n, t in POSITIONS:gmatch("(%d+):(%d+)") do
        thread = thread + 1
        if thread == id then
            number, turn = tonumber(n), tonumber(t)
        end
    end
end

local threads = {}

function setup(thread)
    threads[#threads + 1] = thread
    thread:set("thread_id", #threads)
end

function init()
    id = thread_id
    for rocket = OFFSET + id, OFFSET + ROCKETS, THREADS do
        heads[#heads + 1] = format(
            '{"metadata":{"channel":"%08x-0000-5000-8000-%012x",'
            .. '"messageNumber":', ROUND, rocket)
    end
    http = format("POST %s HTTP/1.1\r\nHost: %s\r\n%s"
        .. "Content-Type: application/json\r\nContent-Length: ",
        wrk.path, wrk.headers["Host"], CLOSE and "Connection: close\r\n" or "")
    find_position()
    begin_number()
end

-- Before it starts, wrk asks the first thread for one request to look at, and
-- does not send it.
local looked_at = false

function request()
    if id == 1 and not looked_at then
        looked_at = true
        return start .. heads[1] .. tail
    end
    return next_message()
end

-- One line for run.py. wrk's "status" counts replies of 400 and above.
function done(summary)
    local errors, positions = summary.errors, {}
    for i, thread in ipairs(threads) do
        positions[i] = thread:get("number") .. ":" .. thread:get("turn")
    end
    io.write(format("counted: requests=%d microseconds=%d bytes=%d "
        .. "status=%d connect=%d read=%d write=%d timeout=%d positions=%s\n",
        summary.requests, summary.duration, summary.bytes, errors.status,
        errors.connect, errors.read, errors.write, errors.timeout,
        table.concat(positions, ",")))
end
