"""A hub of one set on this machine, with the addresses that `datasets` and `huggingface_hub` ask for: two commits, no network."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

SET = "somebody/talks"


class Hub:
    """Serves `files` (name to bytes) by commit; `asked` are the commits that were asked for."""

    def __init__(self, commits):
        self.commits = commits
        self.asked = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.answer()

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer()

            def answer(self):
                hub.answer(self, unquote(urlsplit(self.path).path))

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, path):
        api, resolve = f"/api/datasets/{SET}", f"/datasets/{SET}/resolve/"
        if path.startswith(resolve):
            commit, _, name = path.removeprefix(resolve).partition("/")
            self.asked.append(commit)
            data = self.commits.get(commit, {}).get(name)
            return self.send(request, data, commit) if data is not None else self.missing(request, "EntryNotFound")
        verb, _, rest = path.removeprefix(api).strip("/").partition("/")
        commit, _, folder = rest.partition("/")
        if not path.startswith(api) or commit not in self.commits:
            return self.missing(request, "RevisionNotFound" if path.startswith(api) else "RepoNotFound")
        self.asked.append(commit)
        files = [
            {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data, usedforsecurity=False).hexdigest()}
            for name, data in self.commits[commit].items()
        ]
        if verb == "revision":
            siblings = [{"rfilename": file["path"]} for file in files]
            return self.json(
                request, {"id": SET, "sha": commit, "siblings": siblings, "private": False, "gated": False, "disabled": False, "tags": []}
            )
        if verb == "tree":
            return self.json(request, [file for file in files if not folder or file["path"].startswith(folder)])
        if verb == "paths-info":
            wanted = request.body.decode()
            return self.json(request, [file for file in files if file["path"] in unquote(wanted)])
        return self.missing(request, "EntryNotFound")

    def send(self, request, data, commit):
        start, end = 0, len(data)
        if asked := request.headers.get("Range"):
            low, _, high = asked.removeprefix("bytes=").partition("-")
            start, end = int(low), min(end, int(high) + 1 if high else end)
        request.send_response(206 if asked else 200)
        request.send_header("Content-Length", str(end - start))
        request.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        request.send_header("X-Repo-Commit", commit)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data[start:end])

    def json(self, request, value):
        data = json.dumps(value).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)

    def missing(self, request, code):
        request.send_response(404)
        request.send_header("X-Error-Code", code)
        request.send_header("Content-Length", "0")
        request.end_headers()
