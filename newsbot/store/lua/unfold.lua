-- unfold: the parts that were written back take their places, and the record goes. Slot {bot}.
-- KEYS 1 push  2 record  3 prefix of the parts as they were written
-- ARGV 1 how often references of it had been cleared when the record was read  2.. the parts
-- Replies 1; 0 where one was cleared since, or a part is not whole: to be read anew. Idempotent.
local key = KEYS[1]
local left = redis.call('PTTL', key)
local facts = redis.call('HMGET', key, 'folded', 'cleared')
local whole = left ~= -2 and facts[1] == '1' and (facts[2] or '0') == ARGV[1]
for i = 2, #ARGV do
  -- One that expired while it was written was begun anew by the next write, and then would live for ever.
  if redis.call('PTTL', KEYS[3] .. ARGV[i]) < 0 then whole = false end
end
if not whole then
  for i = 2, #ARGV do redis.call('UNLINK', KEYS[3] .. ARGV[i]) end
  return left ~= -2 and facts[1] ~= '1' and 1 or 0 -- somebody else was quicker
end
for i = 2, #ARGV do
  local part = key .. ':' .. ARGV[i]
  redis.call('RENAME', KEYS[3] .. ARGV[i], part)
  if left > 0 then redis.call('PEXPIRE', part, left) else redis.call('PERSIST', part) end
end
redis.call('HDEL', key, 'folded', 'reasons')
redis.call('UNLINK', KEYS[2])
return 1
