#!/bin/sh
# Makes the README's picture of a demo's report:
#   tools/screenshot.sh out/demo/report.html docs/images/demo-report.png [dark]
# Takes Chromium and pngquant: apt-get install --no-install-recommends chromium pngquant
set -eu
page=$(readlink -f -- "$1")
picture=$2
width=${WIDTH:-1000}
height=${HEIGHT:-1540}
scale=${SCALE:-1.25}
most_bytes=150000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname -- "$picture")"

# Chromium refuses to sandbox itself as root, and the page runs no script.
set -- --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
  --force-device-scale-factor="$scale" --user-data-dir="$work/profile" \
  --window-size="$width,$height" ${3:+--force-dark-mode}
timeout 120 chromium "$@" --screenshot="$work/full.png" "file://$page" >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
pngquant --strip --speed 1 --output "$work/small.png" 256 "$work/full.png"
bytes=$(wc -c <"$work/small.png")
if [ "$bytes" -gt "$most_bytes" ]; then
  echo "The picture has $bytes bytes, more than $most_bytes: choose a smaller HEIGHT or SCALE" >&2
  exit 1
fi
mv "$work/small.png" "$picture"
echo "$picture: $width x $height at $scale, $bytes bytes"
