-- home: which record the names of one article mean; put in front of the scripts that write articles.
-- The id of the first name that has a story and that story, else the id of the first known name and '', else nil and ''.
-- A name with a story comes first because the other order would tell the same news twice.
local function home(known, prefix, names)
  local first
  for _, name in ipairs(names) do
    local id = redis.call('HGET', known, name)
    local story = id and redis.call('HGET', prefix .. id, 'story')
    if story and story ~= '' then return id, story end
    first = first or id or nil -- HGET replies false for nothing
  end
  return first, ''
end
