-- advance: a story goes one step. Slot {news}.
-- KEYS 1 story:<id>  2 held  3 todo  4 gate  5 links
-- ARGV 1 story id  2 the JSON it must still have  3 the JSON it has then  4 held reason or ""  5 now (unix seconds)
--      6 gate, 7 links: "" as it is, "-" out of it, else when its time there is over (unix seconds)
--      8 revision the old text is kept as, or ""  9 seconds it is kept from now  10.. todo rows ("<story>[@<revision>] <bot>")
-- Replies 1; 0 when the story's text is another one by now: whoever changed it goes on with it.
-- Idempotent: the same request again finds its own text and is told the same.
local body = redis.call('HGET', KEYS[1], 'body')
if body ~= ARGV[2] then return body == ARGV[3] and 1 or 0 end
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'text:' .. ARGV[8], body) end
for i = 10, #ARGV do redis.call('HSET', KEYS[3], ARGV[i], ARGV[5]) end
for i, key in ipairs({KEYS[4], KEYS[5]}) do
  local till = ARGV[5 + i]
  if till == '-' then redis.call('ZREM', key, ARGV[1]) elseif till ~= '' then redis.call('ZADD', key, till, ARGV[1]) end
end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'held', ARGV[4])
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
else
  redis.call('HDEL', KEYS[1], 'held')
  redis.call('ZREM', KEYS[2], ARGV[1])
end
redis.call('HSET', KEYS[1], 'body', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[9]) -- its text stays at least as long as the push it becomes
return 1
