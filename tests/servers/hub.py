"""A small Hub on loopback for tests: what the Hub's own client needs to create, commit and download.

Every repository is a real git repository, so that another server can serve it too. Files ending in
.safetensors or .pth are said to be LFS, with their sha256. Faults are switched on by name and count.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_test"


class SmallHub:
    """The server; `faults` maps a kind (cut, flip, slow, 429, 503, 401, gated) to how often it strikes."""

    def __init__(self, root: Path) -> None:
        self.root, self.faults, self.asked = root, Counter(), []
        self.objects: dict[str, bytes] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def become_the_hub(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        """Let this process know no other Hub, and keep its caches below a folder."""
        for name, value in {
            "ENDPOINT": self.address, "HF_HUB_CACHE": str(folder / "hf"), "HF_HUB_OFFLINE": False,
            "HF_HUB_DISABLE_XET": True,
        }.items():  # fmt: skip
            patch.setattr(f"huggingface_hub.constants.{name}", value)
        patch.setenv("HF_TOKEN", TOKEN)
        patch.setenv("COLORZOO_CACHE", str(folder / "cache"))

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def path(self, repo: str) -> Path:
        return self.root / "models" / repo

    def git(self, repo: str, *words: str, data: bytes | None = None) -> bytes:
        facts = ["-c", "user.name=hub", "-c", "user.email=hub@localhost", "-c", "core.autocrlf=false"]
        done = subprocess.run(
            ["git", "-C", str(self.path(repo)), *facts, *words],
            input=data,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise LookupError(done.stderr.decode())
        return done.stdout

    def create(self, repo: str) -> None:
        self.path(repo).mkdir(parents=True)
        self.git(repo, "init", "-q", "-b", "main")
        self.commit(repo, {".gitattributes": b"*.safetensors filter=lfs\n"})

    def commit(self, repo: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Commit files to a branch without a working tree of its own, and return the commit."""
        self.git(repo, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
        for name, data in files.items():
            blob = (
                self.git(repo, "hash-object", "-w", "--stdin", "--no-filters", data=data).decode().strip()
            )
            self.git(repo, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        self.git(repo, "commit", "-q", "-m", "files", "--no-verify", "--allow-empty")
        return self.resolve(repo, branch)

    def resolve(self, repo: str, revision: str) -> str:
        return self.git(repo, "rev-parse", "--verify", "-q", f"{revision}^{{commit}}").decode().strip()

    def tree(self, repo: str, revision: str) -> list[dict]:
        found = []
        for line in (
            self.git(repo, "ls-tree", "-r", "-l", self.resolve(repo, revision)).decode().splitlines()
        ):
            facts, name = line.split("\t")
            _, _, blob, size = facts.split()
            entry = {"type": "file", "oid": blob, "size": int(size), "path": name}
            if name.endswith((".safetensors", ".pth")):
                digest = hashlib.sha256(self.read(repo, revision, name)).hexdigest()
                entry["lfs"] = {"oid": digest, "size": int(size), "pointerSize": 134}
            found.append(entry)
        return found

    def read(self, repo: str, revision: str, name: str) -> bytes:
        return self.git(repo, "cat-file", "blob", f"{self.resolve(repo, revision)}:{name}")

    def strikes(self, fault: str) -> bool:
        if self.faults[fault] <= 0:
            return False
        self.faults[fault] -= 1
        return True


class Handler(BaseHTTPRequestHandler):
    """The routes, each a method and a pattern."""

    hub: SmallHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        self.handle_one("GET")

    def do_HEAD(self) -> None:
        self.handle_one("HEAD")

    def do_POST(self) -> None:
        self.handle_one("POST")

    def do_PUT(self) -> None:
        self.handle_one("PUT")

    def handle_one(self, verb: str) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{verb} {path}")
        for code in (401, 429, 503):
            if self.hub.strikes(str(code)):
                self.answer({"error": "on purpose"}, code, {"Retry-After": "7"} if code == 429 else {})
                return
        if self.hub.strikes("gated"):
            self.answer({"error": "gated"}, 403, {"X-Error-Code": "GatedRepo"})
            return
        for known, pattern, route in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and verb in known:
                try:
                    route(self, **found.groupdict())
                except LookupError as error:
                    missing = "RepoNotFound" if "directory" in str(error) else "RevisionNotFound"
                    self.answer({"error": str(error)}, 404, {"X-Error-Code": missing})
                return
        self.answer({"error": f"no route for {verb} {path}"}, 404)

    def answer(self, value: object, code: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send(json.dumps(value).encode(), code, {"Content-Type": "application/json", **(headers or {})})

    def send(self, data: bytes, code: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def whoami(self) -> None:
        self.answer({"type": "user", "name": "me", "auth": {"accessToken": {"role": "write"}}})

    def create(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer({"error": "who are you?"}, 401)
            return
        wanted = json.loads(self.body)
        repo = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
        if self.hub.path(repo).exists():
            self.answer({"error": "there already", "url": f"{self.hub.address}/{repo}"}, 409)
            return
        self.hub.create(repo)
        self.answer({"url": f"{self.hub.address}/{repo}", "id": repo, "name": repo})

    def validate(self) -> None:
        content = json.loads(self.body)["content"]
        wrong = [] if content.startswith("---\n") else [{"message": "no metadata"}]
        self.answer({"errors": wrong, "warnings": []}, 400 if wrong else 200)

    def info(self, repo: str, revision: str = "main") -> None:
        commit = self.hub.resolve(repo, revision)
        siblings = [{"rfilename": entry["path"]} for entry in self.hub.tree(repo, commit)]
        self.answer(
            {"id": repo, "modelId": repo, "sha": commit, "siblings": siblings, "tags": [], "private": False}
        )

    def tree(self, repo: str, revision: str, folder: str = "") -> None:
        """List a folder, as the Hub does, without what is in the folders inside."""
        entries = self.hub.tree(repo, revision)
        self.answer([entry for entry in entries if entry["path"].rpartition("/")[0] == folder])

    def preupload(self, repo: str, revision: str) -> None:
        files = json.loads(self.body)["files"]
        modes = {True: "lfs", False: "regular"}
        self.answer({"files": [
            {"path": path, "uploadMode": modes[path.endswith(".safetensors")], "shouldIgnore": False}
            for path in [file["path"] for file in files]
        ]})  # fmt: skip

    def batch(self, repo: str) -> None:
        objects = [
            {**thing, "authenticated": True,
             "actions": {"upload": {"href": f"{self.hub.address}/objects/{thing['oid']}", "header": {}}}}
            for thing in json.loads(self.body)["objects"]
        ]  # fmt: skip
        self.answer({"transfer": "basic", "objects": objects})

    def upload(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self.answer({"error": "not what its sha256 says"}, 422)
            return
        self.hub.objects[oid] = self.body
        self.send(b"")

    def commit(self, repo: str, revision: str) -> None:
        files = {}
        for line in self.body.splitlines():
            item = json.loads(line)
            if item["key"] == "file":
                files[item["value"]["path"]] = base64.b64decode(item["value"]["content"])
            if item["key"] == "lfsFile":
                files[item["value"]["path"]] = self.hub.objects[item["value"]["oid"]]
        oid = self.hub.commit(repo, files, revision)
        self.answer(
            {"success": True, "commitOid": oid, "commitUrl": f"{self.hub.address}/{repo}/commit/{oid}"}
        )

    def branch(self, repo: str, name: str) -> None:
        if name in self.hub.git(repo, "branch", "--format=%(refname:short)").decode().split():
            self.answer({"error": "there already"}, 409)
            return
        self.hub.git(repo, "branch", name, "main")
        self.answer({}, 201)

    def tag(self, repo: str, revision: str) -> None:
        self.hub.git(repo, "tag", json.loads(self.body)["tag"], revision)
        self.answer({}, 201)

    def file(self, repo: str, revision: str, name: str) -> None:
        commit = self.hub.resolve(repo, revision)
        entries = {entry["path"]: entry for entry in self.hub.tree(repo, commit)}
        if name not in entries:
            self.answer({"error": "no such file"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        data, entry = self.hub.read(repo, commit, name), entries[name]
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if "lfs" in entry:
            headers |= {"X-Linked-Etag": f'"{entry["lfs"]["oid"]}"', "X-Linked-Size": str(len(data))}
        headers["ETag"] = f'"{entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]}"'
        start = int((re.match(r"bytes=(\d+)-", self.headers.get("Range") or "") or ["", 0])[1])
        code, part = (206, data[start:]) if start else (200, data)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.faulty(part, code, headers) if "lfs" in entry and self.command == "GET" else self.send(
            part, code, headers
        )

    def faulty(self, data: bytes, code: int, headers: dict[str, str]) -> None:
        """Send a large file, with whatever fault is switched on."""
        if self.hub.strikes("flip"):
            data = data[:-1] + bytes([data[-1] ^ 1])
        if self.hub.strikes("slow"):
            time.sleep(0.5)
        if self.hub.strikes("cut"):
            self.close_connection = True
            self.send(data[: len(data) // 2], code, {**headers, "Content-Length": str(len(data))})
            return
        self.send(data, code, headers)


REPO, REVISION = r"(?P<repo>[\w.-]+/[\w.-]+)", r"(?P<revision>[^/]+)"
ROUTES = [
    (("GET",), "/api/whoami-v2", Handler.whoami),
    (("POST",), "/api/repos/create", Handler.create),
    (("POST",), "/api/validate-yaml", Handler.validate),
    (("GET",), f"/api/models/{REPO}", Handler.info),
    (("GET",), f"/api/models/{REPO}/revision/{REVISION}", Handler.info),
    (("GET",), f"/api/models/{REPO}/tree/{REVISION}", Handler.tree),
    (("GET",), f"/api/models/{REPO}/tree/{REVISION}/(?P<folder>.+)", Handler.tree),
    (("POST",), f"/api/models/{REPO}/preupload/{REVISION}", Handler.preupload),
    (("POST",), f"/{REPO}.git/info/lfs/objects/batch", Handler.batch),
    (("PUT",), r"/objects/(?P<oid>\w+)", Handler.upload),
    (("POST",), f"/api/models/{REPO}/commit/{REVISION}", Handler.commit),
    (("POST",), f"/api/models/{REPO}/branch/(?P<name>[^/]+)", Handler.branch),
    (("POST",), f"/api/models/{REPO}/tag/{REVISION}", Handler.tag),
    (("GET", "HEAD"), f"/{REPO}/resolve/{REVISION}/(?P<name>.+)", Handler.file),
]
