"""The rows of the table of aims."""
from dataclasses import dataclass


@dataclass
class Row:
    workload: str
    measured: str
    reference: str
    aim: str = ""            # empty: shown for comparison, nothing is aimed at
    holds: bool | None = None


def ratio_row(workload, name, cost, value, reference, limit, reference_name=None):
    """A row of a cost in microseconds, and of the ratio that is aimed at."""
    wanted = f"<= {limit:.2f}x {reference_name or 'nginx'}" if limit else ""
    return Row(f"{workload}: {name}", f"{cost:.1f} us, {value:.2f}x", f"{reference:.1f} us", wanted,
               value <= limit if limit else None)


def print_head():
    print("| workload | measured | reference | aim | holds |\n|---|---|---|---|---|")


def print_row(row):
    verdict = {True: "yes", False: "**no**", None: ""}[row.holds]
    print(f"| {row.workload} | {row.measured} | {row.reference} | {row.aim} | {verdict} |", flush=True)
