-- begin: which chats, allowed now, intent written; one atomic step before any byte goes out. Slot {bot}.
-- KEYS 1 prefix of the bot (act, gate, nonce, chat, map and push keys are built from it: the push is known only here)
-- ARGV 1 worker  2 nonce  3 most  4 rate (a second)  5 burst (may be a fraction: the part above a whole one is how late
--      a caller may come without losing a token)  6, 7 ms between two messages in one chat, group  8 how a group's id
--      starts, or ""  9 the run id of the Redis this worker last told what it knows, or ""  10 1 where that matters
-- Replies JSON {push, revision, edits, late, wait (ms), barrier (run id or ""), token,
--      items = [[position, attempt, index, "chat lang since", base, again, quietly, form], …]};
--      form is 0 for headline and excerpt, 1 for the headline alone, 2 with the image;
-- base is the reference of the message there that is answered or edited, "0" where there is none.
-- Idempotent under the client's retries: the same nonce gets the same window, less what was committed of it meanwhile.
-- Order of writes: intents, then states, then cursor and counts, then limits.
local prefix, worker, nonce = KEYS[1], ARGV[1], ARGV[2]
local most, rate, burst = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local spacing = {chat = tonumber(ARGV[6]), group = tonumber(ARGV[7])}
local now, micros = clock()
local memo, gate = prefix .. 'nonce:' .. worker, prefix .. 'gate'

local function answer(wait, more)
  more = more or {}
  local body = '"push":' .. cjson.encode(more.push or '') .. ',"wait":' .. whole(wait)
    .. ',"barrier":' .. cjson.encode(more.barrier or '') .. ',"token":' .. cjson.encode(more.token or '')
    .. ',"revision":' .. (more.revision or '1') .. ',"edits":' .. (more.edits and 'true' or 'false')
    .. ',"late":' .. (more.late and 'true' or 'false') .. ',"items":'
  local items = more.items or {}
  return '{' .. body .. (#items > 0 and cjson.encode(items) or '[]') .. '}'
end

-- What stands of one push: its counts, whose messages it answers or edits, whether it is late.
local function open_push(push)
  local p = account(prefix .. 'push:' .. push, 'state', 'next', 'at', 'expires', 'ends', 'base', 'before', 'edits', 'revision', 'quietly')
  if not p then return nil end
  local function named(name) return name and name ~= '' and prefix .. 'push:' .. name or nil end
  p.push, p.base, p.before, p.edits = push, named(p.base), named(p.before), p.edits == '1'
  p.quietly = p.quietly == '1'
  p.next, p.at = tonumber(p.next), tonumber(p.at)
  p.late = not p.edits and tonumber(p.expires) * 1000 < now
  p.over = tonumber(p.ends) * 1000 < now
  return p
end

local function items_of(list)
  local items = {}
  for i, c in ipairs(list) do
    local quietly = (c.attempt >= AGAIN or c.quietly) and 1 or 0
    items[i] = {c.position, c.attempt, c.index, c.record, c.ref, c.attempt >= AGAIN and 1 or 0, quietly, c.form}
  end
  return items
end

local g = redis.call('HMGET', gate, 'paused', 'frozen', 'froze', 'tat', 'second', 'begun', 'run', 'seen', 'top', 'cut')

-- 1. The same question again: the window that was granted, as far as it is still under way. Its first answer never
-- arrived, so nothing of it has left: after a stop it is taken back.
local function take_back(p, list, token)
  local marks = {}
  for _, c in ipairs(list) do
    if c.attempt >= AGAIN and p.state ~= 'open' then
      marks[c.position], p.doubt = 5, p.doubt + 1
    elseif p.state == 'open' then
      marks[c.position] = 4
      redis.call('ZADD', p.key .. ':retries', now, write_window({c}))
    else
      local into = DEADLY[p.state] or 'cancelled'
      marks[c.position], p[into] = into == 'dead' and 6 or 8, p[into] + 1
    end
  end
  p.sending = p.sending - #list
  set_states(p.key, marks)
  redis.call('HDEL', p.key .. ':intents', token)
  save(p)
  settle(prefix, p.push, p)
end
local told = redis.call('HMGET', memo, 'nonce', 'push', 'token')
if told[1] == nonce then
  local p = open_push(told[2])
  local window = p and read_window(redis.call('HGET', p.key .. ':intents', told[3]) or '') or {}
  if #window > 0 and (g[1] or p.state ~= 'open') then
    take_back(p, window, told[3])
    window = {}
  end
  if #window == 0 then return answer(0) end
  look(prefix, ARGV[8], p, window)
  local list = {}
  for _, c in ipairs(window) do
    if c.record then list[#list + 1] = c end -- who was erased meanwhile is given up with the window's lease
  end
  return answer(0, {push = p.push, token = told[3], revision = p.revision, edits = p.edits, late = p.late, items = items_of(list)})
end

-- 2. Whether anything may go now at all.
if ARGV[10] == '1' then
  -- Another Redis than before (restarted, promoted, restored) may have lost its last writes: every worker tells it first
  -- what it knows. Only the Redis of a new installation is known from the start (barrier).
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  if ARGV[9] ~= run then return answer(0, {barrier = run}) end
  if g[7] ~= run then return answer(100, {barrier = run}) end
end
if g[1] then return answer(1000) end
-- A clock that was put back: what was written for later is due as much earlier.
local back = tonumber(g[8] or '0') - now
if back > 2000 then
  redis.call('DEL', prefix .. 'paced', prefix .. 'places')
  redis.call('HSET', gate, 'seen', whole(now), 'cut', whole(now))
  for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, -1)) do
    local retries = prefix .. 'push:' .. push .. ':retries'
    local waiting = redis.call('ZRANGE', retries, 0, -1, 'WITHSCORES')
    for i = 1, #waiting, 2 do redis.call('ZADD', retries, tonumber(waiting[i + 1]) - back, waiting[i]) end
  end
end
-- A freeze that was set in the future was set before the clock was put back: it is void.
local frozen, froze = tonumber(g[2] or '0'), tonumber(g[3] or '0')
if frozen > now and froze <= now then return answer(math.min(frozen - now, 1000)) end
-- After floods the rate comes back along a cubic: quickly to where it failed, slowly past it, then quickly again.
rate = present_rate(rate, g[9], g[10], now)

-- GCRA: tat is the theoretical arrival time in microseconds; one that lies absurdly far ahead is a clock jump.
local step = 1000000 / rate
local tat = tonumber(g[4] or '0')
if tat < micros or tat > micros + 4 * burst * step + 1000000 then tat = micros end
-- Differences first: at 1.8e15 microseconds a double has a grain of a quarter, and a sum would lose a whole token.
local granted = math.min(most, math.floor(burst + (micros - tat) / step + 0.001))
if granted < 1 then return answer(math.max(math.ceil((tat - micros - (burst - 1) * step) / 1000), 1)) end

-- 3. Who gets it.
local looks, taken = 1000, {}
local free_at = {chat = tenths(now + spacing.chat), group = tenths(now + spacing.group)}
local packed = pack(free_at.chat, 4)
local function hold_back(p, c, ms, changes)
  changes.marks[c.position] = 4
  table.insert(changes.retries, ms)
  table.insert(changes.retries, whole(c.position) .. ':' .. whole(c.index) .. ':' .. whole(c.attempt))
end
local function skip(p, c, why, changes)
  if c.attempt >= AGAIN then -- the first copy may be there: it stays a doubt
    changes.marks[c.position] = 5
    p.doubt = p.doubt + 1
    table.insert(changes.why, c.position)
    table.insert(changes.why, 'in doubt, and not sent again: ' .. (why or 'not there'))
    return
  end
  changes.marks[c.position] = 7
  p.skipped = p.skipped + 1
  if why then
    table.insert(changes.why, c.position)
    table.insert(changes.why, why)
  else
    redis.call('HINCRBY', p.key, 'absent', 1)
  end
end
local function grant(p, c, changes)
  changes.marks[c.position] = 2
  taken[#taken + 1] = c
  if spacing.group > 0 and c.place then
    changes.places[c.place] = free_at.group
    changes.told[#changes.told + 1] = c.place
    changes.told[#changes.told + 1] = free_at.group
  elseif spacing.chat > 0 and not c.place then
    changes.paced[c.index] = packed
  end
end
-- One candidate's fate. What is in flight there (the first message, or the edit before this one) is waited for; what is
-- not sent yet will be sent in the new words.
local function decide(p, c, changes)
  local free = changes.places[c.place or ''] or c.free
  if not c.record or not c.active then
    skip(p, c, c.record and 'unsubscribed' or 'erased', changes)
  elseif p.edits and c.flying then
    hold_back(p, c, now + 1000, changes)
  elseif p.edits and c.base ~= 3 then
    skip(p, c, c.base == 5 and 'in doubt' or nil, changes)
  elseif free > (now - EPOCH) / 100 then
    hold_back(p, c, free * 100 + EPOCH, changes)
  else
    grant(p, c, changes)
  end
end
-- Decide about these in order until enough are granted; how many were looked at.
local function consider(p, list)
  if #list == 0 then return 0 end
  look(prefix, ARGV[8], p, list)
  local changes = {marks = {}, retries = {}, why = {}, paced = {}, places = {}, told = {}}
  local seen = 0
  for _, c in ipairs(list) do
    if #taken >= granted then break end
    decide(p, c, changes)
    seen = seen + 1
  end
  if #changes.retries > 0 then redis.call('ZADD', p.key .. ':retries', unpack(changes.retries)) end
  explain(p.key, changes.why)
  set_cells(prefix .. 'paced', 4, changes.paced)
  if #changes.told > 0 then redis.call('HSET', prefix .. 'places', unpack(changes.told)) end
  set_states(p.key, changes.marks)
  looks = looks - seen
  return seen
end
-- The next `most` members of the audience from the cursor on whose states are still 0; cursor past each in `after`.
local function upcoming(p, many)
  local audience, list, base, chunk = p.key .. ':audience', {}, 0, ''
  local index, at = p.next, p.at
  while #list < many and at < p.size do
    local byte = math.floor(index / 8)
    if byte < base or byte >= base + #chunk then
      base, chunk = byte, redis.call('GETRANGE', audience, byte, byte + 63)
      if #chunk == 0 then break end
    end
    local c = string.byte(chunk, byte - base + 1)
    if c % (2 * BITS[index % 8 + 1]) == 0 then
      local start = string.find(chunk, '[^%z]', byte - base + 2)
      if start then
        index = (base + start - 1) * 8
      else
        index = redis.call('BITPOS', audience, 1, base + #chunk)
        if index < 0 then break end
      end
    else
      local bit = index % 8
      while not is_set(c, bit) do bit = bit + 1 end
      index = byte * 8 + bit
      list[#list + 1] = {position = at, index = index, attempt = 1, after = index + 1}
      index, at = index + 1, at + 1
    end
  end
  return list
end
-- What is due again; what was begun in time may be tried until it ends.
local function due(p)
  local list = {}
  for _, m in ipairs(redis.call('ZRANGEBYSCORE', p.key .. ':retries', '-inf', now, 'LIMIT', 0, granted)) do
    local c = read_window(m)[1]
    c.member = m
    list[#list + 1] = c
  end
  if #list == 0 then return list end
  local positions, members, live = {}, {}, {}
  for i, c in ipairs(list) do positions[i], members[i] = c.position, c.member end
  local states = get_states(p.key, positions)
  for _, c in ipairs(list) do
    if states[c.position] == 4 then live[#live + 1] = c end
  end
  redis.call('ZREM', p.key .. ':retries', unpack(members))
  return live
end
-- Fill `taken` from one push: what is due again, then what the cursor finds. Replies whether the cursor is at the end.
local function gather(p)
  consider(p, due(p))
  local many = granted - #taken
  while #taken < granted and p.at < p.size and looks > 0 do
    local list = upcoming(p, many)
    many = 64 -- where some were passed over more of them are likely to be
    if #list == 0 then break end
    local positions, fresh = {}, {}
    for i, c in ipairs(list) do positions[i] = c.position end
    local states = get_states(p.key, positions)
    for _, c in ipairs(list) do
      if states[c.position] == 0 then fresh[#fresh + 1] = c end
    end
    local seen = consider(p, fresh)
    local last = seen == #fresh and list[#list] or fresh[seen]
    -- Nothing was looked at only where nothing more is granted.
    if last then p.next, p.at = last.after, last.position + 1 end
    if seen == 0 then looks = looks - #list end
  end
  return p.at >= p.size
end
local function spend()
  local second = math.floor(now / 1000)
  local begun, last = #taken, '0'
  if g[5] == whole(second) then
    redis.call('HINCRBY', gate, 'begun', begun)
  else
    last = tonumber(g[5] or '0') == second - 1 and g[6] or '0'
    redis.call('HSET', gate, 'second', whole(second), 'begun', begun, 'last', last)
  end
  redis.call('HSET', gate, 'tat', whole(tat + begun * step), 'seen', whole(now), 'rate', ARGV[4],
    'mark', ARGV[8])
end

local wait = 1000
for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, 99)) do
  local p = open_push(push)
  if not p then
    redis.call('ZREM', prefix .. 'act', push)
  elseif p.state ~= 'open' then
    settle(prefix, push, p)
  elseif p.over then
    close(prefix, push, p, 'expired')
  else
    local ended = gather(p)
    p.sending = p.sending + #taken
    if #taken > 0 then
      local token = worker .. ':' .. nonce .. ':' .. whole(now)
      redis.call('HSET', p.key .. ':intents', token, write_window(taken))
      save(p, 'next', p.next, 'at', p.at)
      spend()
      redis.call('HSET', memo, 'nonce', nonce, 'push', push, 'token', token)
      redis.call('EXPIRE', memo, 3600)
      return answer(0, {push = push, token = token, revision = p.revision, edits = p.edits, late = p.late, items = items_of(taken)})
    end
    save(p, 'next', p.next, 'at', p.at)
    -- So many skipped that this call has taken long enough: ask again at once, before any later push gets its turn.
    if not ended and looks <= 0 then return answer(0) end
    settle(prefix, push, p)
    local soon = redis.call('ZRANGE', p.key .. ':retries', 0, 0, 'WITHSCORES')
    if soon[2] then wait = math.min(wait, math.max(tonumber(soon[2]) - now, 1)) end
  end
end
return answer(wait)
