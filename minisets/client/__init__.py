"""The HTTP and WebSocket client of the Kubernetes API that `cli/`, `cluster/` and the pytest plugin share.

Belongs here: one request, one watch, one stream; refusals become `errors.ApiError` leaves.
Must not: print, know of click, decide what a person meant, know how the server was started.

`ApiClient` is a `Reader` (get, list), so whatever reads the store can read through the API as well.

2026-11-23: urllib3 instead of requests or httpx. It is there already (the Docker SDK's), verifies
against a CA given as text, streams watches, and imports in a third of the time.
2026-11-30: WebSockets by websockets' asyncio client; where a caller blocks, its loop has a thread. Rejected:
its blocking client, which holds a lock while it sends, so that a command that answers while it is fed stands
still, and which would cost a forwarded connection four threads. Pings are ours: the library's take a slow
reader for a dead peer. Whatever comes is a sign of life, as to kubectl. Rejected: empty data from a
server that holds back input; its pongs are what every client understands.
"""
