"""A stand-in for `fastgpt_client`, which no package registry has (the `fastgpt` on PyPI is an unrelated ONNX tool).

As much of it as its documentation's streaming samples use, after its repository's description of version 0.1.0: the
constructor, `create_chat_completion`, context managers, and raw httpx responses. The base URL may end in `/api` or not.
"""

import httpx


def _request(base_url, api_key, messages, stream, detail, extra):
    root = base_url.rstrip("/").removesuffix("/api")
    body = {"messages": messages, "stream": stream, "detail": detail}
    body.update({name: value for name, value in extra.items() if value is not None})
    return {
        "method": "POST",
        "url": f"{root}/api/v1/chat/completions",
        "headers": {"Authorization": f"Bearer {api_key}"},
        "json": body,
    }


class ChatClient:
    def __init__(self, api_key, base_url="http://localhost:3000", timeout=60.0):
        self._key, self._base_url = api_key, base_url
        self._http = httpx.Client(timeout=timeout)

    def create_chat_completion(self, messages, stream=False, detail=False, **extra):
        request = self._http.build_request(**_request(self._base_url, self._key, messages, stream, detail, extra))
        response = self._http.send(request, stream=stream)
        return response

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.close()


class AsyncChatClient:
    def __init__(self, api_key, base_url="http://localhost:3000", timeout=60.0):
        self._key, self._base_url = api_key, base_url
        self._http = httpx.AsyncClient(timeout=timeout)

    async def create_chat_completion(self, messages, stream=False, detail=False, **extra):
        request = self._http.build_request(**_request(self._base_url, self._key, messages, stream, detail, extra))
        return await self._http.send(request, stream=stream)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self._http.aclose()
