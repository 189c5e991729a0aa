"""Costs that can be compared on a machine whose speed wanders: short slices that alternate in random order."""
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from processes import cpu_nanoseconds


@dataclass
class Subject:
    name: str
    pid: int
    load: Callable[[int], int]  # makes so many requests and tells how many were made


def microseconds_per_request(subject, requests):
    before = cpu_nanoseconds(subject.pid)
    made = subject.load(requests)
    return (cpu_nanoseconds(subject.pid) - before) / made / 1000


def alternate(subjects, rounds, requests):
    """{name: [microseconds of CPU per request, one for each round]}. Each round has a slice of each subject."""
    costs = {subject.name: [] for subject in subjects}
    for subject in subjects:
        subject.load(requests)
    for _ in range(rounds):
        for subject in random.sample(subjects, len(subjects)):
            costs[subject.name].append(microseconds_per_request(subject, requests))
    return costs


def ratio(costs, reference):
    """Median of the rounds' ratios: both values of a ratio are a second apart or less."""
    return statistics.median(cost / base for cost, base in zip(costs, reference))


def difference(costs, reference):
    return statistics.median(cost - base for cost, base in zip(costs, reference))
