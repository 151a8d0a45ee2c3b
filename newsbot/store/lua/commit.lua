-- commit: what became of begun deliveries. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 push  2 "replay" where a worker's journal is told again to a Redis that may have lost its last writes, else ""
--      3 token  4 what was sent of that window: position and index in 4 bytes each and the reference, one after another
--      then per other delivery of it: position, index, attempt, code, detail, reason
--      code R (detail = ms to wait), D, X, in a replay also I (still under way); reason is short
-- Replies how many were taken. Sent always wins: it turns pending, sending, retry and doubt into sent.
-- R, D and X count only from the holder of the intent. Idempotent: what is settled stays.
-- In a replay a delivery that this Redis holds for untouched was touched: it becomes what the journal says.
local prefix, push, replay = KEYS[1], ARGV[1], ARGV[2] == 'replay'
local key = prefix .. 'push:' .. push
local now = clock()
local p = account(key, 'refbytes', 'planned', 'state', 'edits', 'score', 'folded')
if not p or p.folded == '1' then return 0 end
local width, edits = tonumber(p.refbytes), p.edits == '1'
local since = math.min(math.max(math.floor(now / 1000 - tonumber(p.planned)), 0), 16777215)

local token, blob, list, positions, audience = ARGV[3], ARGV[4], {}, {}, key .. ':audience'
local window, holds, changed = read_window(redis.call('HGET', key .. ':intents', token)), {}, false
for _, one in ipairs(window) do holds[one.position] = one.index end
-- Positions go by the audience that was frozen. Where the window is not known any more, that one may have been lost and
-- frozen anew: then the chat counts, wherever it stands now.
local function add(c)
  if holds[c.position] ~= c.index then
    if redis.call('GETBIT', audience, c.index) == 0 then return end
    c.position = rank(audience, c.index)
  end
  list[#list + 1] = c
  positions[#positions + 1] = c.position
end
for from = 1, #blob, 8 + width do
  add({position = number(string.sub(blob, from, from + 3)), index = number(string.sub(blob, from + 4, from + 7)), code = 'S',
    detail = string.sub(blob, from + 8, from + 7 + width)})
end
for i = 5, #ARGV, 6 do
  local position, index, attempt, code, detail, reason = unpack(ARGV, i, i + 5)
  add({position = tonumber(position), index = tonumber(index), attempt = tonumber(attempt), code = code, detail = detail,
    reason = reason})
end
if #list == 0 then return 0 end
local states = get_states(key, positions)
local marks, refs, unexplained, reasons, retries, certain, doubtful, sent = {}, {}, {}, {}, {}, {}, {}, {}
local taken = 0

-- When each was sent: one time for a block of neighbours, another only for those that came at another second.
local function stamp()
  local blocks, names = {}, {}
  for _, position in ipairs(sent) do
    local block = math.floor(position / BLOCK)
    if not blocks[block] then
      blocks[block] = true
      names[#names + 1] = block
    end
  end
  local times, fresh, late = get_cells(key .. ':times', 3, names), {}, {}
  for _, position in ipairs(sent) do
    local block = math.floor(position / BLOCK)
    local known = fresh[block] or times[block]
    if known == '' or known == '\0\0\0' then
      fresh[block] = pack(since + 1, 3)
    elseif math.abs(number(known) - since - 1) > 2 then -- a fan-out passes a second within a block all the time
      late[#late + 1] = position
      late[#late + 1] = since
    end
  end
  set_cells(key .. ':times', 3, fresh)
  if #late > 0 then
    redis.call('HSET', key .. ':later', unpack(late))
    redis.call('EXPIRE', key .. ':later', math.max(redis.call('TTL', key), 1))
  end
end
-- What is left of the window under its token.
local function close_intents()
  local rest = {}
  for _, one in ipairs(window) do
    if holds[one.position] then rest[#rest + 1] = one end
  end
  if #rest > 0 then
    redis.call('HSET', key .. ':intents', token, write_window(rest))
  else
    redis.call('HDEL', key .. ':intents', token)
  end
end
-- A platform refused for now: that chat is left alone for as long as it said. Two chats within ten seconds: the rate was
-- too high; three within one: the whole bot waits, for the shortest of their delays.
local function flood(c)
  local floods, gate, delay = prefix .. 'floods', prefix .. 'gate', math.max(tonumber(c.detail), 0)
  local free = math.min(tenths(now + delay), 4294967295)
  local g = redis.call('HMGET', gate, 'frozen', 'rate', 'top', 'cut', 'mark')
  local record = redis.call('HGET', prefix .. 'chat:' .. math.floor(c.index / 128), c.index) or ''
  local mark = g[5] or ''
  if mark ~= '' and string.sub(record, 1, #mark) == mark or string.find(record, '/', 1, true) then
    local place = string.match(record, '^[^/ ]+')
    local known = tonumber(redis.call('HGET', prefix .. 'places', place) or '0')
    redis.call('HSET', prefix .. 'places', place, math.max(free, known))
  else
    local known = number(redis.call('GETRANGE', prefix .. 'paced', c.index * 4, c.index * 4 + 3))
    redis.call('SETRANGE', prefix .. 'paced', c.index * 4, pack(math.max(free, known), 4))
  end
  redis.call('ZREMRANGEBYSCORE', floods, '-inf', now - 10000)
  redis.call('ZADD', floods, now, whole(c.index) .. ':' .. whole(delay))
  redis.call('PEXPIRE', floods, 10000)
  local recent, many, shorter = {}, 0, delay
  local chats, different = {}, 0
  local found = redis.call('ZRANGE', floods, 0, -1, 'WITHSCORES')
  for i = 1, #found, 2 do
    local chat, wait = string.match(found[i], '(%d+):(%d+)')
    if not chats[chat] then chats[chat], different = true, different + 1 end
    if tonumber(found[i + 1]) > now - 1000 then
      if not recent[chat] then recent[chat], many = true, many + 1 end
      shorter = math.min(shorter, tonumber(wait))
    end
  end
  if many >= 3 and now + shorter > tonumber(g[1] or '0') then
    redis.call('HSET', gate, 'frozen', whole(now + shorter), 'froze', whole(now))
  end
  local cut = tonumber(g[4] or '0')
  if different >= 2 and g[2] and math.abs(now - cut) >= 2000 then
    redis.call('HSET', gate, 'top', present_rate(tonumber(g[2]), g[3], g[4], now), 'cut', whole(now))
  end
end
-- It leaves its old state; what was never begun as far as this Redis knew was counted with the rest when the push was closed.
local function leave(old)
  if old == 2 then p.sending = p.sending - 1 end
  if old == 5 then p.doubt = p.doubt - 1 end
  local into = (old == 0 or old == 4) and DEADLY[p.state]
  if into then
    p[into] = p[into] - 1
    redis.call('HINCRBY', key, 'rest', -1)
  end
end
-- Somebody else's answer came while this one was on the wire once more: whoever holds it has nothing left to tell.
local function take_from_holder(c)
  local intents = redis.call('HGETALL', key .. ':intents')
  for i = 1, #intents, 2 do
    local rest, found = {}, false
    for _, one in ipairs(read_window(intents[i + 1])) do
      if one.position == c.position then found = true else rest[#rest + 1] = one end
    end
    if found and #rest > 0 then
      redis.call('HSET', key .. ':intents', intents[i], write_window(rest))
    elseif found then
      redis.call('HDEL', key .. ':intents', intents[i])
    end
  end
end
local function is_sent(c, old)
  marks[c.position] = 3
  leave(old)
  if old == 2 and not holds[c.position] then take_from_holder(c) end
  if not edits then refs[c.position] = c.detail end -- an edit keeps its message
  unexplained[#unexplained + 1] = c.position
  certain[#certain + 1] = member(push, c.position, c.index)
  sent[#sent + 1] = c.position
  p.sent = p.sent + 1
end
local ENDS = {D = {5, 'doubt'}, X = {6, 'dead'}, C = {8, 'cancelled'}}
local function is_other(c, old)
  local code, reason = c.code, c.reason
  if code == 'D' and edits and p.state == 'open' then -- doing it twice changes nothing
    code, c.detail = 'R', 1000
  end
  if code == 'R' and p.state ~= 'open' then
    code, reason = p.state == 'expired' and 'X' or 'C', p.state
  end
  -- What was sent once more because it was in doubt, and could not be now, is in doubt again: the first copy may be there.
  if (code == 'C' or code == 'X') and c.attempt >= AGAIN then
    code, reason = 'D', 'in doubt, then ' .. reason
  end
  leave(old)
  if code == 'R' then
    marks[c.position] = 4
    retries[#retries + 1] = now + tonumber(c.detail)
    retries[#retries + 1] = whole(c.position) .. ':' .. whole(c.index) .. ':' .. whole(c.attempt + 1)
    if c.reason == '429' then flood(c) end
    return
  end
  marks[c.position] = ENDS[code][1]
  p[ENDS[code][2]] = p[ENDS[code][2]] + 1
  reasons[#reasons + 1] = c.position
  reasons[#reasons + 1] = reason
  if code == 'D' then
    doubtful[#doubtful + 1] = now
    doubtful[#doubtful + 1] = member(push, c.position, c.index)
  end
end
-- A second copy that is known by its reference is taken away again.
local function is_copy(c)
  if c.code ~= 'S' or edits then return end
  local there = redis.call('GETRANGE', key .. ':refs', c.position * width, c.position * width + width - 1)
  if there ~= c.detail and (refs[c.position] or there) ~= c.detail then
    redis.call('RPUSH', prefix .. 'copies', push .. ' ' .. whole(c.index) .. ' ' .. whole(number(c.detail)))
  end
end
local function is_under_way(c, old)
  marks[c.position] = 2
  leave(old)
  p.sending = p.sending + 1
  window[#window + 1], holds[c.position], changed = c, c.index, true
  redis.call('ZADD', prefix .. 'act', p.score, push) -- where it is looked after until its end is known
end
-- Whether this Redis does not know yet that this try was begun: untouched, or still queued for it or an earlier one, or a
-- doubt that it does not know to have been settled by sending once more.
local function behind(c, old)
  if old ~= 4 then return old == 0 or (old == 5 and c.attempt >= AGAIN) end
  for attempt = c.attempt, math.max(1, c.attempt - 8), -1 do
    local queued = whole(c.position) .. ':' .. whole(c.index) .. ':' .. whole(attempt)
    if redis.call('ZSCORE', key .. ':retries', queued) then return true end
  end
  return p.state ~= 'open'
end
local function takes(c, old)
  if c.code == 'S' then return old == 0 or old == 2 or old == 4 or old == 5 end
  if old == 2 and holds[c.position] then return c.code ~= 'I' end
  return replay and c.code ~= 'R' and behind(c, old)
end
for _, c in ipairs(list) do
  local old = marks[c.position] or states[c.position]
  if takes(c, old) then
    if c.code == 'S' then
      is_sent(c, old)
    elseif c.code == 'I' then
      is_under_way(c, old)
    else
      is_other(c, old)
    end
    if (c.attempt or 0) >= AGAIN then redis.call('SADD', key .. ':again', whole(c.position)) end
    if c.code ~= 'I' and holds[c.position] then holds[c.position], changed = false, true end
    taken = taken + 1
  elseif old == 3 then
    is_copy(c)
  end
end
if taken == 0 then return 0 end -- nothing is written: a journal is mostly told what is known
if changed then close_intents() end
set_states(key, marks)
set_cells(key .. ':refs', width, refs)
if #sent > 0 then stamp() end
if #unexplained > 0 then redis.call('HDEL', key .. ':reasons', unpack(unexplained)) end
explain(key, reasons)
if #retries > 0 then redis.call('ZADD', key .. ':retries', unpack(retries)) end
if #certain > 0 and redis.call('EXISTS', prefix .. 'doubts') == 1 then redis.call('ZREM', prefix .. 'doubts', unpack(certain)) end
if #doubtful > 0 then redis.call('ZADD', prefix .. 'doubts', unpack(doubtful)) end
save(p)
settle(prefix, push, p)
return taken
