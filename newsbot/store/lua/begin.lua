-- begin: which chats, allowed now, intent written; one atomic step before any byte goes out. Slot {bot}.
-- KEYS 1 prefix of the bot (act, gate, nonce, chat, map and push keys are built from it: the push is known only here)
-- ARGV 1 worker  2 nonce  3 most  4 rate (a second)  5 burst
-- Replies JSON {push, wait (ms), items = [[position, token, attempt, index, "chat lang since"], …]}.
-- Idempotent under the client's retries: the same nonce gets the same reply.
-- Order of writes: state and intent of each delivery, then cursor, counts and limit.
local prefix, worker, nonce = KEYS[1], ARGV[1], ARGV[2]
local most, rate, burst = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now, micros = clock()
local memo = prefix .. 'nonce:' .. worker
local told = redis.call('HMGET', memo, 'nonce', 'reply')
if told[1] == nonce then return told[2] end

local gate = prefix .. 'gate'
local g = redis.call('HMGET', gate, 'paused', 'frozen', 'tat', 'second', 'begun', 'last')
local function answer(push, wait, items)
  local body = '"push":' .. cjson.encode(push) .. ',"wait":' .. whole(wait) .. ',"items":'
  local reply = '{' .. body .. (#items > 0 and cjson.encode(items) or '[]') .. '}'
  if #items > 0 then
    redis.call('HSET', memo, 'nonce', nonce, 'reply', reply)
    redis.call('PEXPIRE', memo, 3600000)
  end
  return reply
end
if g[1] then return answer('', 1000, {}) end
local frozen = tonumber(g[2] or '0')
if frozen > now then return answer('', math.min(frozen - now, 1000), {}) end

-- GCRA: tat is the theoretical arrival time in microseconds; one that lies absurdly far ahead is a clock jump.
local step = 1000000 / rate
local tat = tonumber(g[3] or '0')
if tat < micros or tat > micros + 4 * burst * step + 1000000 then tat = micros end
-- Differences first: at 1.8e15 microseconds a double has a grain of a quarter, and a sum would lose a whole token.
local granted = math.min(most, math.floor(burst + (micros - tat) / step + 0.001))
if granted < 1 then return answer('', math.max(math.ceil((tat - micros - (burst - 1) * step) / 1000), 1), {}) end

local wait = 1000
local function take(push, key, items, position, index, attempt)
  local shard = prefix .. 'chat:' .. math.floor(index / 128)
  local chat = redis.call('HGET', shard, index)
  if not chat or redis.call('GETBIT', prefix .. 'map:active', index) == 0 then
    set_state(key, position, 7)
    redis.call('HINCRBY', key, 'skipped', 1)
    redis.call('HSET', key .. ':reasons', position, chat and 'unsubscribed' or 'erased')
    return
  end
  local token = worker .. ':' .. attempt .. ':' .. whole(now)
  set_state(key, position, 2)
  redis.call('HSET', key .. ':intents', position, token)
  items[#items + 1] = {position, token, attempt, index, chat}
end
-- The next set bit of the audience at or after `index`, or nil.
local function following(audience, index)
  local byte = math.floor(index / 8)
  local c = string.byte(redis.call('GETRANGE', audience, byte, byte))
  if not c then return nil end
  for bit = index % 8, 7 do
    if math.floor(c / 2 ^ (7 - bit)) % 2 == 1 then return byte * 8 + bit end
  end
  local found = redis.call('BITPOS', audience, 1, byte + 1)
  if found < 0 then return nil end
  return found
end

for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, 15)) do
  local key = prefix .. 'push:' .. push
  local h = redis.call('HMGET', key, 'state', 'size', 'next', 'at', 'expires')
  local items = {}
  if h[1] ~= 'open' then
    settle(prefix, push)
  elseif tonumber(h[5]) * 1000 < now then
    close(prefix, push, 'expired', 'dead')
  else
    local due = redis.call('ZRANGEBYSCORE', key .. ':retries', '-inf', now, 'LIMIT', 0, granted)
    for _, member in ipairs(due) do
      local position, index, attempt = string.match(member, '(%d+):(%d+):(%d+)')
      redis.call('ZREM', key .. ':retries', member)
      if redis.call('BITFIELD', key .. ':states', 'GET', 'u4', '#' .. position)[1] == 4 then
        take(push, key, items, tonumber(position), tonumber(index), tonumber(attempt))
      end
    end
    local size, nxt, at, looked = tonumber(h[2]), tonumber(h[3] or '0'), tonumber(h[4] or '0'), 0
    while #items < granted and at < size and looked < 1000 do
      local index = following(key .. ':audience', nxt)
      if not index then break end
      if redis.call('BITFIELD', key .. ':states', 'GET', 'u4', '#' .. at)[1] == 0 then
        take(push, key, items, at, index, 1)
      end
      nxt, at, looked = index + 1, at + 1, looked + 1
    end
    redis.call('HSET', key, 'next', nxt, 'at', at)
    if #items > 0 then
      redis.call('HINCRBY', key, 'sending', #items)
      local second = whole(math.floor(now / 1000))
      if g[4] == second then
        redis.call('HINCRBY', gate, 'begun', #items)
      else
        local last = g[4] and tonumber(g[4]) == math.floor(now / 1000) - 1 and g[5] or '0'
        redis.call('HSET', gate, 'second', second, 'begun', #items, 'last', last)
      end
      redis.call('HSET', gate, 'tat', whole(tat + #items * step))
      return answer(push, 0, items)
    end
    settle(prefix, push)
    if at < size then wait = 0 end
    local soon = redis.call('ZRANGE', key .. ':retries', 0, 0, 'WITHSCORES')
    if soon[2] then wait = math.min(wait, math.max(tonumber(soon[2]) - now, 0)) end
  end
end
return answer('', wait, {})
