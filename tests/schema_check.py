#!/usr/bin/env python3
"""Holds the JSON Schema of the configuration against a second validator (python3-jsonschema).

    tests/schema_check.py [--postern PROGRAM [--every N]]

The schema must be a valid 2020-12 schema; it must accept the examples and the good cases, refuse the bad ones, and accept those
that only the loader can refuse. (That the loader agrees is a unit test over the same files.) With --postern, thousands of
mutations of these files go through both: what the schema refuses, the loader must refuse too, and faults of structure
(an unknown key, a value left out) both must refuse. --every N takes each Nth mutation only; all take minutes.
"""
import argparse
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = ROOT / "tests/unit/conf/cases"
VARIABLES = {"JWT_SECRET": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
             "INTERNAL_JWT_SECRET": "01234567890123456789012345678901", "REDIS_PASSWORD": "a password",
             "BILLING_SECRET": "01234567890123456789012345678901", "PORT": "8080", "NUMBER": "3"}


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: `yes`, `off`, `12:30` and dates are texts."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+0123456789."),
        ("merge", r"<<", "<")]:
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile("^(?:" + pattern + ")$"), list(first))


def read(path):
    return yaml.load(path.read_text(encoding="utf-8"), CoreLoader)


def files(folder):
    found = sorted(folder.glob("*.yaml"))
    assert found, f"no cases in {folder}"
    return found


def check_cases(validator):
    faults = []
    accepted = files(ROOT / "conf/examples") + files(CASES / "good") + files(CASES / "beyond_schema")
    for path in accepted:
        error = jsonschema.exceptions.best_match(validator.iter_errors(read(path)))
        if error:
            faults.append(f"{path.relative_to(ROOT)}: refused at {error.json_path}: {error.message[:200]}")
    for path in files(CASES / "bad"):
        if validator.is_valid(read(path)):
            faults.append(f"{path.relative_to(ROOT)}: accepted")
    return len(accepted) + len(files(CASES / "bad")), faults


def places(value, path=()):
    """The path of every value in a document, the root excepted."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield path + (key,)
        yield from places(child, path + (key,))


def mutations(document):
    """(description, mutated document, whether it is a fault of structure that both must refuse)."""
    for path in places(document):
        def mutated(change):
            copied = copy.deepcopy(document)
            parent = copied
            for key in path[:-1]:
                parent = parent[key]
            change(parent, path[-1])
            return copied

        def put(value):
            return mutated(lambda parent, key: parent.__setitem__(key, value))

        value = document
        for key in path:
            value = value[key]
        free = any(key in path for key in ("equals", "contains", "one_of"))
        yield f"{path} left out", mutated(lambda parent, key: parent.pop(key)), False
        yield f"{path} null", put(None), not free
        for other in ("x y", "", 7, 1.5, True, [], {}, ["x"], {"zz": 1}, [{"zz": 1}], "/", "any", "5s", "off"):
            yield f"{path} = {other!r}", put(other), False
        if isinstance(value, dict) and path[-1] not in ("claim_headers", "headers", "set", "add", "providers", "upstreams"):
            yield f"{path} + unknown key", mutated(lambda parent, key: parent[key].update(zzz=1)), not free


def loads(program, text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([program, "config", "print", "-c", file.name], capture_output=True, env={**os.environ, **VARIABLES})
    assert done.returncode in (0, 78), f"{program} ended with {done.returncode}: {done.stderr.decode()}"
    return done.returncode == 0


def check_mutations(validator, program, every):
    count, faults = 0, []
    documents = [(path, mutation) for path in files(ROOT / "conf/examples") + files(CASES / "good")
                 for mutation in mutations(read(path))]
    for path, (what, document, is_structure) in documents[::every]:
        by_schema = validator.is_valid(document)
        by_loader = loads(program, json.dumps(document))
        count += 1
        if by_loader and not by_schema:
            faults.append(f"{path.name}: {what}: the loader accepts what the schema refuses")
        elif by_schema and is_structure:
            faults.append(f"{path.name}: {what}: the schema accepts a fault of structure")
        elif by_loader and is_structure:
            faults.append(f"{path.name}: {what}: the loader accepts a fault of structure")
    return count, faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--postern", help="the program, to compare its loader with the schema on mutations")
    arguments.add_argument("--every", type=int, default=1, help="take each Nth mutation only")
    options = arguments.parse_args()
    schema = json.loads((ROOT / "conf/postern.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count, faults = check_cases(validator)
    if options.postern:
        more, more_faults = check_mutations(validator, options.postern, options.every)
        count, faults = count + more, faults + more_faults
    for fault in faults:
        print(fault)
    print(f"schema_check: {count} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
