"""Rows about CPU time per request beside nginx's plain proxying."""
import statistics
from functools import partial

import load
from slices import Subject, alternate, ratio
from table import ratio_row


def compared(stage, workload, limit, subjects, reference, others=(), requests=None):
    """A row for each subject, and for each of the others, which no aim is about."""
    costs = alternate([reference, *subjects, *others], stage.rounds, requests or stage.requests)
    base = costs[reference.name]
    for subject in [*subjects, *others]:
        of_subject = costs[subject.name]
        yield ratio_row(workload, subject.name, statistics.median(of_subject), ratio(of_subject, base), statistics.median(base),
                        limit if subject in subjects else None)


def plain(stage):
    for connections, limit in ((32, 0.85), (8, 0.93), (256, 0.85)):
        subjects = [stage.kept(one, connections=connections) for one in stage.posterns]
        yield from compared(stage, f"plain, {connections} connections", limit, subjects,
                            stage.kept(stage.nginx, connections=connections), requests=max(stage.requests, 64 * connections))


def token(stage):
    for algorithm in ("RS256", "ES256", "HS256"):
        path, repeated = f"{algorithm.lower()}/1k", stage.tokens.mint(algorithm)
        others = [stage.haproxy, stage.apache] if algorithm == "RS256" else []
        yield from compared(
            stage, f"{algorithm}, one token, one claim header", 0.90, [stage.kept(one, path, repeated) for one in stage.posterns],
            stage.kept(stage.nginx), [stage.kept(one, path, repeated) for one in others])


def many(stage):
    """The reference is loaded by wrk as well, without a token."""
    reference = Subject(stage.nginx.name, stage.nginx.pid, partial(load.wrk, stage.nginx.url(), stage.connections))
    for algorithm in ("RS256", "ES256"):
        for count in (10_000, 100_000):
            tokens = stage.tokens.many(algorithm, count)
            subjects = [stage.each_token(one, f"{algorithm.lower()}/1k", tokens) for one in stage.posterns]
            for subject in subjects:  # each has been seen once before it is measured
                seen = 0
                while seen < count:
                    seen += subject.load(min(5000, count - seen))
            yield from compared(stage, f"{algorithm}, {count:,} tokens in turn", 0.95, subjects, reference)


def bodies(stage):
    requests = max(500, stage.requests // 3)
    yield from compared(stage, "response of 100 KB", 0.85, [stage.kept(one, "plain/100k") for one in stage.posterns],
                        stage.kept(stage.nginx, "plain/100k"), requests=requests)
    body = stage.directory / "upstream" / "files" / "plain" / "100k"
    upload = partial(stage.kept, path="plain/upload", body=body)
    yield from compared(stage, "upload of 100 KB", 0.85, [upload(one) for one in stage.posterns], upload(stage.nginx),
                        requests=requests)


def connect(stage):
    def closing(gateway):
        return Subject(gateway.name, gateway.pid,
                       partial(load.wrk, gateway.url(), stage.connections, header="Connection: close"))
    yield from compared(stage, "a connection for each request", 0.85, [closing(one) for one in stage.posterns],
                        closing(stage.nginx))


def tls(stage):
    """Slices of four times the requests, so that the handshakes at their begin weigh little."""
    def encrypted(gateway):
        return Subject(gateway.name, gateway.pid, partial(load.h2load, gateway.tls_url(), stage.connections))
    yield from compared(stage, "TLS, kept connections", 1.0, [encrypted(one) for one in stage.posterns],
                        encrypted(stage.nginx), requests=4 * stage.requests)
