"""What all rows share: the processes that run all the time, and how they are loaded."""
import contextlib
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import load
import references
from postern import Size, postern
from slices import Subject
from upstream import nginx_gateway


@dataclass
class Stage:
    directory: Path
    programs: dict   # name: path, of the builds of postern
    rounds: int
    requests: int    # in a slice
    upstream: str    # host:port
    tokens: object
    certificate: object
    stack: contextlib.ExitStack

    connections = 32

    @cached_property
    def nginx(self):
        return self.stack.enter_context(nginx_gateway(self.directory, self.upstream, self.certificate))

    @cached_property
    def posterns(self):
        return [self.stack.enter_context(self.fresh_postern(name)) for name in self.programs]

    @cached_property
    def haproxy(self):
        return self.stack.enter_context(references.haproxy(self.directory, self.upstream, self.tokens))

    @cached_property
    def apache(self):
        return self.stack.enter_context(references.apache(self.directory, self.upstream, self.tokens))

    def fresh_postern(self, name, size=Size()):
        """One that has seen no token and no connection yet."""
        return postern(self.programs[name], self.directory, self.upstream, self.tokens, self.certificate, size, name)

    def fresh_nginx(self):
        return nginx_gateway(self.directory, self.upstream, self.certificate)

    def kept(self, gateway, path="plain/1k", token=None, connections=None, name=None, **options):
        """Requests over kept connections, with one token or none."""
        header = f"Authorization: Bearer {token}" if token else None
        return Subject(name or gateway.name, gateway.pid,
                       partial(load.h2load, gateway.url(path), connections or self.connections, header=header, **options))

    def without_token(self, gateway, path, name):
        """Refused requests, by the same load as each_token()."""
        return Subject(name, gateway.pid, partial(load.wrk, gateway.url(path), self.connections, refused=True))

    def each_token(self, gateway, path, tokens, name=None, refused=False):
        """Each request brings the next of `tokens`, from slice to slice and round again."""
        begin = 0

        def next_slice(requests):
            nonlocal begin
            authorizations = [f"Bearer {tokens[(begin + number) % len(tokens)]}" for number in range(requests)]
            made = load.wrk(gateway.url(path), self.connections, requests, authorizations=authorizations, refused=refused)
            begin = (begin + made) % len(tokens)
            return made

        return Subject(name or gateway.name, gateway.pid, next_slice)
