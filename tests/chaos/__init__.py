"""The chaos harness: every row of the fault matrix (reliability, F1 to F35) played against real processes.

    make chaos [ONLY=F2,F9] [SEED=7] [OUT=build/chaos.jsonl]
    python -m tests.chaos [--only F2,F9] [--seed N] [--out FILE] [--doc docs/reliability.md] [--quick] [--soak-seconds N]

A **row** is a coroutine `play(stage, rng) -> Verdict` in a `Row(name, what, play)` of the `ROWS` list of a rows_*.py
that __main__.py knows. It draws every lot from `rng`, which the seed makes, and acts by progress, never by time. One JSON
line each: `row, seed, sent, unaccounted, duplicates, doubt, bound, ok`, then the figures. A row that raises (an `assert`, a
wait that ends) or hangs fails with that as its problem; the others go on.

The **stage** (stage.py) is fresh for each row and gone afterwards, however it ends:

- `await stage.up(chats, rate=600, workers=4, fsync="always", platforms=("telegram",), limit=None, **environ)`: a redis-server
  of its own, the sandbox as a process, subscribers of everything, workers that are ready. `rate` is what newsbot is
  configured to (≤ 1000; `unlimited=True` for none) and what the sandbox enforces (`limit` for another figure, 0 for none).
  `environ` goes to every process: `NEWSBOT_TELEGRAM__DOUBT_BREAKING="resend"`.
- `push = await stage.tell(urgency, platform, **story_fields)` accepts and plans a story to everybody. Then
  `reaches(push, n)`, `begun(push)` and `drained(push)` wait by progress, `sends(push)` gives the seconds until the next
  message arrives, `tally(push)` the account.
- `stage.sandbox` (sandbox.py): `fault(kind, …)`, `no_faults()`, `post("/limits", …)`, `messages(platform)`, `requests()`,
  `calls(platform, method)`, `arrivals(platform, method)`.
- `stage.workers`, `stage.living` (workers.py): each has `kill() pause() resume() stops() ended() events(name) says(name) words
  rss files pid`. `hire(n, door=…, **environ)` starts more; `start("watcher", "--feed", url)` any newsbot command. They are
  forked from a process that has everything imported (nursery.py): a tenth of a second each. `rest()` ends all in order.
- `stage.redis` (server.py): `start() dies() signal(…) ask(…) fill_disk() free_disk() aof log`; `stage.server(name, **options)`
  one more, `stage.replica()` one in step with the master, `stage.failover(replica, split=0.3)` promotes it.
- `stage.door` (relay.py) is the workers' way to Redis: `cut() stall() heal() drop() lead(port)`, and `lose` = so many of
  the next answers are lost; `open_door()` makes one for a worker that is to be hurt alone. `stage.kit` has a way of its
  own: the harness always sees what Redis says.
- `in_flight(stage, seconds)`: answers take so long, so that something is on the wire whenever a fault strikes. Where faults
  need a new worker in between: `up(…, workers=0)`, then `hire_at(rate)` with a rate made of `start_seconds()`, so that
  the push outlasts them; a fault that comes when everything is begun shows nothing.
- `stage.at_end(close)`: have something of the row's own ended with it.
- `return await stage.verdict(push, …, bound=…, figure=…)` checks the **invariants** over these pushes, which must be
  drained: `unaccounted` 0 (audience − sent − dead − skipped − cancelled − doubt; entries and counters agree), nobody is
  sent and invisible, nobody sees what the ledger does not know, no chat has a copy too many, doubt ≤ bound, no secret in
  any file below the row's folder. More is added with `verdict.expect(holds, "what is wrong")` and
  `verdict.took("resumed", [seconds, …], limit)`, which judges the median.
- `stage.pick(full, quick)` gives a number for `make chaos` or the small one for `--quick` (rows with `quick=True`, played in
  test_quick.py).

Faults are faked for a child and never for the machine. Every process is ended by its id.
"""
