-- accept: article, story and one todo row per bot, in one step. Slot {news}.
-- KEYS 1 known  2 article:<id>  3 story:<id>  4 stories  5 held  6 todo  7 gate  8 links
-- ARGV 1 article id  2 article JSON  3 fingerprint  4 story id  5 story JSON  6 held reason or ""
--      7 now (unix seconds)  8 seconds kept  9 bots joined by ","  10 gate, 11 links: when its time there is over or ""
--      12 kind of source  13 name of its words or ""  14.. other names of the article
-- Replies {1, story id} when accepted, {0, story id} when this article already has a story,
-- {-1, ""} when the story id is taken (the caller draws another).
-- Idempotent: the same article again finds its story, the same request again is told the same.
local prefix, names = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]), {ARGV[1], unpack(ARGV, 14)}
local id, had = home(KEYS[1], prefix, names)
if had ~= '' then return {had == ARGV[4] and 1 or 0, had} end
if redis.call('EXISTS', KEYS[3]) == 1 then return {-1, ''} end
redis.call('HSET', KEYS[3], 'body', ARGV[5])
redis.call('EXPIRE', KEYS[3], ARGV[8])
redis.call('ZADD', KEYS[4], ARGV[7], ARGV[4])
for i = 4, 5 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', tonumber(ARGV[7]) - tonumber(ARGV[8])) end
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[3], 'held', ARGV[6])
  redis.call('ZADD', KEYS[5], ARGV[7], ARGV[4])
else
  for i = 7, 8 do
    if ARGV[3 + i] ~= '' then redis.call('ZADD', KEYS[i], ARGV[3 + i], ARGV[4]) end
  end
  for name in string.gmatch(ARGV[9], '[^,]+') do
    redis.call('HSET', KEYS[6], ARGV[4] .. ' ' .. name, ARGV[7])
  end
end
id = id or ARGV[1]
redis.call('HSET', prefix .. id, 'body', ARGV[2], 'print', ARGV[3], 'kind', ARGV[12], 'story', ARGV[4])
for _, name in ipairs(names) do redis.call('HSET', KEYS[1], name, id) end
if ARGV[13] ~= '' then redis.call('HSETNX', KEYS[1], ARGV[13], id) end
return {1, ARGV[4]}
