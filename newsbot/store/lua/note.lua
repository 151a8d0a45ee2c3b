-- note: remember an article as it stands now, without telling anybody. Slot {news}.
-- KEYS 1 known  2 article:<id>
-- ARGV 1 article id  2 article JSON  3 fingerprint  4.. other names
-- Replies 1 when the article was new, 0 when it was known (its text is then the new one; its story stays).
local fresh = 1
local home = KEYS[2]
for i = 3, #ARGV do
  local id = redis.call('HGET', KEYS[1], i == 3 and ARGV[1] or ARGV[i])
  if id then
    fresh = 0
    home = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]) .. id
    break
  end
end
local id = string.sub(home, #KEYS[2] - #ARGV[1] + 1)
redis.call('HSET', home, 'body', ARGV[2], 'print', ARGV[3])
redis.call('HSETNX', home, 'story', '')
redis.call('HSET', KEYS[1], ARGV[1], id)
for i = 4, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], id) end
return fresh
