-- commit: what became of begun deliveries. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 push  then per delivery: position, token, index, code, detail, reason
--      code S (detail = packed ref), R (detail = ms to wait), D, X; reason is a short word
-- Replies how many were taken. S always wins: it turns pending, sending, retry and doubt into sent.
-- R, D and X count only from the holder of the intent. Idempotent: what is settled stays.
local prefix, push = KEYS[1], ARGV[1]
local key = prefix .. 'push:' .. push
local now = clock()
local h = redis.call('HMGET', key, 'refbytes', 'planned', 'state', 'size')
if not h[1] then return 0 end
local width, state, size = tonumber(h[1]) + 2, h[3], tonumber(h[4])
local since = math.min(math.max(math.floor(now / 1000 - tonumber(h[2])), 0), 65535)
local stamp = string.char(math.floor(since / 256), since % 256)
local taken = 0

local function flood(index, delay)
  -- Three different chats refused within a second: the whole bot waits, for the shortest of their delays.
  local floods, gate = prefix .. 'floods', prefix .. 'gate'
  redis.call('ZREMRANGEBYSCORE', floods, '-inf', now - 1000)
  redis.call('ZADD', floods, now, index .. ':' .. delay)
  redis.call('PEXPIRE', floods, 2000)
  local chats, different, least = {}, 0, tonumber(delay)
  for _, member in ipairs(redis.call('ZRANGE', floods, 0, -1)) do
    local chat, wait = string.match(member, '(%d+):(%d+)')
    if not chats[chat] then different, chats[chat] = different + 1, true end
    least = math.min(least, tonumber(wait))
  end
  if different >= 3 then
    local frozen = tonumber(redis.call('HGET', gate, 'frozen') or '0')
    if now + least > frozen then redis.call('HSET', gate, 'frozen', whole(now + least), 'froze', whole(now)) end
  end
end
local function sent(position, old, ref)
  set_state(key, position, 3)
  if old == 2 then redis.call('HINCRBY', key, 'sending', -1) end
  if old == 5 then redis.call('HINCRBY', key, 'doubt', -1) end
  if (old == 0 or old == 4) and state ~= 'open' then -- it was counted with the rest when the push was closed
    redis.call('HINCRBY', key, state == 'expired' and 'dead' or 'cancelled', -1)
    redis.call('HINCRBY', key, 'rest', -1)
  end
  redis.call('SETRANGE', key .. ':refs', position * width, ref .. stamp)
  redis.call('HDEL', key .. ':reasons', position)
  redis.call('HINCRBY', key, 'sent', 1)
end
local ends = {D = {5, 'doubt'}, X = {6, 'dead'}, C = {8, 'cancelled'}}
local function other(position, token, index, code, detail, reason)
  if code == 'R' and state ~= 'open' then
    code, reason = state == 'expired' and 'X' or 'C', state
  end
  if code == 'R' then
    local _, attempt = read_token(token)
    set_state(key, position, 4)
    redis.call('ZADD', key .. ':retries', now + tonumber(detail), position .. ':' .. index .. ':' .. attempt + 1)
    if reason == '429' then flood(index, detail) end
  else
    set_state(key, position, ends[code][1])
    redis.call('HINCRBY', key, ends[code][2], 1)
    explain(key, position, reason)
  end
  redis.call('HINCRBY', key, 'sending', -1)
end
for i = 2, #ARGV, 6 do
  local position, token, index, code, detail, reason = unpack(ARGV, i, i + 5)
  local old = tonumber(position) < size and get_state(key, position)
  local mine = redis.call('HGET', key .. ':intents', position) == token
  local takes = code == 'S' and (old == 0 or old == 2 or old == 4 or old == 5) or (code ~= 'S' and old == 2 and mine)
  if takes then
    if code == 'S' then sent(position, old, detail) else other(position, token, index, code, detail, reason) end
    redis.call('HDEL', key .. ':intents', position)
    taken = taken + 1
  end
end
settle(prefix, push)
return taken
