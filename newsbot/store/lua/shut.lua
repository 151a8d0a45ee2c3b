-- shut: a digest is being made; whatever is judged from here on belongs to a later one, and whoever changes its choices is
-- written down until `keep`. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 digest  2, 3 after and until when it is for (unix s)  4 seconds kept
-- Replies the time (unix s, as text), and after when it is for: where another digest is for the beginning of the same time,
-- that one comes, and this is for the rest. Nothing where no rest is. Idempotent.
local digests, after, till, kept = KEYS[1] .. 'digests', tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', digests, '-inf', till - kept)
redis.call('ZREMRANGEBYSCORE', digests, till + kept, '+inf') -- of a clock that was far ahead
for _, known in ipairs(redis.call('ZRANGEBYSCORE', digests, '(' .. ARGV[2], '+inf')) do
  local other, from = string.match(known, '^(%S+) (%S+)$')
  if other ~= ARGV[1] and tonumber(from) < till then
    after = math.max(after, tonumber(redis.call('ZSCORE', digests, known)))
    if after >= till then return {} end
  end
end
redis.call('ZADD', digests, ARGV[3], ARGV[1] .. ' ' .. string.format('%.6f', after))
redis.call('SET', KEYS[1] .. 'making', 1, 'EX', 120)
local t = redis.call('TIME')
return {t[1] .. '.' .. string.format('%06d', tonumber(t[2])), string.format('%.6f', after)}
