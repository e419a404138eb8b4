#!/bin/sh
# Format, lint, types, purity and layers. Run as `npm run check`.
set -e
oxfmt --check
oxlint --type-aware --deny-warnings
tsc -p tsconfig.json
tsc -p tsconfig.pure.json
node tools/check-layers.ts
