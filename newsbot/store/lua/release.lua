-- release: a held story goes out. Slot {news}.
-- KEYS 1 story:<id>  2 held  3 todo
-- ARGV 1 story id  2 the JSON that was approved  3 now  4 bots joined by ","  5 the JSON to store
-- Replies 1 once; 0 when the story is not held any more or its text is not the approved one.
local body = redis.call('HGET', KEYS[1], 'body')
if body == ARGV[5] then return 1 end -- this very request, repeated because its reply was lost
if body ~= ARGV[2] then return 0 end
if redis.call('HDEL', KEYS[1], 'held') == 0 then return 0 end
for name in string.gmatch(ARGV[4], '[^,]+') do
  redis.call('HSET', KEYS[3], ARGV[1] .. ' ' .. name, ARGV[3])
end
redis.call('HSET', KEYS[1], 'body', ARGV[5])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
