-- begin: which chats, allowed now, intent written; one atomic step before any byte goes out. Slot {bot}.
-- KEYS 1 prefix of the bot (act, gate, nonce, chat, map and push keys are built from it: the push is known only here)
-- ARGV 1 worker  2 nonce  3 most  4 rate (a second)  5 burst (may be a fraction: the part above a whole one is how late
--      a caller may come without losing a token)
-- Replies JSON {push, revision, edits, wait (ms), items = [[position, token, attempt, index, "chat lang since", base], …]};
-- base is the reference of the message there that is answered or edited, "0" where there is none.
-- Idempotent under the client's retries: the same nonce gets the same reply.
-- Order of writes: state and intent of each delivery, then cursor, counts and limit.
local prefix, worker, nonce = KEYS[1], ARGV[1], ARGV[2]
local most, rate, burst = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now, micros = clock()
local memo, gate = prefix .. 'nonce:' .. worker, prefix .. 'gate'
local told = redis.call('HMGET', memo, 'nonce', 'reply')
if told[1] == nonce then return told[2] end

local function answer(push, wait, items, revision, edits)
  local body = '"push":' .. cjson.encode(push) .. ',"wait":' .. whole(wait) .. ',"revision":' .. (revision or '1')
    .. ',"edits":' .. (edits and 'true' or 'false') .. ',"items":'
  return '{' .. body .. (#items > 0 and cjson.encode(items) or '[]') .. '}'
end
local g = redis.call('HMGET', gate, 'paused', 'frozen', 'froze', 'tat', 'second', 'begun')
if g[1] then return answer('', 1000, {}) end
-- A freeze that was set in the future was set before the clock was put back: it is void.
local frozen, froze = tonumber(g[2] or '0'), tonumber(g[3] or '0')
if frozen > now and froze <= now then return answer('', math.min(frozen - now, 1000), {}) end

-- GCRA: tat is the theoretical arrival time in microseconds; one that lies absurdly far ahead is a clock jump.
local step = 1000000 / rate
local tat = tonumber(g[4] or '0')
if tat < micros or tat > micros + 4 * burst * step + 1000000 then tat = micros end
-- Differences first: at 1.8e15 microseconds a double has a grain of a quarter, and a sum would lose a whole token.
local granted = math.min(most, math.floor(burst + (micros - tat) / step + 0.001))
if granted < 1 then return answer('', math.max(math.ceil((tat - micros - (burst - 1) * step) / 1000), 1), {}) end

local items, looks = {}, 1000
-- What this chat has of the base push, whose position `at` is: its state, and the reference where it was sent ("0" else).
local function base_of(base, at)
  local state = get_state(base, at)
  if state ~= 3 then return state, '0' end
  local width = tonumber(redis.call('HGET', base, 'refbytes'))
  local from, ref = at * (width + 2), 0
  for _, byte in ipairs({string.byte(redis.call('GETRANGE', base .. ':refs', from, from + width - 1), 1, width)}) do
    ref = ref * 256 + byte -- a Slack ts in microseconds stays below 2^53
  end
  return state, whole(ref)
end
-- The message of the parent story in this chat, for a follow-up.
local function parent_of(base, index)
  local audience, byte = base .. ':audience', math.floor(index / 8)
  if redis.call('GETBIT', audience, index) == 0 then return '0' end
  local at = byte > 0 and redis.call('BITCOUNT', audience, 0, byte - 1) or 0
  local c = string.byte(redis.call('GETRANGE', audience, byte, byte))
  for bit = 0, index % 8 - 1 do
    if math.floor(c / 2 ^ (7 - bit)) % 2 == 1 then at = at + 1 end
  end
  local _, ref = base_of(base, at)
  return ref
end
local function skip(key, position, why)
  set_state(key, position, 7)
  redis.call('HINCRBY', key, 'skipped', 1)
  if why then explain(key, position, why) else redis.call('HINCRBY', key, 'absent', 1) end
end
-- Whether this edit may go to this position now, and what it edits. What is in flight there (the first message, or the
-- edit before this one) is waited for; what is not sent yet will be sent in the new words.
local function editable(key, p, position, index, attempt)
  local state, ref = base_of(p.base, position)
  local flying = state == 2 or (p.before and get_state(p.before, position) == 2)
  if flying then
    set_state(key, position, 4)
    redis.call('ZADD', key .. ':retries', now + 1000, position .. ':' .. index .. ':' .. attempt)
  elseif state == 5 then
    skip(key, position, 'in doubt')
  elseif state ~= 3 then
    skip(key, position)
  end
  return not flying and state == 3, ref
end
local function take(key, p, position, index, attempt)
  local chat = redis.call('HGET', prefix .. 'chat:' .. math.floor(index / 128), index)
  -- Who has a message gets its corrections, also after leaving.
  if not chat or (not p.edits and redis.call('GETBIT', prefix .. 'map:active', index) == 0) then
    return skip(key, position, chat and 'unsubscribed' or 'erased')
  end
  local goes, ref = true, '0'
  if p.edits then
    goes, ref = editable(key, p, position, index, attempt)
  elseif p.base then
    ref = parent_of(p.base, index)
  end
  if not goes then return end
  local token = worker .. ':' .. attempt .. ':' .. whole(now)
  set_state(key, position, 2)
  redis.call('HSET', key .. ':intents', position, token)
  items[#items + 1] = {position, token, attempt, index, chat, ref}
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
  return found >= 0 and found or nil
end
-- Fill `items` from one push: what is due again, then what the cursor finds. Replies whether the cursor is at the end.
-- After the push's time only its retries end: a fan-out that began in time may well take longer than that.
local function gather(key, p, size, nxt, at, late)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key .. ':retries', '-inf', now, 'LIMIT', 0, granted)) do
    local position, index, attempt = string.match(member, '(%d+):(%d+):(%d+)')
    redis.call('ZREM', key .. ':retries', member)
    if get_state(key, position) == 4 and late then
      set_state(key, position, 6)
      redis.call('HINCRBY', key, 'dead', 1)
      explain(key, position, 'expired')
    elseif get_state(key, position) == 4 then
      take(key, p, tonumber(position), tonumber(index), tonumber(attempt))
    end
  end
  while #items < granted and at < size and looks > 0 do
    local index = following(key .. ':audience', nxt)
    if not index then break end
    if get_state(key, at) == 0 then take(key, p, at, index, 1) end
    nxt, at, looks = index + 1, at + 1, looks - 1
  end
  redis.call('HSET', key, 'next', nxt, 'at', at)
  return at >= size
end
local function spend(key)
  redis.call('HINCRBY', key, 'sending', #items)
  local second = math.floor(now / 1000)
  if g[5] == whole(second) then
    redis.call('HINCRBY', gate, 'begun', #items)
  else
    local last = tonumber(g[5] or '0') == second - 1 and g[6] or '0'
    redis.call('HSET', gate, 'second', whole(second), 'begun', #items, 'last', last)
  end
  redis.call('HSET', gate, 'tat', whole(tat + #items * step))
end

local wait = 1000
for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, 99)) do
  local key = prefix .. 'push:' .. push
  local h = redis.call('HMGET', key, 'state', 'size', 'next', 'at', 'expires', 'base', 'before', 'edits', 'revision')
  if h[1] ~= 'open' then
    settle(prefix, push)
  elseif tonumber(h[5]) * 1000 < now and h[4] == '0' then
    close(prefix, push, 'expired', 'dead') -- too old to start with
  else
    local function named(name) return name and name ~= '' and prefix .. 'push:' .. name or nil end
    local p = {base = named(h[6]), before = named(h[7]), edits = h[8] == '1'}
    local ended = gather(key, p, tonumber(h[2]), tonumber(h[3]), tonumber(h[4]), tonumber(h[5]) * 1000 < now)
    if #items > 0 then
      spend(key)
      local reply = answer(push, 0, items, h[9], p.edits)
      redis.call('HSET', memo, 'nonce', nonce, 'reply', reply)
      redis.call('PEXPIRE', memo, 3600000)
      return reply
    end
    -- So many skipped that this call has taken long enough: ask again at once, before any later push gets its turn.
    if not ended and looks == 0 then return answer('', 0, {}) end
    settle(prefix, push)
    local soon = redis.call('ZRANGE', key .. ':retries', 0, 0, 'WITHSCORES')
    if soon[2] then wait = math.min(wait, math.max(tonumber(soon[2]) - now, 1)) end
  end
end
return answer('', wait, {})
