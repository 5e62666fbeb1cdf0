#!/usr/bin/env bash
# Clone into an empty folder under a long path with a space, `make run` with the system's Python from an empty HOME and
# without a compiler, use the shop, stop it, start it again, and see that nothing is left running.
set -euo pipefail
source_dir=$(git rev-parse --show-toplevel)
scratch=$(mktemp -d)
trap 'kill -TERM "${run:-}" 2>/dev/null || true; wait "${run:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT
clone="$scratch/a folder with a space and a rather long name, as people do have them on their own machines/shop"
mkdir -p "$scratch/home" "$scratch/bin" "$(dirname "$clone")"
git clone --quiet "$source_dir" "$clone"

# The path of a machine without a compiler: only what a small Debian has.
for tool in bash sh make git grep sed env ps tail uname id cat rm mkdir mktemp touch chmod dirname basename unshare setpriv python3; do
    path=$(PATH=/usr/bin:/bin command -v "$tool") && ln -s "$path" "$scratch/bin/$tool"
done
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

start() {
    rm -f "$scratch/log"  # the last run said "Ctrl-C" too
    # pip's own settings may live in the environment of this machine; they are all that is handed on.
    env -i HOME="$scratch/home" PATH="$scratch/bin" $(env | grep -E '^(PIP_|SSL_|https?_proxy|HTTPS?_PROXY)' || true) \
        bash -c 'cd "$1" && exec make run PYTHON=/usr/bin/python3 PORT="$2"' _ "$clone" "$port" >"$scratch/log" 2>&1 &
    run=$!
    for _ in $(seq 600); do
        if grep -qs "Ctrl-C stops everything" "$scratch/log"; then return; fi
        if ! kill -0 "$run" 2>/dev/null; then break; fi
        sleep 0.5
    done
    cat "$scratch/log"
    echo "make run did not come up" >&2
    return 1
}

stop() {
    # The one that a Ctrl-C reaches, by the name that it leaves in its lock: background jobs of a script ignore SIGINT.
    kill -INT "$(grep -o '[0-9]*' "$clone/.data/lock")"
    wait "$run" || true
    if pgrep -af "$clone"; then
        echo "something was left running" >&2
        return 1
    fi
}

shop="http://127.0.0.1:$port"
fetch() { /usr/bin/python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' "$1"; }

start
grep "==>" "$scratch/log"
# Not `grep -q`, which leaves at the first match, and whoever is still writing fails.
fetch "$shop/health/ready" | grep '"ok"' >/dev/null
fetch "$shop/api/v1/products/?page_size=1" | grep '"product_id"' >/dev/null
fetch "$shop/docs" | grep -i swagger >/dev/null
stop
start
grep "Ready after" "$scratch/log"
fetch "$shop/api/v1/products/?page_size=1" | grep '"product_id"' >/dev/null
stop
echo "a bare machine: ok"
