"""The room of the API: Kubernetes' REST interface over HTTPS, so that kubectl notices nothing missing.

Belongs here: admitting, routing, verbs, watches, Tables, discovery, OpenAPI, Status errors, streams (logs,
exec, attach, forwarding). Must not: what a write means (`registry/`), how objects are kept (`store/`),
which pods there should be. The only async room, and the only one that knows HTTP's server side (aiohttp).
Calls no controller; reaches the engine only for `logs.py`, `streams.py`, `metrics.py` and `forwarding/`.
"""

# 2026-11-23: Requests are admitted (Host, token) in `entrance.py` before a path is looked at, and our own
# `routes.py` reads paths. Rejected: aiohttp's router with a middleware - it resolves the route first, and
# answers `Expect: 100-continue` before any middleware runs.
#
# 2026-11-23: Routes, discovery and OpenAPI follow from `objects/kinds.py` alone: a kind is served as soon
# as it stands there with columns in `columns.py`. Rejected: a handler registered for each kind.
#
# 2026-11-23: Every blocking call (store, registry, engine, encoding of lists) runs in `lanes.py`'s bounded
# threads; only bytes come back to the event loop. Streams have threads of their own, and when all are
# taken the answer is 429. Rejected: one pool - sixteen followed logs would have stopped every write.
#
# 2026-11-23: Pages of a list are cut from the present state under the first page's version. Rejected:
# holding snapshots; a watch from that version tells all that changed, which is what clients do next.
#
# 2026-11-23: Answers are JSON only: nobody insists on protobuf. Bodies may be JSON, YAML, and protobuf for
# the few kinds that kubectl sends so and no other way. Rejected: the protobuf package and generated code,
# for a hundred lines and a table.
#
# 2026-11-29: A named token is a Secret in kube-system with the token's hash (`objects/tokens.py`), followed
# through the store: it is made, seen and revoked by Kubernetes' API and no other, lies where all state lies,
# and a lost state lets nobody in. Rejected: a file beside the server's keys (a second API to change it);
# Kubernetes' bootstrap tokens (their Secrets hold the token itself, and their bearer is no master); tokens of
# service accounts (they say what a pod may do, and there is no RBAC to say it with).
#
# 2026-11-29: What a revoked token holds open is ended by dropping its connections, whatever it is: a kind of
# stream that comes later is ended without knowing of it. Only what `verbs.py` answers is let end by itself.
#
# 2026-11-30: What a client holds of a command or container (`channels.py`) is apart from how it travels
# (`ws_channels.py`, `spdy_channels.py`) and from carrying it (`sessions.py`). What nobody takes is pushed
# back: input up to a bound, then its sender waits; output stays with the engine. Rejected: one queue for all
# that a client sends, in which a program that reads nothing holds up the sizes of its terminal.
#
# 2026-11-30: A command whose client is gone is ended (`engine/ending.py`), in a lane that nobody waits for.
# Differs: in Kubernetes it runs on, out of everybody's reach. When the server itself stops, commands run on:
# it is not their clients that left, a server that is replaced must not end a migration half-way, and stopping
# waits for no engine. Rejected: remembering them for the next server, which knows nothing of who held them.
#
# 2026-11-29: Acting as somebody else (`--as`) is served, as masters may in Kubernetes, and changes who asks,
# not what they may. Rejected: refusing it (kubectl, and tests that use it, would fail for no gain).
#
# 2026-11-29: Metrics are measured when somebody asks: one look at each container, and the first look of the
# last minute to make a rate of. Rejected: a scraper, which would work while nobody looks; and waiting for
# Docker's own second sample, a second for each container. Who asks waits among the streams: eight who asked
# a hanging engine would have stopped every other request.
#
# 2026-11-29: Reviews and metrics are kinds that are asked and answered (`kinds.ANSWERED`); what they say of
# rights is that there is one, a token's. Rejected: acting on roles, which would protect nothing from people
# who have Docker, and take a wrong sense of safety from a laptop to a cluster.
#
# 2026-11-29: A path of a version that Kubernetes serves no more is a 404 whose message begins as
# Kubernetes' and goes on with what to use. Rejected: serving old versions; nobody else does any more.
#
# 2026-11-29: OpenAPI v3 says what Kubernetes' own says: descriptions, merge keys, request bodies, answers. So
# `kubectl explain` explains, `apply` works from v3 alone, and a test can walk the document. Descriptions are
# in `objects/descriptions.json.gz` (75 kB), read only when a document is made. Rejected: descriptions from an
# installed package of models, for a dependency at run time; leaving PATCH's body out, as before, for a
# second request at every apply.
#
# 2026-11-29: Answers of more than 128 KiB are packed for clients that accept gzip, as Kubernetes packs them:
# same threshold, same level. Rejected: packing all; for small ones it takes longer than it saves.
#
# 2026-11-29: A watch that was just told something pauses (half a millisecond for each open watch, at most a
# tenth of a second) before it looks again: with many watches, several events go in one write. 200 watches at
# 50 writes a second cost a quarter of what a write for each event did. Rejected: a fixed pause, which slows
# the one `kubectl get -w` that a person looks at; a thread for each watch.
