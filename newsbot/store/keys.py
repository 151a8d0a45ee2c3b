"""The only place with a Redis key.

Everything hot of one bot carries the bot's hash tag, so its scripts run on Redis Cluster unchanged; articles and stories
share the tag `{news}`. Scripts that cannot know a push beforehand get the bot's prefix (`bot(…)`) and build the names
below from it: the same slot by construction.

| key | type | kept | written by | size |
| --- | --- | --- | --- | --- |
| nb:install | string | for ever | boot | one id |
| nb:{news}:mark | hash data folder -> unix s | for ever | every second | ~30 B a folder |
| nb:{news}:story:<id> | hash body, held, text:<revision> | 200 days | accept, ask, advance | ~1 KB a text |
| nb:{news}:stories | zset id by accept time | trimmed by age | accept, ask | 70 B a story |
| nb:{news}:held | zset id by accept time | until released or dropped | accept, ask, advance | small |
| nb:{news}:known | hash name (id, path, address, words) -> article id | for ever | accept, note | ~150 B a name |
| nb:{news}:article:<id> | hash body, print, kind, story | for ever | accept, note | ~1 KB an article |
| nb:{news}:todo | hash "<story>[@<revision>] <bot>" -> accept time | until planned | accept, advance, done | small |
| nb:{news}:gate | zset id by when it waits no longer | until its page answers | accept, advance | small |
| nb:{news}:links | zset id by when it is given up | until its link is there | accept, advance | small |
| nb:{news}:bots | set | for ever | boot | platforms the running newsbot serves |
| nb:{news}:digested | string, unix s | for ever | digests | up to when they are made |
| nb:{news}:sources | hash name -> JSON | for ever | watcher | small |
| nb:{news}:audit | stream | 1,000,000 entries | desk | ~200 B an entry |
| nb:{news}:approval:<nonce> | string JSON | 10 min | desk | small |
| nb:{<bot>}:event:<id> | string | 1 day | door | ~90 B an update |
| nb:{<bot>}:refused:<user> | string | 1 min | door | small |
| nb:{<bot>}:mark | hash data folder -> unix s | for ever | every second | ~30 B a folder |
| nb:{<bot>}:next | string | for ever | subscribe | the next dense index |
| nb:{<bot>}:index:<bucket> | hash chat -> index | for ever | subscribe | ~40 MB per million |
| nb:{<bot>}:chat:<shard> | hash index -> "chat lang since" | for ever | subscribe | ~45 MB per million |
| nb:{<bot>}:map:<name> | bitmap over indexes | for ever | subscribe | 125 KB per million each |
| nb:{<bot>}:act | zset push by lane and accept time | while open | plan, begin, cancel | small |
| nb:{<bot>}:gate | hash: limit, freeze, pause, floods, run of Redis | for ever | begin, commit, barrier, pause | small |
| nb:{<bot>}:beats | hash worker -> ms | 1 min after the last | beat, reap | small |
| nb:{<bot>}:suspects | hash worker -> ms first missed | 1 min | reap | small |
| nb:{<bot>}:nonce:<worker> | hash nonce, push, token | 1 hour | begin | small |
| nb:{<bot>}:reported | hash worker | seconds | barrier | small |
| nb:{<bot>}:paced | 4 bytes an index: when the chat is free again | for ever | begin, commit | 4 MB per million |
| nb:{<bot>}:places | hash group -> when it is free again | for ever | begin, commit | small |
| nb:{<bot>}:doubts | zset "push position index" by ms | until settled | commit, reap, resolve | exceptions only |
| nb:{<bot>}:copies | list "push index ref" | until deleted | commit | exceptions only |
| nb:{<bot>}:pushes | zset push by plan time | 200 days | plan | 70 B a push |
| nb:{<bot>}:past:<push> | hash of compressed chunks | 200 days | fold, unfold, swap | 1 to 2.3 MB per million |
| nb:{<bot>}:probes | zset index by due time | while quarantined | state, look, subscribe, erase | small |
| nb:{<bot>}:probing | hash index -> "tries since" | while quarantined | state, look, subscribe, erase | small |
| nb:{<bot>}:gone | zset index by when it stopped | 30 days | state, subscribe, erase | ~70 B a chat |
| nb:{<bot>}:lease:<what> | string | 10 s | web | small |
| nb:{<bot>}:shelf | hash name -> bytes | until dropped | the platform | ~500 B a further Slack workspace, encrypted |
| nb:{<bot>}:first:<name> | string | as asked, minutes | the platform | small |
| nb:{<bot>}:tmp:<n> | bitmap | within plan | plan | 125 KB per million |
| nb:{<bot>}:door | stream | ~1,000 entries | plan | a doorbell only |
| nb:{<bot>}:floods | zset index:delay by ms | 10 s | commit | small |
| nb:{<bot>}:threads:<chat> | set | for ever | subscribe | forum topics that subscribed |
| nb:{<bot>}:names | set | for ever | subscribe | names of bitmaps ever chosen |
| nb:{<bot>}:rares | set | for ever | subscribe, erase | names that few chose: lists, no bitmaps |
| nb:{<bot>}:few:<name> | list of indexes, 4 bytes each | until 4,096 have it | subscribe, erase | <= 16 KB |
| nb:{<bot>}:rare:<shard> | hash index -> such names, a line each | for ever | subscribe, erase | ~50 B a chat that has any |
| nb:{<bot>}:map:count:<0..3> | bitmap | a day | plan, turn | alerts a chat had today, in binary; 125 KB per million each |
| nb:{<bot>}:days | hash zone -> date | for ever | turn | small |
| nb:{<bot>}:words:<shard> | hash index -> words, a line each | for ever | subscribe, erase | ~30 B a chat that has any |
| nb:{<bot>}:vocabulary | set | for ever | subscribe, erase | every word somebody has, "-" before those not wanted |
| nb:{<bot>}:few:word:<word> | list of indexes, as above | until 4,096 have it | subscribe, erase | <= 16 KB |
| nb:{<bot>}:map:word:<word> | bitmap | for ever | subscribe, erase | 125 KB per million each |
| nb:{<bot>}:popular | set | for ever | subscribe | words that are bitmaps |
| nb:{<bot>}:muted | hash index -> until (unix s) | until it ends | subscribe, keep | exceptions only |
| nb:{<bot>}:starts | hash index -> unix s | until its next digest | subscribe, state, keep | exceptions only |
| nb:{<bot>}:hush:<story> | set of indexes | 7 days | a button | exceptions only |
| nb:{<bot>}:digest:<story> | hash: what it holds, and for whom (packed bitmaps) | 8 days | keep | <= 125 KB a line |
| nb:{<bot>}:digests | zset "digest after" by until | 8 days | shut | ~40 B a digest |
| nb:{<bot>}:making | string | 2 min | shut | a digest is being made |
| nb:{<bot>}:changed | zset index by time | 4 min | subscribe | while a digest is being made |
| nb:{<bot>}:push:<push> | hash size, counts, cursor, state | 200 days | plan, begin, commit, reap, cancel | ~300 B a push |
| nb:{<bot>}:push:<push>:audience | bitmap | 200 days | plan | 125 KB per million indexes |
| nb:{<bot>}:push:<push>:states | 4 bits a position | 200 days | begin, commit, reap | 0.5 MB per million |
| nb:{<bot>}:push:<push>:refs | reference, a position; not of edits | 200 days | commit | 4 (8) MB per million |
| nb:{<bot>}:push:<push>:times | seconds since plan + 1, 3 bytes a block of 16 | 200 days | commit | 0.2 MB per million |
| nb:{<bot>}:push:<push>:later | hash position -> seconds, where its block's differ | 200 days | commit | retries only |
| nb:{<bot>}:push:<push>:again | set of positions sent once more | 200 days | resolve | the exceptions only |
| nb:{<bot>}:push:<push>:quietly | bitmap over indexes | 200 days, or until folded | plan | 125 KB per million |
| nb:{<bot>}:push:<push>:waits | hash reason -> packed bitmap | 8 days | plan | 10 to 125 KB per million |
| nb:{<bot>}:push:<push>:intents | hash window -> position:index:attempt,… | while in flight | begin, commit, reap | small |
| nb:{<bot>}:push:<push>:retries | zset position by due ms | while open | commit, begin | retries only |
| nb:{<bot>}:push:<push>:reasons | hash position -> why | 200 days | begin, commit, reap | the exceptions only |
"""

from __future__ import annotations

import zlib

KEPT = 200 * 86400
"""Seconds texts, audiences and references stay: a Korean correction may be claimed for six months (messages §8)."""

SHARD = 128
"""Entries a small hash may hold before Redis gives up its packed form (hash-max-ziplist-entries default, 6.2)."""

BUCKETS = 8192

INSTALL = "nb:install"
STORIES = "nb:{news}:stories"
HELD = "nb:{news}:held"
KNOWN = "nb:{news}:known"
TODO = "nb:{news}:todo"
GATE = "nb:{news}:gate"
LINKS = "nb:{news}:links"
BOTS = "nb:{news}:bots"
SOURCES = "nb:{news}:sources"
AUDIT = "nb:{news}:audit"
DIGESTED = "nb:{news}:digested"
STORY_PREFIX = "nb:{news}:story:"
ARTICLE_PREFIX = "nb:{news}:article:"


def story(story_id: str) -> str:
    """One story: `body` (JSON), `held` (reason or absent), `text:<n>` (the JSON of an earlier revision)."""
    return STORY_PREFIX + story_id


def article(article_id: str) -> str:
    """One article: `body` (JSON), `print` (fingerprint), `kind` (of its source), `story` (id or empty)."""
    return ARTICLE_PREFIX + article_id


def approval(nonce: str) -> str:
    """What one Send button stands for; taken once."""
    return f"nb:{{news}}:approval:{nonce}"


def bot(name: str) -> str:
    """The prefix of everything hot of one bot."""
    return f"nb:{{{name}}}:"


def event(name: str, event_id: str) -> str:
    """Marks one update as taken."""
    return f"{bot(name)}event:{event_id}"


def refusals(name: str, user: str) -> str:
    """How often this person was refused lately."""
    return f"{bot(name)}refused:{user}"


def index(name: str, chat: str) -> str:
    """The bucket that knows this chat's dense index."""
    return f"{bot(name)}index:{zlib.crc32(chat.encode()) % BUCKETS}"


def chat(name: str, position: int) -> str:
    """The shard that knows the chat of this dense index."""
    return f"{bot(name)}chat:{position // SHARD}"


def bitmap(name: str, what: str) -> str:
    """One bitmap over dense indexes: the names of `core.columns`."""
    return f"{bot(name)}map:{what}"


def names(name: str) -> str:
    """The names of all bitmaps somebody chose, but for the states."""
    return f"{bot(name)}names"


def rares(name: str) -> str:
    """The names that are lists, because few chose them."""
    return f"{bot(name)}rares"


def few(name: str, what: str) -> str:
    """The indexes that have such a name."""
    return f"{bot(name)}few:{what}"


def rare(name: str, position: int) -> str:
    """The shard that knows which such names this dense index has."""
    return f"{bot(name)}rare:{position // SHARD}"


def digest(name: str, story_id: str) -> str:
    """What one digest holds, and for whom."""
    return f"{bot(name)}digest:{story_id}"


def digests(name: str) -> str:
    """The digests of the last days, each with when it begins, by when it ends."""
    return f"{bot(name)}digests"


def threads(name: str, chat: str) -> str:
    """The subscribed threads of one chat."""
    return f"{bot(name)}threads:{chat}"


def next_index(name: str) -> str:
    """The dense index the next new chat gets."""
    return f"{bot(name)}next"


def act(name: str) -> str:
    """Open pushes, first to be served first."""
    return f"{bot(name)}act"


def gate(name: str) -> str:
    """Limit, freeze and pause of one bot."""
    return f"{bot(name)}gate"


def lease(name: str, what: str) -> str:
    """Who does what only one may do, such as polling for updates."""
    return f"{bot(name)}lease:{what}"


def door(name: str) -> str:
    """The doorbell stream."""
    return f"{bot(name)}door"


def beats(name: str) -> str:
    """When each worker was last alive."""
    return f"{bot(name)}beats"


def doubts(name: str) -> str:
    """Deliveries in doubt that nobody settled yet."""
    return f"{bot(name)}doubts"


def copies(name: str) -> str:
    """Second copies that are to be taken away."""
    return f"{bot(name)}copies"


def pushes(name: str) -> str:
    """Every push that is kept, by when it was planned."""
    return f"{bot(name)}pushes"


def past(name: str, push_id: str) -> str:
    """What is left of a push after its hot days: one compressed record."""
    return f"{bot(name)}past:{push_id}"


def push(name: str, push_id: str, part: str = "") -> str:
    """One push, or one part of it."""
    return f"{bot(name)}push:{push_id}{':' + part if part else ''}"


def shelf(name: str) -> str:
    """What the platform keeps for itself."""
    return bot(name) + "shelf"


def first(name: str, what: str) -> str:
    """The mark of what the platform does once."""
    return bot(name) + f"first:{what}"
