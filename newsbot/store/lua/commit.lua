-- commit: what became of begun deliveries. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 push  then per delivery: position, token, index, code, detail, reason
--      code S (detail = packed ref), R (detail = ms to wait), D, X, K (skipped); reason is a short word
-- Replies how many were taken. S always wins: it turns pending, sending, retry and doubt into sent.
-- R, D, X and K count only from the holder of the intent. Idempotent: what is settled stays.
local prefix, push = KEYS[1], ARGV[1]
local key = prefix .. 'push:' .. push
local now = clock()
local h = redis.call('HMGET', key, 'refbytes', 'planned', 'state')
if not h[1] then return 0 end
local width = tonumber(h[1]) + 2
local since = math.min(math.max(math.floor(now / 1000 - tonumber(h[2])), 0), 65535)
local taken = 0

local function flood(index, delay)
  -- Three different chats refused within a second: the whole bot waits, for the shortest of their delays.
  local floods = prefix .. 'floods'
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
    local frozen = tonumber(redis.call('HGET', prefix .. 'gate', 'frozen') or '0')
    redis.call('HSET', prefix .. 'gate', 'frozen', whole(math.max(frozen, now + least)))
  end
end
local function sent(position, old, ref)
  if old == 2 then redis.call('HINCRBY', key, 'sending', -1) end
  if old == 5 then redis.call('HINCRBY', key, 'doubt', -1) end
  if (old == 0 or old == 4) and h[3] == 'cancelled' then redis.call('HINCRBY', key, 'cancelled', -1) end
  if (old == 0 or old == 4) and h[3] == 'expired' then redis.call('HINCRBY', key, 'dead', -1) end
  local stamp = string.char(math.floor(since / 256), since % 256)
  redis.call('SETRANGE', key .. ':refs', position * width, ref .. stamp)
  redis.call('HDEL', key .. ':reasons', position)
  redis.call('HINCRBY', key, 'sent', 1)
end
local states = {D = {5, 'doubt'}, X = {6, 'dead'}, K = {7, 'skipped'}, C = {8, 'cancelled'}}
for i = 2, #ARGV, 6 do
  local position, token, index, code, detail, reason = unpack(ARGV, i, i + 5)
  local mine = redis.call('HGET', key .. ':intents', position) == token
  local old = redis.call('BITFIELD', key .. ':states', 'GET', 'u4', '#' .. position)[1]
  if code == 'S' then
    if old == 0 or old == 2 or old == 4 or old == 5 then
      set_state(key, position, 3)
      sent(tonumber(position), old, detail)
      redis.call('HDEL', key .. ':intents', position)
      taken = taken + 1
    end
  elseif mine and old == 2 then
    local attempt = tonumber(string.match(token, ':(%d+):')) + 1
    if code == 'R' and h[3] ~= 'open' then
      code = h[3] == 'expired' and 'X' or 'C'
    end
    if code == 'R' then
      set_state(key, position, 4)
      redis.call('ZADD', key .. ':retries', now + tonumber(detail), position .. ':' .. index .. ':' .. attempt)
      if reason == '429' then flood(index, detail) end
    else
      set_state(key, position, states[code][1])
      redis.call('HINCRBY', key, states[code][2], 1)
      redis.call('HSET', key .. ':reasons', position, reason)
    end
    redis.call('HINCRBY', key, 'sending', -1)
    redis.call('HDEL', key .. ':intents', position)
    taken = taken + 1
  end
end
settle(prefix, push)
return taken
