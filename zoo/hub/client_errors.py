"""What goes wrong on the way to the Hub, each cause in one line that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from colorzoo.core.errors import ColorzooError, HubError, printable

if TYPE_CHECKING:
    from colorzoo.hub.pull import HubId

CLIENTS = ("httpx", "httpx2", "httpcore", "httpcore2", "huggingface_hub")
"""Packages of the Hub's client, as the errors that they raise are known."""
MISREAD = (LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""What the Hub's client raises where an answer is not of the shape that it counts on."""


@contextmanager
def hub_errors_in_one_line(
    name: HubId, consequence: str = "and the cache does not hold it"
) -> Iterator[None]:
    """Turn whatever the Hub's client raises into one line that says what to do.

    consequence: what it means that the Hub cannot be reached.

    Raises:
        HubError: in place of what the client raised.
    """
    from huggingface_hub.utils.logging import get_verbosity, set_verbosity

    loud = get_verbosity()
    set_verbosity(logging.ERROR)  # what it would warn of is said below, once
    try:
        yield
    except ColorzooError:
        raise
    except Exception as error:
        text = _meaning(name, error, consequence)
        if text is None:
            raise
        raise HubError(f"{name}: {text}") from None
    finally:
        set_verbosity(loud)


def is_away(error: Exception) -> bool:
    """Return whether the Hub did not answer, or only with trouble of its own."""
    response = getattr(error, "response", None)
    if response is not None:
        return bool(response.status_code >= 500)
    return isinstance(error, OSError) or _of_client(error)


def _meaning(name: HubId, error: Exception, consequence: str) -> str | None:
    """Return what an error means for the user, None for one that is not of the Hub or its client."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "access must be granted first; ask for it at its page on the Hub, then `hf auth login`"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "no such repository, or a private one; check the name, or `hf auth login` (HF_TOKEN)"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"has no revision {name.revision!r}; a branch, tag or commit is expected after the @"
    if isinstance(error, errors.HFValidationError):
        return f"not a name of a repository ({_line(error)})"
    if isinstance(error, errors.HfHubHTTPError):
        return _status(error)
    if isinstance(error, OSError) and error.errno is not None and not _of_client(error):
        return _system(error)
    if isinstance(error, OSError) or _of_client(error):
        return _unreachable(error, consequence)
    if isinstance(error, MISREAD):
        return f"{_endpoint()} does not answer as the Hub does ({type(error).__name__}: {_line(error)})"
    return None


def _of_client(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in CLIENTS


def _status(error: Any) -> str:
    """Say what an answer of the Hub means for the user."""
    response = error.response
    wait = printable(response.headers.get("Retry-After") or "", 20)
    meaning = {
        401: "the Hub does not know who you are; `hf auth login`, or set HF_TOKEN",
        403: "the Hub refuses; check that your token may do this",
        409: "somebody else changed the repository at the same time; try again",
        413: "too large for the Hub",
        429: f"the Hub asks to wait{f' {wait} seconds' if wait else ''}; try again then",
    }
    if response.status_code >= 500:
        return f"the Hub is in trouble (status {response.status_code}); try again later"
    return meaning.get(
        response.status_code, f"the Hub answered with status {response.status_code}: {_line(error)}"
    )


def _unreachable(error: Exception, consequence: str) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return f"HF_HUB_OFFLINE keeps from asking the Hub, {consequence}"
    return f"{_endpoint()} cannot be reached ({_line(error)}), {consequence}"


def _system(error: OSError) -> str:
    from huggingface_hub import constants

    path = error.filename or constants.HF_HUB_CACHE
    return f"{path}: {error.strerror}; HF_HOME says where the cache is"


def _endpoint() -> str:
    from huggingface_hub import constants

    return printable(constants.ENDPOINT)


def _line(error: Exception) -> str:
    return printable(str(error), 200) or type(error).__name__
