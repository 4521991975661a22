#!/usr/bin/env bash
# Streaming with curl and jq, piece by piece. `data:` with or without a space; every space of the answer is kept.
set -euo pipefail
url="${SLUICE_URL:-http://127.0.0.1:8787}"

curl -sSN "$url/v1/chat/completions" \
  -H "Authorization: Bearer ${SLUICE_API_KEY:-none}" \
  -H 'Content-Type: application/json' \
  -d '{"model": "default", "messages": [{"role": "user", "content": "Tell me a joke"}], "stream": true}' |
  sed -un 's/^data: \{0,1\}//p' |
  sed -u '/^\[DONE\]/d' |
  jq --unbuffered -rj '.choices[0].delta.content // ""'
