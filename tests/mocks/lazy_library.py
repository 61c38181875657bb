"""The API of aiohttp, so that the normal run does not need it."""


class ClientError(Exception):
    pass


class ClientConnectionError(ClientError):
    pass


class ClientResponseError(ClientError):
    def __init__(self, request_info, history, *, status, message, headers):
        super().__init__(status, message)
        self.request_info, self.history = request_info, history
        self.status, self.message, self.headers = status, message, headers


class ContentTypeError(ClientResponseError):
    pass


class ClientSession:
    """As in aiohttp, requests are plain calls."""

    closed = False

    def get(self, url, *, allow_redirects=True, **kwargs): ...

    def post(self, url, *, data=None, **kwargs): ...

    def ws_connect(self, url): ...

    async def close(self): ...

    async def __aenter__(self): ...

    async def __aexit__(self, kind, error, trace): ...
