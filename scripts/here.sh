# shellcheck shell=bash
# Sourced first by every script here: strict mode, the repository's root as working directory, and the few words they share.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Why: macOS has no timeout; there a hang is for the person to end.
command -v timeout >/dev/null || timeout() { shift && "$@"; }

# Bounded: an engine that accepts the connection and never answers counts as none.
engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

engine_address() {
  local address=${DOCKER_HOST:-}
  [ -n "$address" ] || address=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null) || true
  printf '%s' "${address:-unix:///var/run/docker.sock}"
}
