-- resolve: what is done about one delivery in doubt. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 push  2 position  3 index  4 verdict: H (it stays a doubt), R (once more)  5 why
-- Replies 1, or 0 where it is no doubt (any more), or may not be sent once more: that happens once, and never for what was
-- cancelled or has outlived its time.
local prefix, push, position, index = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local key, now = prefix .. 'push:' .. push, clock()
local p = account(key, 'state', 'ends', 'score')
if not p or position >= p.size or get_state(key, position) ~= 5 then
  redis.call('ZREM', prefix .. 'doubts', member(push, position, index))
  return 0
end
if ARGV[4] == 'H' then
  local why = redis.call('HGET', key .. ':reasons', position) or ''
  if not string.find(why, ARGV[5], 1, true) then explain(key, {position, why .. '; ' .. ARGV[5]}) end
  redis.call('ZREM', prefix .. 'doubts', member(push, position, index))
  return 1
end
if p.state == 'cancelled' or p.state == 'expired' or tonumber(p.ends) * 1000 < now then return 0 end
if redis.call('SADD', key .. ':again', whole(position)) == 0 then return 0 end
redis.call('EXPIRE', key .. ':again', math.max(redis.call('TTL', key), 1))
redis.call('ZADD', key .. ':retries', now, whole(position) .. ':' .. whole(index) .. ':' .. AGAIN)
set_states(key, {[position] = 4})
redis.call('HDEL', key .. ':reasons', position)
redis.call('ZREM', prefix .. 'doubts', member(push, position, index))
p.doubt = p.doubt - 1
save(p, 'state', 'open')
redis.call('HINCRBY', key, 'resent', 1)
redis.call('ZADD', prefix .. 'act', p.score, push)
redis.call('XADD', prefix .. 'door', 'MAXLEN', '~', 1000, '*', 'push', push)
return 1
