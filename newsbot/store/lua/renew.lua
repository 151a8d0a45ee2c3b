-- renew: the text of a story that is still held follows its article. Slot {news}.
-- KEYS 1 story:<id>
-- ARGV 1 the new JSON  2 its revision
-- Replies 1, or 0 when the story is not held (what went out is not touched) or has a newer revision by now.
if redis.call('HEXISTS', KEYS[1], 'held') == 0 then return 0 end
if cjson.decode(redis.call('HGET', KEYS[1], 'body')).revision > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'body', ARGV[1])
return 1
