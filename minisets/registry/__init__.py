"""The registry: what create, update, status update, patch and delete mean for each kind.

Belongs here: everything that decides about one write: pruning and canonical form, defaults, validation,
generation, the split of spec and status, grace, finalizers, preconditions, admission, allocated addresses,
and Events. The API, the controllers and the kubelet write through `registry.Registry` and read from the
store. Must never live here: HTTP, Docker, threads, what follows from a write (`controllers/`).

How it is built: `registry.py` opens the transaction; `creating.py`, `updating.py` and `deleting.py` are
the steps that every kind takes; `managing.py` records who manages which field, and applies;
`strategies/` is what is special about one; `scale.py`, `binding.py` and `eviction.py` are subresources;
`refusals.py` has the words.

Decisions
- 2026-11-23: every operation is one transaction, in which the object is read, decided on and written.
  So controllers say `change(ref, edit)` and never retry on a conflict. Rejected: optimistic retries as in
  client-go (we are the server: there is nothing to be optimistic about).
- 2026-11-23: writes from inside take the same way as a client's: same rules, same pruning. An update that
  changes nothing writes nothing. Rejected: a short cut for controllers (two meanings of a write).
- 2026-11-23: addresses and node ports that are taken are read from the Services in the same transaction.
  Rejected: a ledger as upstream's (it must be repaired when it disagrees; our lists are short).
- 2026-11-29: managedFields are kept (on 2026-11-23 they were dropped, as no client needed them back): what
  a client creates is tracked from then on, whoever writes it later; what we create from inside (pods,
  claims, revisions, slices, events) from its first apply on, which gives all of it to `before-first-apply`:
  upstream's own mode for a probability of 0. Measured: tracking those too doubles a pod (1.3 to 2.6 kB) and
  each write of its status (0.45 to 0.85 ms); not tracking them costs nothing. Rejected: tracking every n-th
  create (upstream's probability), and entries kept apart from their object (a list must carry them).
- 2026-11-23: an Event's name is a hash of what it says, so repeats are counted without a cache. Rejected:
  client-go's cache by key (forgets at a restart; two recorders count apart).
- 2026-11-23: a namespace's `spec.finalizers` change only through the subresource `finalize`, as upstream.
- 2026-11-29: a kind has one stored version; another one (`events.k8s.io/v1`, `autoscaling/v1`) is converted
  on the way in (`spoken`) and by the API on the way out. Rejected: storing what came in, which two readers
  would have to understand; and conversion in the API alone, which could not patch in the version it shows.
- 2026-11-29: a pod gets its priority from its class, as upstream's admission does it, since clients look at
  `spec.priority`; nothing here acts on it.
"""
