"""What Kubernetes objects are: facts, reading and pure changes. The whole room is pure.

Belongs: served kinds, schema facts, metadata, owners, selectors, quantities, reading manifests, strictness,
canonical form, defaulting, validation, patching, server-side apply (`managed/`), the fidelity table.
Never: I/O (but for schema.json, read once; streams are handed in), threads, clocks, Docker, HTTP, and
what a write means (`registry/`).
"""

# 2026-11-23: Objects are plain JSON (`Object`), pruned and put in Kubernetes' canonical form once, in
# `registry/`. Rejected: typed structs as the stored form - they drop unknown fields before anybody can
# name them, and know no merge keys; they are fine for reading.
#
# 2026-11-23: One facts file, schema.json, feeds strictness, canonical form, strategic merge and the
# fidelity table; `scripts/schema` makes it from the PyPI package kubernetes-validate plus
# scripts/go-facts.txt (pointers, fields without omitempty: a JSON schema does not know them, and
# revision hashes depend on them). Rejected: asking that package at run time (1.8 MB of JSON at every
# start), and facts written down by hand in code.
#
# 2026-11-23: Manifests are built from the YAML parser's events by our own builder. Rejected:
# `yaml.safe_load_all` - it accepts duplicate keys, turns dates into objects and `1:30` into 90, knows
# no lines afterwards and has no bound on aliases.
#
# 2026-11-23: `apply` computes kubectl's own three-way patch, directives and all, so that the same server
# code serves kubectl and us. Rejected: a simpler diff of our own (it would reorder lists differently).
#
# 2026-11-29: JSON patch stays our own (a screen of code): the library `jsonpatch` takes 1 and true for the
# same value in a test, and its errors do not say which operation did not fit.
#
# 2026-11-25: A `+` in the fidelity table names tests, and a test reads the files for them. Rejected: coverage
# or markers on tests (the claim would stand far from the row).
#
# 2026-11-29: A kind that has no effect here is kept, approximated in the fidelity table by one row that says
# so once. Rejected: refusing it (charts and controllers bring them along, and a file would not run), and
# taking it without a word.
#
# 2026-11-29: Kinds are of three sorts: stored (`KINDS`, one version each), other versions of these
# (`CONVERTED`, by `conversion.py`), and those that are only asked and answered (`ANSWERED`). Rejected: a
# hub version that nobody speaks, as upstream's internal one; with two conversions it earns nothing.
#
# 2026-11-29: Versions that Kubernetes serves no more are a table (`elsewhere.py`): which version took their
# place, and what else changes. Rejected: converting such files; a file that runs here must run there.
