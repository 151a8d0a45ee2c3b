-- ask: a story that waits for a person and belongs to no article of its own. Slot {news}.
-- KEYS 1 story:<id>  2 stories  3 held
-- ARGV 1 story id  2 story JSON  3 held reason  4 now (unix seconds)  5 seconds kept
-- Replies 1, or 0 when the id is taken (the caller draws another). Idempotent: the same request is told the same.
local body = redis.call('HGET', KEYS[1], 'body')
if body then return body == ARGV[2] and 1 or 0 end
redis.call('HSET', KEYS[1], 'body', ARGV[2], 'held', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 1
