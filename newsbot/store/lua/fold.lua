-- fold: the record that was written takes the place of a push's hot parts. Slot {bot}.
-- KEYS 1 push  2 record  3 the record as it was written  4 prefix of the bot
-- ARGV 1 push id  2 how many fields the record has  3 the reasons, counted (JSON), for the tally
--      4.. field of the push, and the value it had before anything was read ("" for none)
-- Replies 1; 0 where something changed since, or what is open may need it. Idempotent.
local key, prefix, push = KEYS[1], KEYS[4], ARGV[1]
if redis.call('HGET', key, 'folded') == '1' then
  redis.call('UNLINK', KEYS[3])
  return 1
end
local left = redis.call('PTTL', key)
if left == -2 or redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[2]) then return 0 end
for i = 4, #ARGV, 2 do
  if (redis.call('HGET', key, ARGV[i]) or '') ~= ARGV[i + 1] then return 0 end
end
-- An edit reads its base and the edit before it; a follow-up what it answers.
for _, open in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, -1)) do
  local needs = redis.call('HMGET', prefix .. 'push:' .. open, 'base', 'before')
  if open == push or needs[1] == push or needs[2] == push then return 0 end
end
redis.call('RENAME', KEYS[3], KEYS[2])
if left > 0 then redis.call('PEXPIRE', KEYS[2], left) else redis.call('PERSIST', KEYS[2]) end
redis.call('HSET', key, 'folded', 1, 'reasons', ARGV[3])
for _, part in ipairs({'audience', 'states', 'refs', 'times', 'later', 'reasons', 'again', 'quietly'}) do
  redis.call('UNLINK', key .. ':' .. part)
end
return 1
