-- gate: how sending stands with one bot, by this server's own clock. Slot {bot}.
-- KEYS 1 gate  2 beats  3 prefix of the bot
-- ARGV 1 silence (ms)
-- Replies {paused by or "", ms frozen, begun in the last whole second, workers alive, rate allowed now as text or "",
--      1 while workers are awaited after a change of Redis, deliveries of open pushes that could begin now,
--      ms since something was begun or -1}
local now = clock()
local g = redis.call('HMGET', KEYS[1], 'paused', 'frozen', 'second', 'begun', 'last', 'rate', 'top', 'cut', 'run', 'turn', 'seen')
local age = math.floor(now / 1000) - tonumber(g[3] or '0')
local used = age == 0 and g[5] or (age == 1 and g[4] or '0')
local alive = 0
for _, beat in ipairs(redis.call('HVALS', KEYS[2])) do
  if math.abs(now - tonumber(beat)) <= tonumber(ARGV[1]) then alive = alive + 1 end
end
local rate = g[6] and string.format('%.2f', present_rate(tonumber(g[6]), g[7], g[8], now)) or ''
local waits = g[10] and g[9] ~= g[10] and 1 or 0
local ready, prefix = 0, KEYS[3]
for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, 19)) do
  local p = account(prefix .. 'push:' .. push, 'state')
  if p and p.state == 'open' then
    ready = ready + math.max(pending(p) - redis.call('ZCOUNT', p.key .. ':retries', '(' .. whole(now), '+inf'), 0)
  end
end
local idle = g[11] and math.max(now - tonumber(g[11]), 0) or -1
return {g[1] or '', math.max(tonumber(g[2] or '0') - now, 0), tonumber(used or '0') or 0, alive, rate, waits, ready, idle}
