-- keep: write down once what a digest holds for whom; whoever comes later gets what stands there. Slot {bot}.
-- KEYS 1 digest  2 prefix of the bot
-- ARGV 1 seconds kept  2 what `shut` replied  3 how many pairs of mutes, 4 of starts follow
--      5.. index, until when it is muted, …  then index, start, …  then field, value, …
-- Replies what stands there, as field, value, …; nothing where `shut` is too long ago to know who changed its choices.
-- With what is written down those mutes are over and those starts used up, unless they say something else by now; what waits
-- after the end of a mute belongs to the digest after this. Whoever changed its choices since `shut` is `left` for its next
-- digest: what was read of it may be half the old and half the new. Idempotent.
if redis.call('EXISTS', KEYS[1]) == 0 then
  local t, prefix = redis.call('TIME'), KEYS[2]
  local since = tonumber(t[1]) - tonumber(ARGV[2])
  if since > 100 or since < -1 then return {} end
  local left, out = redis.call('ZRANGEBYSCORE', prefix .. 'changed', ARGV[2], '+inf'), {}
  for _, index in ipairs(left) do out[index] = true end
  local mutes = 5 + 2 * tonumber(ARGV[3])
  local starts = mutes + 2 * tonumber(ARGV[4])
  redis.call('HSET', KEYS[1], 'left', table.concat(left, ' '))
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  for i = starts, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  local function spent(hash, i)
    local value = not out[ARGV[i]] and redis.call('HGET', prefix .. hash, ARGV[i])
    if value and tonumber(value) == tonumber(ARGV[i + 1]) then return redis.call('HDEL', prefix .. hash, ARGV[i]) == 1 end
  end
  for i = mutes, starts - 1, 2 do spent('starts', i) end
  for i = 5, mutes - 1, 2 do
    if spent('muted', i) then redis.call('HSETNX', prefix .. 'starts', ARGV[i], 0) end
  end
end
return redis.call('HGETALL', KEYS[1])
