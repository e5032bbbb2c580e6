"""Signals that wait: what is under way is done whole, and the signal is heard after it."""

import os
import signal

import pytest

from colorzoo.core.jobs.interruption import held_back


@pytest.fixture(params=["SIGINT", "SIGTERM"])
def number(request):
    chosen = getattr(signal, request.param)
    before = signal.signal(chosen, signal.default_int_handler)
    yield chosen
    signal.signal(chosen, before)


def test_a_signal_waits_for_the_end_of_the_block(number):
    done = []

    def block():
        with held_back():
            os.kill(os.getpid(), number)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done
    assert signal.getsignal(number) is signal.default_int_handler


def test_without_a_signal_nothing_happens(number):
    with held_back():
        pass
    assert signal.getsignal(number) is signal.default_int_handler


def test_an_ignored_signal_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with held_back():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is signal.SIG_IGN
