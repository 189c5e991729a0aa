"""Measures CPU time of gateway processes per request and prints Markdown tables. Started by bench/compare.

One core belongs to the gateways, another one to the upstream (nginx, a file of 1 KB) and to the load (wrk). All gateways
run at the same time and are loaded in turn, in an order that is drawn anew in each round, so that a machine that becomes
slower becomes so for all of them. What is counted is the CPU time of all threads of the one process that was loaded
(/proc/PID/task/*/schedstat, nanoseconds), divided by the requests that wrk saw answered.
"""
import argparse
import platform
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from load import run_wrk
from servers import GATEWAY_CORE, Servers, cpu_nanoseconds
from tokens import Tokens


def arguments():
    parser = argparse.ArgumentParser(description="CPU time per request of postern, nginx and HAProxy")
    parser.add_argument("--postern", required=True, help="the program")
    parser.add_argument("--connections", type=int, nargs="+", default=[8, 32, 256])
    parser.add_argument("--rounds", type=int, default=12, help="slices of each workload for each number of connections")
    parser.add_argument("--seconds", type=int, default=1, help="length of a slice")
    parser.add_argument("--cold-tokens", type=int, default=20_000, help="tokens that were never seen before, in a slice")
    parser.add_argument("--cold-rounds", type=int, default=5)
    parser.add_argument("--skip-cold", action="store_true")
    return parser.parse_args()


def microseconds_per_request(pid, *wrk_arguments, **wrk_options):
    before = cpu_nanoseconds(pid)
    requests = run_wrk(*wrk_arguments, **wrk_options)
    return (cpu_nanoseconds(pid) - before) / requests / 1000


def compare_warm(servers, options):
    """The costs of each workload: {connections: {name: [microseconds of each round]}}."""
    costs = {}
    for connections in options.connections:
        costs[connections] = {workload.name: [] for workload in servers.warm}
        for workload in servers.warm:
            run_wrk(workload.url, connections, 1, header=workload.header)
        for _ in range(options.rounds):
            for workload in random.sample(servers.warm, len(servers.warm)):
                cost = microseconds_per_request(
                    workload.pid, workload.url, connections, options.seconds, header=workload.header)
                costs[connections][workload.name].append(cost)
    return costs


def ratio_to(reference, costs):
    """Median of the rounds' ratios: both values of a ratio are seconds apart."""
    return statistics.median(cost / base for cost, base in zip(costs, reference))


def print_warm(costs):
    names = list(next(iter(costs.values())))
    reference = names[0]
    print("## CPU time of the gateway process per request\n")
    print("Microseconds (median of the rounds), and the ratio to nginx's plain proxying.\n")
    print("| | " + " | ".join(f"{connections} connections" for connections in costs) + " |")
    print("|---|" + "---|" * len(costs))
    for name in names:
        cells = []
        for rounds in costs.values():
            ratio = ratio_to(rounds[reference], rounds[name])
            cells.append(f"{statistics.median(rounds[name]):.1f} us, {ratio:.2f}x")
        print(f"| {name} | " + " | ".join(cells) + " |")


def openssl_verify_microseconds(algorithm):
    """What `openssl speed` says that one verification takes, on the gateways' core."""
    command = ["taskset", "-c", str(GATEWAY_CORE), "openssl", "speed", "-mr", "-seconds", "2", algorithm]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # +F2:<n>:<bits>:<signs a second>:<verifies a second> for RSA, +F4 for ECDSA.
    row = next(line for line in output.splitlines() if line.startswith(("+F2", "+F4")))
    return 1e6 / float(row.split(":")[4])


def measure_cold(servers, options, algorithm):
    """(cold, plain): microseconds for each request with a token that was never seen before, and without any token."""
    cold, plain = [], []
    enough_seconds = 2 + options.cold_tokens // 5000  # wrk sleeps to the end even when the tokens are used up
    for _ in range(options.cold_rounds):
        # A fresh process knows none of the tokens.
        with servers.fresh_postern() as gateway:
            run_wrk(gateway.plain_url, 32, 1)
            plain.append(microseconds_per_request(gateway.pid, gateway.plain_url, 32, options.seconds))
            cold.append(microseconds_per_request(
                gateway.pid, gateway.guarded_url, 32, enough_seconds, tokens_file=servers.tokens.files[algorithm]))
    return statistics.median(cold), statistics.median(plain)


def print_cold(servers, options):
    print("\n## Tokens that were never seen before\n")
    print("32 connections; every request brings another token.\n")
    print("| | cold request | plain request | the token's share | `openssl speed` verify | share to openssl |")
    print("|---|---|---|---|---|---|")
    for algorithm, name in (("RS256", "rsa2048"), ("ES256", "ecdsap256")):
        before = openssl_verify_microseconds(name)
        cold, plain = measure_cold(servers, options, algorithm)
        verify = (before + openssl_verify_microseconds(name)) / 2
        share = cold - plain
        print(f"| {algorithm} | {cold:.1f} us | {plain:.1f} us | {share:.1f} us | {verify:.1f} us | {share / verify:.2f}x |")


def print_machine():
    model = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    versions = [subprocess.run(command, capture_output=True, text=True).stdout.splitlines() or [""]
                for command in (["haproxy", "-v"], ["openssl", "version"])]
    nginx = subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True).stderr.strip()
    print(f"{model}; Linux {platform.release()}; {nginx}; {versions[0][0]}; {versions[1][0]}\n")


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="postern-bench-") as directory:
        tokens = Tokens(Path(directory), 0 if options.skip_cold else options.cold_tokens)
        with Servers(Path(directory), options.postern, tokens) as servers:
            print_machine()
            print_warm(compare_warm(servers, options))
            if not options.skip_cold:
                print_cold(servers, options)


if __name__ == "__main__":
    main()
