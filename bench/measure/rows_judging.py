"""Rows about tokens that are not known yet, beside OpenSSL's bare verification, and about those that are refused."""
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


def beyond_plain(stage, subjects, plain, algorithm):
    """(median microseconds more than `plain`, median microseconds of a bare verification) for each subject."""
    verifies = [openssl_verify_microseconds(algorithm)]
    costs = alternate([plain, *subjects], stage.rounds, stage.requests)
    verifies.append(openssl_verify_microseconds(algorithm))
    return [difference(costs[subject.name], costs[plain.name]) for subject in subjects], statistics.mean(verifies)


def share_row(workload, share, verify):
    return Row(workload, f"{share:.1f} us more, {share / verify:.2f} verifications", f"{verify:.1f} us", "<= 1.10 verifications",
               share <= 1.10 * verify)


def cold(stage):
    """A process of its own for each algorithm: it has seen none of the tokens. Plain requests are made in the same process."""
    for algorithm in OPENSSL_NAMES:
        tokens = stage.tokens.many(algorithm, (stage.rounds + 1) * stage.requests)
        for name in stage.programs:
            with stage.fresh_postern(name) as gateway:
                plain = stage.each_token(gateway, "plain/1k", tokens, "plain")
                first_seen = stage.each_token(gateway, f"{algorithm.lower()}/1k", tokens)
                (share,), verify = beyond_plain(stage, [first_seen], plain, algorithm)
                yield share_row(f"{algorithm}, never seen before: {name}", share, verify)


def refused(stage):
    strange = stage.tokens.mint("RS256", issuer=ISSUER_OF_NOBODY)
    for gateway in stage.posterns:
        proxied = stage.kept(gateway, name="proxied")
        subjects = [stage.kept(gateway, "rs256/1k", token, name=name, status="4xx")
                    for name, token in (("no token", None), ("issuer unknown", strange))]
        costs = alternate([proxied, *subjects], stage.rounds, stage.requests)
        for subject in subjects:
            mine, base = costs[subject.name], costs[proxied.name]
            yield ratio_row(f"401, {subject.name}", gateway.name, statistics.median(mine), ratio(mine, base),
                            statistics.median(base), 0.5, "proxied")
        for algorithm in OPENSSL_NAMES:
            plain = stage.kept(gateway, "rs256/1k", name="no token", status="4xx")
            forged = stage.kept(gateway, f"{algorithm.lower()}/1k", stage.tokens.forge(algorithm), name="forged", status="4xx")
            (share,), verify = beyond_plain(stage, [forged], plain, algorithm)
            yield share_row(f"401, {algorithm} forged: {gateway.name}", share, verify)
