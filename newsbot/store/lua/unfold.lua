-- unfold: the parts that were written back take their places, and the record goes. Slot {bot}.
-- KEYS 1 push  2 record  3 prefix of the parts as they were written
-- ARGV 1 how often references of it had been cleared when the record was read  2.. the parts
-- Replies 1; 0 where one was cleared since, or a part is not whole: to be read anew. Idempotent.
local key = KEYS[1]
local left = redis.call('PTTL', key)
if left == -2 then return 0 end
if redis.call('HGET', key, 'folded') ~= '1' then return 1 end
if (redis.call('HGET', key, 'cleared') or '0') ~= ARGV[1] then return 0 end
for i = 2, #ARGV do
  -- One that expired while it was written was begun anew by the next write, and then lives for ever.
  if redis.call('PTTL', KEYS[3] .. ARGV[i]) < 0 then return 0 end
end
for i = 2, #ARGV do
  local part = key .. ':' .. ARGV[i]
  redis.call('RENAME', KEYS[3] .. ARGV[i], part)
  if left > 0 then redis.call('PEXPIRE', part, left) else redis.call('PERSIST', part) end
end
redis.call('HDEL', key, 'folded', 'reasons')
redis.call('UNLINK', KEYS[2])
return 1
