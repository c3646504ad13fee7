"""Firefox, driven by WebDriver BiDi: Debian has the browser, and no geckodriver."""

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
# A proxy where none is refuses every host but this machine.
SETTINGS = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "remote.active-protocols": 1,
}


class Firefox:
    """One page of a Firefox without a window."""

    def __init__(self, address: str) -> None:
        """Connect to the address that Firefox prints when it starts."""
        self.socket = websocket.create_connection(address, suppress_origin=True)
        self.numbers = itertools.count()
        self.ask("session.new", capabilities={})
        self.page = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        assert answer["type"] == "success", answer
        return dict(answer["result"])

    def goto(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.ask(
            "browsingContext.navigate", context=self.page, url=address, wait="complete"
        )

    def evaluate(self, function: str, *values: object) -> Any:
        """Call a function of the page with these values; its result goes by JSON."""
        call = f"({function})(...{json.dumps(values)})"
        answer = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await {call} ?? null))()",
            target={"context": self.page},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def keys(self, *names: str) -> None:
        """Press keys one after the other."""
        actions = [
            {"type": kind, "value": name}
            for name in names
            for kind in ("keyDown", "keyUp")
        ]
        sources = [{"type": "key", "id": "keyboard", "actions": actions}]
        self.ask("input.performActions", context=self.page, actions=sources)


@contextmanager
def started(profile: Path) -> Iterator[Firefox]:
    """Start Firefox with a new profile; end it afterwards."""
    lines = [
        f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in SETTINGS.items()
    ]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
    command = [str(PROGRAM), "--headless", "--no-remote", "--profile", str(profile)]
    log = profile / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*command, "--remote-debugging-port", "0"], stderr=stream
        )
    try:
        address = None
        while address is None:
            assert process.poll() is None, log.read_text("utf-8")
            time.sleep(0.1)
            address = re.search(r"listening on (ws://\S+)", log.read_text("utf-8"))
        browser = Firefox(f"{address[1]}/session")
        yield browser
        browser.socket.close()
    finally:
        process.terminate()
        process.wait()
