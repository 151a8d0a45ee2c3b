-- subscribe: one chat with its choices; the record, the bitmaps and the words in one step. Slot {bot}.
-- KEYS 1 index bucket  2 next  3 prefix of the bot
-- ARGV 1 chat  2 language  3 since (unix s)  4 state  5 names of its bitmaps beside the state, a line each
--      6 words, a line each, "-" before those not wanted  7 muted until (unix s), 0 for not
--      8 since when what waited belongs to its next digest (unix s), "" as before
-- Replies {index, since}. An index is given once and never reused. Idempotent.
local index, since = store(KEYS[3], KEYS[1], {
  chat = ARGV[1], language = ARGV[2], since = ARGV[3], state = ARGV[4], names = ARGV[5], words = ARGV[6], muted = ARGV[7],
  starts = ARGV[8],
})
return {index, since}
