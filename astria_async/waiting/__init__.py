"""Joins callbacks and polling into futures: what waits, when to look, and what a look means."""

from astria_async.waiting.awaiting import wait_all, wait_ready
from astria_async.waiting.policy import WaitPolicy
from astria_async.waiting.reconcile import Marks, Reconciler
from astria_async.waiting.waits import Waits

__all__ = ["Marks", "Reconciler", "WaitPolicy", "Waits", "wait_all", "wait_ready"]
