"""The store: Kubernetes objects at rest and their history, under one growing version.

Belongs here: transactions, optimistic concurrency, lists at one version, watches without loss,
bounded history, durability. Must never live here: what a kind means (`registry/` decides that; the
store knows a kind only as a title), HTTP, Docker, defaults, clocks other than for a new epoch's seed.

How it is built: `state.py` holds the current objects in memory, `transaction.py` lays one writer's
changes over them, `watch.py` tells subscribers, `logged.py` puts these together over a `Log`.
`memory.py` and `sqlite.py` are two logs, and so two stores; both pass tests/contracts/store.py.
`lock.py` keeps a second process out. `follow.py` turns list-then-watch into one stream of changes.

Decisions
- 2026-11-23: all current objects are held in memory, SQLite is the log that they are loaded from.
  Reads cost no parsing and hand out shared dicts. Rejected: reading each object from SQLite (a reconcile
  lists hundreds of pods); handing out copies (the price of safety paid by every reader, not by writers).
- 2026-11-23: versions start at the wall clock (milliseconds since 2020) and grow by one a change, so a
  state that was removed and created again never re-uses a version, and a client's old watch gets 410
  instead of silence. Rejected: counting from 1 with an epoch's number beside it (clients compare versions).
- 2026-11-23: a slow subscriber is closed with Expired and lists again; a writer never waits for a reader.
- 2026-11-23: a state file that is corrupt or newer than the program is refused and left untouched.
  Rejected: starting empty beside it (the cluster's volumes would look like nobody's).
"""
