#!/usr/bin/env bash
# Drill: build deploy/Containerfile with buildah, run the image with a read-only root as its own account, and ask it.
#   scripts/drills/image.sh BASE [WHEELS]     BASE: an image with Python 3.11 or newer; WHEELS: a folder, for no index
# Needs buildah; BUILDAH_OPTIONS may hold, say, "--storage-driver vfs".
set -euo pipefail
cd "$(dirname "$0")/../.."
base=$1 wheels=${2:-}
read -ra options <<<"${BUILDAH_OPTIONS:-}"
port=${ZDBRIDGE_PORT:-8720}
container=""
data=$(mktemp -d)
chown 10001:10001 "$data"

clean_up() {
    # The server is the one child of its subshell; it ends by SIGTERM, as in a container.
    if [ -n "${server:-}" ]; then pkill -TERM -P "$server" || true; wait "$server" || true; fi
    [ -z "$container" ] || buildah "${options[@]}" rm "$container" >/dev/null
    rm -rf "$data" "$data.log"
}
trap clean_up EXIT

arguments=(--isolation chroot --build-arg "BASE=$base" -f deploy/Containerfile -t zdbridge-drill
    --ignorefile deploy/Containerfile.dockerignore)
if [ -n "$wheels" ]; then
    arguments+=(--build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/wheels --volume "$wheels:/wheels:ro")
fi
buildah "${options[@]}" build "${arguments[@]}" . >"$data.log" 2>&1 || { tail -20 "$data.log" >&2; exit 1; }
container=$(buildah "${options[@]}" from zdbridge-drill)
root=$(buildah "${options[@]}" mount "$container")

# Not `buildah run`, whose chroot is writable: the same root, bound read-only, with the image's account and variables.
inside() {
    unshare --mount --propagation private bash -c '
        root=$1 data=$2 port=$3; shift 3
        mount --bind "$root" "$root" && mount --bind "$data" "$root/var/lib/zdbridge" && mount -t tmpfs tmpfs "$root/tmp"
        mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" && mount -o remount,bind,ro "$root"
        exec chroot --userspec=10001:10001 "$root" /usr/bin/env -i PATH=/opt/zdbridge/bin:/usr/bin:/bin HOME=/tmp \
            PYTHONDONTWRITEBYTECODE=1 ZDBRIDGE_DATA_DIR=/var/lib/zdbridge ZDBRIDGE_SANDBOX=0 ZDBRIDGE_PORT="$port" \
            ZDBRIDGE_HOST=127.0.0.1 sh -c "cd /srv/zdbridge && exec \"\$@\"" - "$@"
    ' - "$root" "$data" "$port" "$@"
}

inside python -m zdbridge --version
inside python -m zdbridge migrate --verbosity 0
if inside sh -c 'touch /srv/zdbridge/x 2>/dev/null'; then echo "the tree is writable" >&2; exit 1; fi
if inside python -c 'import pip' 2>/dev/null; then echo "pip is in the image" >&2; exit 1; fi
inside python -m zdbridge up --only web &
server=$!
for _ in $(seq 60); do
    if inside python -m zdbridge.up.healthcheck >/dev/null; then
        echo "serves as 10001 with a read-only root, without pip; healthcheck passes"
        exit 0
    fi
    sleep 1
done
echo "the image does not serve" >&2
exit 1
