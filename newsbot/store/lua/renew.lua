-- renew: the text of a story that is still held follows its article. Slot {news}.
-- KEYS 1 story:<id>
-- ARGV 1 the new JSON
-- Replies 1, or 0 when the story is not held: what went out, or may be going out, is not touched.
if redis.call('HEXISTS', KEYS[1], 'held') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'body', ARGV[1])
return 1
