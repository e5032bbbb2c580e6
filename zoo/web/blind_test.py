"""A blind test of two methods: which colouring is better? What people answer, as a win rate."""

from __future__ import annotations

import itertools
import math
import random
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from colorzoo.core.compare.results import ExampleImage, Results, read_results
from colorzoo.core.config import Strict
from colorzoo.core.errors import ResultsError, UnknownNameError
from colorzoo.core.jobs.journal import Journal

FILE = "preferences.jsonl"
PENDING = 1000
"""Questions that are asked and not answered yet."""
Z = 1.959964
"""Of the normal distribution, for 95 %."""
Choice = Literal["left", "right", "same"]


class Preference(Strict):
    """What one person answered to one question."""

    key: str
    time: str
    picture: str
    left: str = Field(description="label of the method that stood on the left")
    right: str
    choice: Choice


class WinRate(Strict):
    """How often one method was preferred to another, ties counting half, with a 95 % interval."""

    one: str
    other: str
    answers: int
    ties: int
    rate: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether a difference is shown: the interval leaves out one half."""
        return self.low > 0.5 or self.high < 0.5


class Question(NamedTuple):
    """An example with the two methods that are shown, left and right."""

    example: ExampleImage
    left: str
    right: str


class BlindTest:
    """The questions of a comparison, and the answers beside its results.

    Raises:
        ResultsError: there are no results, or no pictures that two methods have coloured.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.results = folder, read_results(folder)
        self.journal = Journal(folder / FILE, Preference)
        self.pending: OrderedDict[str, Question] = OrderedDict()
        self.questions = list(_questions(self.results, folder / "pictures"))
        if not self.questions:
            raise ResultsError(f"{folder}: shows no picture that two methods have coloured")
        self.order = random.Random(secrets.randbits(64))

    def ask(self) -> str:
        """Return the id of a new question, of those that were asked least; sides are random."""
        asked = [frozenset((one.left, one.right, one.picture)) for one in self.journal.records.values()]
        counted = [asked.count(_subject(question)) for question in self.questions]
        rarest = [one for one, count in zip(self.questions, counted, strict=True) if count == min(counted)]
        chosen = self.order.choice(rarest)
        if self.order.random() < 0.5:
            chosen = chosen._replace(left=chosen.right, right=chosen.left)
        key = secrets.token_urlsafe(12)
        self.pending[key] = chosen
        while len(self.pending) > PENDING:
            self.pending.popitem(last=False)
        return key

    def picture(self, key: str, side: Literal["left", "right", "gray"]) -> Path:
        """Return the file that a question shows at a side."""
        question = self._question(key)
        if side == "gray":
            return self.folder / "pictures" / question.example.gray
        label = question.left if side == "left" else question.right
        return self.folder / "pictures" / question.example.samples[label][0]

    def answer(self, key: str, choice: Choice) -> Question:
        """Keep an answer; return the question, whose names may be told now."""
        question = self._question(key)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.journal.add(Preference(
            key=key, time=now, picture=question.example.picture, left=question.left, right=question.right,
            choice=choice,
        ))  # fmt: skip
        del self.pending[key]
        return question

    def rates(self) -> list[WinRate]:
        """Return the win rates so far."""
        return win_rates(self.journal.records.values())

    def _question(self, key: str) -> Question:
        if key not in self.pending:
            raise UnknownNameError("question", key[:40], (), "it was answered: ask for the next one")
        return self.pending[key]


def win_rates(answers: Iterable[Preference]) -> list[WinRate]:
    """Return a win rate for each pair of methods, in the order of their names."""
    pairs: dict[tuple[str, str], list[float]] = {}
    for one in answers:
        first, second = sorted((one.left, one.right))
        winner = {"left": one.left, "right": one.right, "same": None}[one.choice]
        score = 0.5 if winner is None else float(winner == first)
        pairs.setdefault((first, second), []).append(score)
    return [_win_rate(one, other, scores) for (one, other), scores in sorted(pairs.items())]


def _win_rate(one: str, other: str, scores: Sequence[float]) -> WinRate:
    low, high = wilson(sum(scores), len(scores))
    return WinRate(
        one=one, other=other, answers=len(scores), ties=scores.count(0.5), rate=sum(scores) / len(scores),
        low=low, high=high,
    )  # fmt: skip


def wilson(wins: float, count: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927); it stays within 0 and 1."""
    share, squared = wins / count, Z * Z
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = Z / (1 + squared / count) * math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _subject(question: Question) -> frozenset[str]:
    return frozenset((question.left, question.right, question.example.picture))


def _questions(results: Results, pictures: Path) -> Iterable[Question]:
    """Yield what can be asked; baselines take part where fewer than two other methods are there."""
    labels = [one.label for one in results.methods if not one.baseline]
    wanted = labels if len(labels) > 1 else [one.label for one in results.methods]
    seen: set[frozenset[str]] = set()
    for example in results.examples:
        here = [
            label
            for label in wanted
            if example.samples.get(label) and (pictures / example.samples[label][0]).is_file()
        ]
        for left, right in itertools.combinations(here, 2):
            question = Question(example, left, right)
            if _subject(question) not in seen:
                seen.add(_subject(question))
                yield question
