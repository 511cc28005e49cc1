-- Reserves up to n slots that fit every pace given (all, campaign, trunk) and writes them down, at once.
--
-- A slot fits a pace when no other slot of that pace lies nearer than the pace's gap. The slots already
-- given are kept, so that a slow campaign may reserve far ahead without pushing everybody behind it.
-- KEYS: the opening, then one sorted set of slots for each pace, the narrowest-spaced (all) first.
-- ARGV: n, microseconds from now before which no slot may start, furthest microseconds ahead, then the
-- gap of each pace in microseconds.
-- Returns the server's time and the start of each slot, in microseconds of the server's clock.

local wanted, not_before, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function text(number) return string.format('%.0f', number) end

-- Slots of a pace, earliest first; those a gap or more in the past hinder nobody.
local function slots_of(key, gap)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - gap))
  local slots = redis.call('ZRANGE', key, 0, -1)
  for i = 1, #slots do slots[i] = tonumber(slots[i]) end
  return slots
end

local paces, furthest = {}, 0
for i = 2, #KEYS do
  local gap = tonumber(ARGV[i + 2])
  local slots = slots_of(KEYS[i], gap)
  paces[#paces + 1] = { key = KEYS[i], gap = gap, slots = slots, from = 1 }
  furthest = math.max(furthest, slots[#slots] or 0)
end

-- A server that has just started, been flushed or taken over from another may have forgotten slots that
-- dialers still hold. Those lie at most one horizon ahead, so it opens when they are all past. So too
-- when its clock was set back, which puts known slots further ahead than any can be given.
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local opening = redis.call('HMGET', KEYS[1], 'run_id', 'at')
local opens_at = tonumber(opening[2])
if opening[1] ~= run_id or furthest > now + horizon or opens_at > now + horizon then
  opens_at = now + horizon
  redis.call('HSET', KEYS[1], 'run_id', run_id, 'at', text(opens_at))
  for _, pace in ipairs(paces) do
    pace.slots = {}
    redis.call('DEL', pace.key)
  end
end

-- The first moment from t on that fits a pace. Where `aligned`, whole gaps after the slot before it, as
-- odd remainders between slots would be too short for anybody. A pace is never asked for an earlier t
-- than before, so the search goes on where it ended.
local function first_fit(pace, t, aligned)
  local gap = pace.gap
  for i = pace.from, #pace.slots do
    local slot = pace.slots[i]
    if t <= slot - gap then return t end
    if t < slot + gap then
      t = slot + gap
    elseif aligned then
      t = slot + math.ceil((t - slot) / gap) * gap
    end
    pace.from = i
  end
  return t
end

local function first_fit_of_all(t)
  while t <= now + horizon do
    local start = first_fit(paces[1], t, true)
    t = start
    for i = 2, #paces do t = math.max(t, first_fit(paces[i], t, false)) end
    if t == start then return t end
  end
  return nil
end

local function insert(slots, t)
  local i = #slots + 1
  while i > 1 and slots[i - 1] > t do i = i - 1 end
  table.insert(slots, i, t)
end

local answer = { text(now) }
local t = math.max(now + not_before, opens_at)
while #answer <= wanted do
  t = first_fit_of_all(t)
  if t == nil or t > now + horizon then break end
  for _, pace in ipairs(paces) do
    insert(pace.slots, t)
    redis.call('ZADD', pace.key, text(t), text(t))
  end
  answer[#answer + 1] = text(t)
end
for _, pace in ipairs(paces) do
  redis.call('PEXPIRE', pace.key, math.ceil((horizon + pace.gap) / 1000) + 1000)
end
return answer
