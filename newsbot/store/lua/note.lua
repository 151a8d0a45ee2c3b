-- note: remember an article as it stands now, without telling anybody. Slot {news}.
-- KEYS 1 known  2 article:<id>
-- ARGV 1 article id  2 article JSON  3 fingerprint  4 kind of source  5 name of its words or ""  6.. other names
-- Replies 1 when the article was new, 0 when it was known (its text is then the new one; its story stays).
local prefix, names = string.sub(KEYS[2], 1, #KEYS[2] - #ARGV[1]), {ARGV[1], unpack(ARGV, 6)}
local found = home(KEYS[1], prefix, names)
local id = found or ARGV[1]
redis.call('HSET', prefix .. id, 'body', ARGV[2], 'print', ARGV[3], 'kind', ARGV[4])
redis.call('HSETNX', prefix .. id, 'story', '')
for _, name in ipairs(names) do redis.call('HSET', KEYS[1], name, id) end
if ARGV[5] ~= '' then redis.call('HSETNX', KEYS[1], ARGV[5], id) end
return found and 0 or 1
