"""Who manages which field: server-side apply, and the `managedFields` it goes by. The room is pure.

Belongs: what may be owned of an object (`shapes`, `elements`), sets of fields in their form on the wire
(`fieldsets`), which fields a value has and how two differ (`owning`), merging and taking away (`merging`),
whether a configuration fits (`fitting`), the entries (`entries`), what a write does to them (`tracking`), and
what kubectl's annotation has to do with it (`annotation`).
Never: which writer has which name, and what else a write means (`registry/`).
"""

# 2026-11-29: Ported from the rules of sigs.k8s.io/structured-merge-diff and apimachinery's util/managedfields
# (1.37), function by function, as both say them. Rejected: a library - there is none for Python, clients'
# libraries only send applies; and comparing through JSON patches, which know no lists by key.
#
# 2026-11-29: A set of fields is kept as it stands in `fieldsV1`: a dict by path elements (`f:spec`,
# `k:{"name":"a"}`), in which `{}` and `.` say that a path is itself in the set. So the entries that a write
# leaves alone are never decoded. Rejected: a class of members and children (each write of a status would
# build and encode every manager's set anew).
#
# 2026-11-29: Entries are of the version in which a kind is stored, whichever was spoken; one of another is
# stale and dropped, as upstream drops those that it can no longer convert. Rejected: converting sets, and
# upstream's repair of sets whose schema became atomic meanwhile (below an atomic field nothing is owned).
