"""Rows about tokens that are not known yet, beside OpenSSL's bare verification, and about those that are refused."""
import contextlib
import statistics
import subprocess

from processes import GATEWAY_CORE, on_core
from slices import alternate, difference, ratio
from table import Row, ratio_row

OPENSSL_NAMES = {"RS256": "rsa2048", "ES256": "ecdsap256"}
ISSUER_OF_NOBODY = "https://id.example.com/realms/nobody"


def openssl_verify_microseconds(algorithm):
    """What `openssl speed` says that one verification takes, on the gateways' core."""
    command = ["openssl", "speed", "-mr", "-seconds", "1", OPENSSL_NAMES[algorithm]]
    with on_core(GATEWAY_CORE):
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # +F2:<n>:<bits>:<signs a second>:<verifies a second> for RSA, +F4 for ECDSA.
    row = next(line for line in output.splitlines() if line.startswith(("+F2", "+F4")))
    return 1e6 / float(row.split(":")[4])


def share_rows(stage, pairs, algorithm, workload):
    """A row for each (basis, judged): what judging costs beyond the basis, in verifications. Both go to one gateway."""
    verifies = [openssl_verify_microseconds(algorithm)]
    costs = alternate([subject for pair in pairs for subject in pair], stage.rounds, stage.requests)
    verifies.append(openssl_verify_microseconds(algorithm))
    verify = statistics.mean(verifies)
    for basis, judged in pairs:
        share = difference(costs[judged.name], costs[basis.name])
        yield Row(f"{workload}: {judged.name}", f"{share:.1f} us more, {share / verify:.2f} verifications", f"{verify:.1f} us",
                  "<= 1.10 verifications", share <= 1.10 * verify)


def cold(stage):
    """Processes of their own for each algorithm, which have seen none of the tokens; plain requests bring them as well."""
    for algorithm in OPENSSL_NAMES:
        tokens = stage.tokens.many(algorithm, (stage.rounds + 1) * stage.requests)
        with contextlib.ExitStack() as stack:
            gateways = [stack.enter_context(stage.fresh_postern(name)) for name in stage.programs]
            pairs = [(stage.each_token(one, "plain/1k", tokens, f"plain: {one.name}"),
                      stage.each_token(one, f"{algorithm.lower()}/1k", tokens)) for one in gateways]
            yield from share_rows(stage, pairs, algorithm, f"{algorithm}, never seen before")


def refused(stage):
    """No token and one of a stranger, beside what is proxied; forged ones, beside no token."""
    strange = stage.tokens.mint("RS256", issuer=ISSUER_OF_NOBODY)
    for gateway in stage.posterns:
        proxied = stage.kept(gateway, name="proxied")
        subjects = [stage.kept(gateway, "rs256/1k", token, name=name, status="4xx")
                    for name, token in (("no token", None), ("issuer unknown, one token", strange))]
        costs = alternate([proxied, *subjects], stage.rounds, stage.requests)
        for subject in subjects:
            mine, base = costs[subject.name], costs[proxied.name]
            yield ratio_row(f"401, {subject.name}", gateway.name, statistics.median(mine), ratio(mine, base),
                            statistics.median(base), 0.5, "proxied")
    for algorithm in OPENSSL_NAMES:
        forged = stage.tokens.forge(algorithm, (stage.rounds + 1) * stage.requests)
        path = f"{algorithm.lower()}/1k"
        pairs = [(stage.kept(one, path, name=f"no token: {one.name}", status="4xx"),
                  stage.kept(one, path, forged[0], status="4xx")) for one in stage.posterns]
        yield from share_rows(stage, pairs, algorithm, f"401, {algorithm} forged, one token")
        pairs = [(stage.without_token(one, path, f"no token: {one.name}"),
                  stage.each_token(one, path, forged, refused=True)) for one in stage.posterns]
        yield from share_rows(stage, pairs, algorithm, f"401, {algorithm} forged, another each time")
