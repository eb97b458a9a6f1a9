-- SPDX-License-Identifier: Apache-2.0
--
-- wrk script: POST of messages of rockets. All messages are distinct, so that
-- a service has to apply each and cannot discard it as a duplicate. Each wrk
-- thread has its own rockets and sends number 1, the launch, of each of them,
-- then number 2 of each, and so on. Only the connections reorder messages, as
-- with real senders. Rockets have the same ids as in fleet.c.
--
-- Environment:
--   ROCKETS    number of rockets, at least one per wrk thread (default 20)
--   OFFSET     number of rockets to skip before them (default 0)
--   THREADS    the value of wrk's -t (default 2, as in wrk)
--   ROUND      part of every channel; another round has other rockets
--              (default: the time, so that every run has other rockets)
--   FIRST      number of the first message of each rocket (default 1)
--   POSITIONS  continue after another run: what it printed after "positions="
--              (default: start with FIRST)
--   CLOSE      1: send "Connection: close" with each request

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

-- The messages of a rocket are one millisecond apart.
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

-- A message has two parts, which are divided after the channel. The first
-- depends on the rocket only and is made once per rocket. The second depends
-- on the number only and is made once for all rockets. This saves CPU time of
-- the load generator, which shares the CPUs with the servers.
local id           -- of this wrk thread, from 1
local heads = {}   -- first parts, by rocket of this thread; of equal length
local http         -- head of a request, up to the value of Content-Length
local start, tail  -- of all messages with the current number: the HTTP head,
                   -- and the second part

-- Global, because done() reads them by thread:get().
number = FIRST
turn = 1           -- index into heads of the next message

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

-- POSITIONS has number:turn of each thread, separated by commas.
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

-- Before it starts, wrk calls request() once on the first thread to inspect
-- the request. It does not send that one.
local inspected = false

function request()
    if id == 1 and not inspected then
        inspected = true
        return start .. heads[1] .. tail
    end
    return next_message()
end

-- Prints one line for run.py. wrk counts responses with a status of 400 and
-- above as "status".
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
