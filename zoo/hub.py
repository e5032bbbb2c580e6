"""Weights from the Hugging Face Hub: pinned to a commit, and nothing is loaded that was not verified."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from colorzoo.core.errors import HubError, WeightsError
from colorzoo.core.images import atomic_write
from colorzoo.core.packed import cache_root
from colorzoo.core.weights import CARD, CONFIG, TENSORS, WeightsInfo, read_info

METRICS = "metrics.json"
SMALL, LARGE = 1_000_000, 20_000_000_000
"""Most bytes of a text, and of tensors, that are downloaded."""
LIMITS = {CONFIG: SMALL, TENSORS: LARGE, CARD: SMALL, METRICS: 100 * SMALL}
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".onnx", ".msgpack")
NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w][\w./-]*))?")
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubId:
    """A repository on the Hub, and which of its revisions."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubId | None:
        """Read `owner/name` or `owner/name@revision`; None for anything else."""
        found = NAME.fullmatch(text)
        return cls(found["repo"], found["revision"]) if found and ".." not in text else None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


@dataclass(frozen=True)
class Pulled:
    """Verified files of one commit, in the Hub's cache."""

    repo: str
    commit: str
    folder: Path
    digests: Mapping[str, str]

    @property
    def info(self) -> WeightsInfo:
        """What config.json says."""
        return read_info(self.folder)


def pull(name: HubId, *, offline: bool = False) -> Pulled:
    """Bring the files of a weights folder to this machine and verify every one of them.

    A branch or tag is resolved to its commit once. Offline only what is in the cache is used, verified by
    the digests that the commit had when it was pulled.
    """
    import huggingface_hub as hub
    from huggingface_hub import constants

    offline = offline or constants.HF_HUB_OFFLINE
    with saying_errors(name):
        commit = (
            hub.HfApi()
            .resolve_revision(name.repo, revision=name.revision, local_files_only=offline)
            .resolved
        )
        if not COMMIT.fullmatch(commit):
            raise HubError(f"{name}: the Hub names commit {commit[:60]!r}, which is none")
        record = _record(name.repo, commit)
        if record.is_file():
            digests = _digests(record)
        elif offline:
            raise HubError(f"{name}: was never pulled to this machine; run it once without --offline")
        else:
            digests = _promised(name, commit)
        paths = {
            file: Path(hub.hf_hub_download(name.repo, file, revision=commit, local_files_only=offline))
            for file in digests
        }
    for file, path in paths.items():
        verify(path, digests[file], f"{name}: {file}")
    if not record.is_file():
        with atomic_write(record) as out:
            out.write(json.dumps(digests, indent=1).encode())
    return Pulled(name.repo, commit, paths[CONFIG].parent, digests)


def verify(path: Path, digest: str, what: str) -> None:
    """Compare a file with its digest; a damaged one is dropped from the cache.

    digest: `sha256:...`, or `git:...` for the small files that git itself keeps.
    """
    data = path.read_bytes()
    kind, _, expected = digest.partition(":")
    if kind == "sha256":
        found = hashlib.sha256(data).hexdigest()
    else:
        found = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    if found == expected:
        return
    blob = path.resolve()
    for place in {path, blob}:
        place.unlink(missing_ok=True)
    raise HubError(
        f"{what}: arrived damaged, its {kind} is {found[:16]}, expected {expected[:16]}; it is dropped "
        "from the cache: pull again"
    )


def cached() -> list[Pulled]:
    """Return what was pulled to this machine and is still there."""
    from huggingface_hub import try_to_load_from_cache

    found = []
    for record in sorted(_records().glob("*/*/*.json")):
        repo, commit = "/".join(record.parts[-3:-1]), record.stem
        config = try_to_load_from_cache(repo, CONFIG, revision=commit)
        if isinstance(config, str):
            found.append(Pulled(repo, commit, Path(config).parent, _digests(record)))
    return found


def remove(pulled: Pulled) -> int:
    """Delete a pulled commit from the Hub's cache; return the bytes freed."""
    from huggingface_hub import scan_cache_dir

    plan = scan_cache_dir().delete_revisions(pulled.commit)
    freed = plan.expected_freed_size
    plan.execute()
    _record(pulled.repo, pulled.commit).unlink(missing_ok=True)
    return freed


def _promised(name: HubId, commit: str) -> dict[str, str]:
    """Return the digests that the commit itself has for the files to be pulled."""
    import huggingface_hub as hub

    found = {
        entry.path: entry
        for entry in hub.HfApi().list_repo_tree(name.repo, revision=commit)
        if isinstance(entry, hub.hf_api.RepoFile)
    }
    missing = [file for file in (CONFIG, TENSORS) if file not in found]
    if missing:
        raise WeightsError(_not_weights(name, missing, found))
    digests = {}
    for file in LIMITS.keys() & found.keys():
        entry = found[file]
        if entry.size > LIMITS[file]:
            raise WeightsError(
                f"{name}: {file} has {entry.size:,} bytes, expected at most {LIMITS[file]:,}"
            )
        digests[file] = f"sha256:{entry.lfs.sha256}" if entry.lfs else f"git:{entry.blob_id}"
    return digests


def _not_weights(name: HubId, missing: list[str], found: Mapping[str, object]) -> str:
    others = sorted(file for file in found if PurePosixPath(file).suffix in PICKLES)
    if TENSORS in missing and others:
        return (
            f"{name}: offers {', '.join(others[:3])} but no {TENSORS}; such files can run code when they "
            "are read, so only safetensors are loaded"
        )
    there = ", ".join(sorted(found)[:8]) or "nothing"
    return f"{name}: has no {' and no '.join(missing)}, so it holds no colorzoo weights; there is: {there}"


@contextmanager
def saying_errors(name: HubId) -> Iterator[None]:
    """Turn whatever the Hub's client raises into one line that says what to do."""
    from huggingface_hub import errors
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity

    loud = get_verbosity()
    set_verbosity(logging.ERROR)  # what it would warn of is said below, once
    try:
        yield
    except errors.GatedRepoError:
        raise HubError(
            f"{name}: access must be granted first; ask for it at its page on the Hub, then `hf auth login`"
        ) from None
    except errors.RepositoryNotFoundError:
        raise HubError(
            f"{name}: no such repository, or a private one; check the name, or `hf auth login` (HF_TOKEN)"
        ) from None
    except errors.LocalEntryNotFoundError as error:
        raise HubError(_unreachable(name, error)) from None
    except (errors.RevisionNotFoundError, errors.RevisionResolutionError) as error:
        raise HubError(_unresolved(name, error)) from None
    except errors.EntryNotFoundError as error:
        raise HubError(f"{name}: {_line(error)}") from None
    except HFValidationError as error:
        raise HubError(f"{name}: not a name of a repository ({_line(error)})") from None
    except HfHubHTTPError as error:
        raise HubError(f"{name}: {_status(error)}") from None
    except OSError as error:
        raise HubError(_system(name, error)) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in (
            "httpx",
            "httpx2",
            "httpcore",
            "huggingface_hub",
        ):
            raise
        raise HubError(_unreachable(name, error)) from None
    finally:
        set_verbosity(loud)


def _status(error: BaseException) -> str:
    """Say what an answer of the Hub means for the user."""
    response = getattr(error, "response", None)
    code = getattr(response, "status_code", 0)
    wait = response.headers.get("Retry-After") if response is not None else None
    meaning = {
        401: "the Hub does not know who you are; `hf auth login`, or set HF_TOKEN",
        403: "the Hub refuses; check that your token may do this",
        409: "somebody else changed the repository at the same time; try again",
        413: "too large for the Hub",
        429: f"the Hub asks to wait{f' {wait} seconds' if wait else ''}; try again then",
    }
    if code >= 500:
        return f"the Hub is in trouble (status {code}); try again later"
    return meaning.get(code, f"the Hub answered with status {code}: {_line(error)}")


def _unresolved(name: HubId, error: Exception) -> str:
    """Tell a revision that is not there from a Hub that is not there."""
    cause = error.__cause__ or error.__context__
    response = getattr(cause, "response", None) or getattr(error, "response", None)
    if response is not None and response.status_code == 404:
        return f"{name}: has no revision {name.revision!r}; a branch, tag or commit is expected after the @"
    if response is not None:
        return f"{name}: {_status(cause or error)}"
    return _unreachable(name, error)


def _unreachable(name: HubId, error: BaseException) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"{name}: not in the cache, and HF_HUB_OFFLINE keeps from asking the Hub"
    return (
        f"{name}: {constants.ENDPOINT} cannot be reached ({_line(error)}), and the cache does not hold it"
    )


def _system(name: HubId, error: OSError) -> str:
    from huggingface_hub import constants

    place = error.filename or constants.HF_HUB_CACHE
    if error.errno is None:
        return _unreachable(name, error)
    return f"{name}: {place}: {error.strerror}; HF_HOME says where the cache is"


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__


def _records() -> Path:
    return cache_root() / "hub"


def _record(repo: str, commit: str) -> Path:
    """Return where the digests of a commit are kept: what is offline can be verified, too."""
    return _records() / repo / f"{commit}.json"


def _digests(record: Path) -> dict[str, str]:
    try:
        found = {str(file): str(digest) for file, digest in json.loads(record.read_bytes()).items()}
    except (ValueError, AttributeError):
        found = {}
    if not {CONFIG, TENSORS} <= found.keys() <= LIMITS.keys():
        raise HubError(f"{record}: damaged; delete it and pull again")
    return found
