"""Rows about the size of the configuration: the cost of a request must not depend on it."""
import contextlib
import statistics

from postern import Size
from slices import alternate, ratio
from table import Row


def flat(stage, what, sizes, load):
    """The smallest size is the reference of the others."""
    for name in stage.programs:
        with contextlib.ExitStack() as stack:
            subjects = [load(stack.enter_context(stage.fresh_postern(name, size)), f"{number:,}")
                        for number, size in sizes.items()]
            costs = alternate(subjects, stage.rounds, stage.requests)
        reference = costs[subjects[0].name]
        for subject in subjects[1:]:
            mine = costs[subject.name]
            value = ratio(mine, reference)
            yield Row(f"{subject.name} {what}: {name}", f"{statistics.median(mine):.1f} us, {value:.2f}x",
                      f"{statistics.median(reference):.1f} us", f"<= 1.05x {subjects[0].name}", value <= 1.05)


def routes(stage):
    sizes = {number: Size(routes=number) for number in (1, 100, 10_000)}
    yield from flat(stage, "routes", sizes, lambda gateway, name: stage.kept(gateway, name=name))


def providers(stage):
    sizes = {number: Size(providers=number) for number in (1, 10, 1000)}
    token = stage.tokens.mint("RS256")
    yield from flat(stage, "providers", sizes, lambda gateway, name: stage.kept(gateway, "rs256/1k", token, name=name))
