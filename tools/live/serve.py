"""Serve the built pages on this machine, for `make live`."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"
PORT = 8000


class Pages(SimpleHTTPRequestHandler):
    """Serves files; what is named after its content may be kept for good."""

    def end_headers(self) -> None:
        """Add to the headers how long a file may be kept."""
        kept = self.path.startswith("/python/") and "index.json" not in self.path
        age = "max-age=31536000, immutable" if kept else "no-cache"
        self.send_header("Cache-Control", age)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing for each request."""


class Server(ThreadingHTTPServer):
    """A server to which a browser that breaks off is nothing to report."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Report an error, unless the browser has ended the connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def make_server(port: int) -> Server:
    """Return a server at a port, or at a free one where that is taken."""
    handler = partial(Pages, directory=str(HTML))
    try:
        return Server(("127.0.0.1", port), handler)
    except OSError:
        return Server(("127.0.0.1", 0), handler)


def main() -> int:
    """Serve until Ctrl and C are pressed."""
    with make_server(PORT) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        print(f"The live pages: {address}/worksheet/softmax.html", flush=True)
        print("Ctrl and C end the server.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
