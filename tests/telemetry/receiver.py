"""What arrives at a receiver of OTLP that is not ours? The one that Elastic tests its agents with.

It runs on node: `make receiver` installs it. Without either, `Receiver.start` skips the test.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Self

import pytest

_PLACE = Path(__file__).parents[2] / ".cache" / "node" / "node_modules"
_PATIENCE = 30
_PROGRAM = """
const {MockOtlpServer} = require('@elastic/mockotlpserver');
const {jsonStringifyTrace, jsonStringifyMetrics} =
    require('@elastic/mockotlpserver/lib/normalize');
const options = {normAttributes: true, stripResource: false};
const say = (kind, text) => console.log(kind + ' ' + text.replace(/\\n/g, ' '));
const server = new MockOtlpServer({
    logLevel: 'fatal', services: ['http', 'grpc'],
    httpHostname: '127.0.0.1', httpPort: 0, grpcHostname: '127.0.0.1', grpcPort: 0,
    onTrace: (sent) => say('trace', jsonStringifyTrace(sent, options)),
    onMetrics: (sent) => say('metrics', jsonStringifyMetrics(sent, options)),
});
server.start().then(() => say('ready', JSON.stringify([server.httpUrl, server.grpcUrl])));
process.stdin.on('end', () => process.exit(0)).resume();
"""


class Receiver:
    """Takes whatever is sent to `http_url` or `grpc_url`, and tells what that was."""

    http_url: str
    grpc_url: str

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._changed = threading.Condition()
        self._requests: list[tuple[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def start(cls) -> Self:
        """Start it on free ports of this machine. It ends with us, or by `stop`."""
        node = shutil.which("node")
        if node is None:
            pytest.skip("no node here, on which the OTLP receiver runs")
        if not (_PLACE / "@elastic" / "mockotlpserver").is_dir():
            pytest.skip("the OTLP receiver is not here: `make receiver` installs it")
        process = subprocess.Popen(
            [node, "-e", _PROGRAM],
            env={"NODE_PATH": str(_PLACE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        receiver = cls(process)
        [urls] = receiver.wait_for("ready", bool)
        receiver.http_url, receiver.grpc_url = (url.rstrip("/") for url in urls)
        return receiver

    def stop(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def wait_for(self, kind: str, is_enough: Callable[[list[Any]], object]) -> list[Any]:
        """The requests of a kind, once they are enough."""
        with self._changed:
            found = self._changed.wait_for(lambda: is_enough(self._of(kind)), timeout=_PATIENCE)
            arrived = [(name, len(json.dumps(what))) for name, what in self._requests]
            assert found, f"not enough of {kind} has arrived: {arrived}"
            return self._of(kind)

    def spans(self, ids: Collection[str] = ()) -> list[dict[str, Any]]:
        """The spans with these ids, once they are there, or else all that are there now.

        Each has its resource and its scope.
        """
        wanted = set(ids)

        def are_there(requests: list[Any]) -> bool:
            return wanted <= {span["spanId"] for span in _spans_in(requests)}

        spans = _spans_in(self.wait_for("trace", are_there))
        return [span for span in spans if not wanted or span["spanId"] in wanted]

    def metrics(self, service: str, names: set[str]) -> dict[str, dict[str, Any]]:
        """The last of each of these metrics of a service, once they are there."""

        def are_there(requests: list[Any]) -> bool:
            return names <= _metrics_in(requests, service).keys()

        return _metrics_in(self.wait_for("metrics", are_there), service)

    def _of(self, kind: str) -> list[Any]:
        return [what for name, what in self._requests if name == kind]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, _, text = line.partition(" ")
            with self._changed:
                self._requests.append((kind, json.loads(text)))
                self._changed.notify_all()


def _spans_in(requests: list[Any]) -> list[dict[str, Any]]:
    return [
        {**span, "resource": resource["resource"], "scope": scope["scope"]}
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def _metrics_in(requests: list[Any], service: str) -> dict[str, dict[str, Any]]:
    return {
        metric["name"]: metric
        for request in requests
        for resource in request["resourceMetrics"]
        if resource["resource"]["attributes"]["service.name"] == service
        for scope in resource["scopeMetrics"]
        for metric in scope["metrics"]
    }
