"""The unmodified openai package against a gateway with ids and heartbeats on.

Usage: openai_client.py BASE_URL MODEL
Prints one JSON object: the text of one stream, and the text of one that was left and resumed.
"""

import json
import sys

from openai import OpenAI

base_url, model = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key="none", max_retries=0)
request = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Tell me a story"}]}


def text_of(chunk) -> str:
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


whole = "".join(text_of(chunk) for chunk in client.chat.completions.create(**request))

response = client.chat.completions.with_raw_response.create(**request)
stream_id = response.headers["x-stream-id"]
pieces = []
seen = 0
for chunk in response.parse():
    pieces.append(text_of(chunk))
    seen += 1
    if seen == 10:
        break
rest = client.chat.completions.create(**request, extra_headers={"Last-Event-ID": f"{stream_id}:{seen - 1}"})
pieces.extend(text_of(chunk) for chunk in rest)
print(json.dumps({"whole": whole, "resumed": "".join(pieces)}))
