-- accept: article, story and one todo row per bot, in one step. Slot {news}.
-- KEYS 1 known  2 article:<id>  3 story:<id>  4 stories  5 held  6 todo
-- ARGV 1 article id  2 article JSON  3 fingerprint  4 story id  5 story JSON  6 held reason or ""
--      7 now (unix seconds)  8 seconds kept  9 bots joined by ","  10.. other names of the article
-- Replies {1, story id} when accepted, {0, story id} when this article already has a story,
-- {-1, ""} when the story id is taken (the caller draws another).
-- Idempotent: the same article again finds its story.
for i = 9, #ARGV do
  local name = i == 9 and ARGV[1] or ARGV[i]
  local id = redis.call('HGET', KEYS[1], name)
  if id then
    local had = redis.call('HGET', string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]) .. id, 'story')
    if had and had ~= '' then return {0, had} end
  end
end
if redis.call('EXISTS', KEYS[3]) == 1 then return {-1, ''} end
redis.call('HSET', KEYS[3], 'body', ARGV[5])
redis.call('EXPIRE', KEYS[3], ARGV[8])
redis.call('ZADD', KEYS[4], ARGV[7], ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', tonumber(ARGV[7]) - tonumber(ARGV[8]))
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[3], 'held', ARGV[6])
  redis.call('ZADD', KEYS[5], ARGV[7], ARGV[4])
else
  for name in string.gmatch(ARGV[9], '[^,]+') do
    redis.call('HSET', KEYS[6], ARGV[4] .. ' ' .. name, ARGV[7])
  end
end
redis.call('HSET', KEYS[2], 'body', ARGV[2], 'print', ARGV[3], 'story', ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[1])
for i = 10, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], ARGV[1]) end
return {1, ARGV[4]}
