"""Redis servers of a test's own on free loopback ports: one master with replicas and Sentinels, or a cluster.

Everything here blocks: from a coroutine call it with `asyncio.to_thread`, or the client under test stands still too.
"""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import redis
from redis.crc import key_slot

from newsbot.store.embedded import find_server

SERVICE = "news"
DOWN_AFTER = 500
"""Milliseconds of silence after which a Sentinel or a cluster node takes a server for dead."""

PROMOTED_EVERY = 25
"""Tests between two promotions: a former master follows only after 10 s, and until then there can be no other."""

PATIENCE = 20.0
SLOTS = 16384
BUS = 10000  # a cluster node also listens on its port + 10000


def until(happens: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first truthy value of `happens`; a server that does not answer yet counts as none."""
    end = time.monotonic() + patience
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            if value := happens():
                return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {patience} s: {what}")
        time.sleep(0.02)


def free_port() -> int:
    """A port nobody listens on, below the ephemeral ones, with its bus port free as well."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as bus:
            one.bind(("127.0.0.1", port))
            bus.bind(("127.0.0.1", port + BUS))
            return port


@dataclass
class Node:
    """One server process: a redis-server, or with `sentinel` lines in its config a Sentinel."""

    folder: Path
    options: Sequence[str] = ()
    config: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, or start again on the same files and port; returns once it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        again = self.port
        while True:
            self.port = again or free_port()
            if self._started():
                return
            assert not again, f"port {again} was taken by somebody else"

    def _started(self) -> bool:
        """Whether it is this very process that answers on the port: somebody may have been quicker to take it."""
        if self.config:
            file = self.folder / "node.conf"
            if not file.exists():
                file.write_text(self.config)  # a Sentinel writes there what it learns
            command = [find_server(), str(file), "--sentinel"]
        else:
            command = [find_server(), "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        common = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*command, *common, *self.options], stdout=log, stderr=log)
        pid = self.process.pid

        def answered() -> bool:
            return self.process is None or self.process.poll() is not None or self.fact("process_id") == str(pid)

        until(answered, f"redis-server on {self.port}")
        return self.running

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def call(self, *command: Any) -> Any:
        """One command's reply."""
        with redis.Redis(port=self.port, protocol=2, decode_responses=True, socket_timeout=5, retry=None) as client:
            return client.execute_command(*command)

    def fact(self, name: str) -> str:
        """One value of INFO."""
        return str(self.call("INFO").get(name))

    def kill(self) -> None:
        """SIGKILL."""
        if self.process:
            self.process.kill()
            self.process.wait()


@dataclass
class Watched:
    """One master with replicas, watched by three Sentinels of which two must agree."""

    folder: Path
    replicas: int = 1
    servers: list[Node] = field(default_factory=list)
    sentinels: list[Node] = field(default_factory=list)
    promotions: int = 0
    tests: int = 0

    @property
    def url(self) -> str:
        """The address newsbot takes."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{node.port}' for node in self.sentinels)}/{SERVICE}"

    def start(self) -> None:
        """Returns once every Sentinel knows the others and the replicas."""
        for number in range(self.replicas + 1):
            flags = ["--repl-diskless-sync-delay", "0"]
            if self.servers:
                flags += ["--replicaof", "127.0.0.1", str(self.servers[0].port)]
            node = Node(self.folder / f"server-{number}", flags)
            self.servers.append(node)
            node.start()
        lines = [
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.servers[0].port} 2",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}",
            f"sentinel failover-timeout {SERVICE} 3000",
        ]
        for number in range(3):
            sentinel = Node(self.folder / f"sentinel-{number}", config="\n".join(lines) + "\n")
            self.sentinels.append(sentinel)
            sentinel.start()
        until(self.whole, "the Sentinels know each other")

    def whole(self) -> bool:
        """Whether every Sentinel sees the same master, the other Sentinels and every running replica in step."""
        alive = sum(node.running for node in self.servers) - 1
        for sentinel in self.sentinels:
            master = pairs(sentinel.call("SENTINEL", "MASTER", SERVICE))
            good = [pairs(one) for one in sentinel.call("SENTINEL", "REPLICAS", SERVICE)]
            linked = sum(one["master-link-status"] == "ok" and one["flags"] == "slave" for one in good)
            if (int(master["num-other-sentinels"]), master["flags"]) != (2, "master") or linked < alive:
                return False
        return True

    def between_tests(self) -> None:
        """Another master after the third test of a session, and then once in a while."""
        self.tests += 1
        if self.tests % PROMOTED_EVERY == 4:
            self.promote()

    def master(self) -> Node:
        """The server the Sentinels send clients to."""
        found = {int(sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1]) for sentinel in self.sentinels}
        assert len(found) == 1, f"the Sentinels disagree: {found}"
        return next(node for node in self.servers if node.port in found)

    def in_step(self) -> None:
        """Until every running replica has everything the master has."""
        replicas = sum(node.running for node in self.servers) - 1
        assert self.master().call("WAIT", replicas, int(PATIENCE * 1000)) == replicas

    def promote(self) -> Node:
        """A replica takes over on request; returns the new master once all Sentinels agree and the old one follows."""
        before = self.master()
        until(lambda: self.sentinels[0].call("SENTINEL", "FAILOVER", SERVICE), "a promotion is accepted", 40)
        return self._promoted(before)

    def lose_master(self) -> Node:
        """The master is killed; returns the one the Sentinels chose instead."""
        before = self.master()
        before.kill()
        return self._promoted(before)

    def _promoted(self, before: Node) -> Node:
        def taken_over() -> Node | None:
            with contextlib.suppress(AssertionError):
                now = self.master()
                return now if now is not before and now.fact("role") == "master" else None
            return None

        found: Node = until(taken_over, "another master")
        self.promotions += 1
        return found

    def stop(self) -> None:
        """End what this started."""
        for node in (*self.sentinels, *self.servers):
            node.kill()


@dataclass
class Spread:
    """A cluster of three masters, each with `replicas` replicas."""

    folder: Path
    replicas: int = 0
    masters: int = 3
    nodes: list[Node] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address newsbot takes."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes if node.running)}"

    def start(self) -> None:
        """Returns once every node says the cluster is whole."""
        # Where nobody can be promoted nobody need be missed soon: half a second without a processor is no fault.
        patience = DOWN_AFTER if self.replicas else 20 * DOWN_AFTER
        flags = ["--cluster-enabled", "yes", "--cluster-node-timeout", str(patience)]
        flags += ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"]
        for number in range(self.masters * (self.replicas + 1)):
            node = Node(self.folder / f"node-{number}", flags)
            self.nodes.append(node)
            node.start()
            node.call("CLUSTER SET-CONFIG-EPOCH", number + 1)
        first, *others = self.nodes
        for node in others:
            first.call("CLUSTER MEET", "127.0.0.1", node.port)
        share = SLOTS // self.masters + 1
        for number, node in enumerate(self.nodes[: self.masters]):
            node.call("CLUSTER ADDSLOTS", *range(number * share, min((number + 1) * share, SLOTS)))
        until(lambda: all(len(self.table(node)) == len(self.nodes) for node in self.nodes), "the nodes know each other")
        for number, node in enumerate(self.nodes[self.masters :]):
            node.call("CLUSTER REPLICATE", self.id(self.nodes[number % self.masters]))
        self.settled()

    def settled(self) -> None:
        """Until every running node agrees that all slots are served, and every replica follows."""
        until(self.whole, "the cluster is whole")

    def table(self, node: Node) -> list[list[str]]:
        """CLUSTER NODES as this node has it: id, address, flags, master, …"""
        with socket.create_connection(("127.0.0.1", node.port), timeout=5) as wire:
            wire.sendall(b"CLUSTER NODES\r\n")
            text = wire.makefile("rb")
            length = int(text.readline()[1:])
            return [line.split(" ") for line in text.read(length).decode().splitlines()]

    def id(self, node: Node) -> str:
        """The name a node has in the cluster."""
        return next(row[0] for row in self.table(node) if "myself" in row[2])

    def whole(self) -> bool:
        """Whether every running node sees all slots served, and every replica is linked to its master."""
        for node in self.nodes:
            if not node.running:
                continue
            if "cluster_state:ok" not in str(node.call("CLUSTER INFO")).replace("'", "").replace(": ", ":"):
                return False
            if node.fact("role") == "slave" and node.fact("master_link_status") != "up":
                return False
        return True

    @staticmethod
    def slot(tag: str) -> int:
        """Where the keys with this hash tag live."""
        return int(key_slot(tag.encode()))

    def owner(self, slot: int) -> Node:
        """The running master that serves this slot."""
        for node in self.nodes:
            if node.running and node.fact("role") == "master":
                row = next(row for row in self.table(node) if "myself" in row[2])
                if any(within(slot, part) for part in row[8:]):
                    return node
        raise AssertionError(f"nobody serves slot {slot}")

    def replica_of(self, node: Node) -> Node:
        """A running replica of that master."""
        return next(
            one
            for one in self.nodes
            if one.running and one.fact("role") == "slave" and one.fact("master_port") == str(node.port)
        )

    def promote(self, slot: int) -> Node:
        """The replica of this slot's master takes over, in step and on request; returns it."""
        replica = self.replica_of(self.owner(slot))
        replica.call("CLUSTER FAILOVER")
        until(lambda: replica.fact("role") == "master" and self.whole(), "the replica has taken over")
        return replica

    def moving(self, slot: int, to: Node) -> Iterator[None]:
        """Move a slot to another master in three steps: announced, keys moved, told to everybody."""
        source = self.owner(slot)
        ids = self.id(source), self.id(to)
        to.call("CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
        source.call("CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
        yield
        while keys := source.call("CLUSTER GETKEYSINSLOT", slot, 100):
            source.call("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *keys)
        yield
        for node in (to, source):
            node.call("CLUSTER SETSLOT", slot, "NODE", ids[1])

    def stop(self) -> None:
        """End what this started."""
        for node in self.nodes:
            node.kill()


Servers = TypeVar("Servers", Watched, Spread)


@contextlib.contextmanager
def running(servers: Servers) -> Iterator[Servers]:
    """Started, and ended whatever happens."""
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


def within(slot: int, part: str) -> bool:
    """Whether one word of CLUSTER NODES, as "0-5461", holds this slot; words on slots that are moving do not count."""
    low, _, high = part.partition("-")
    return low.isdigit() and int(low) <= slot <= int(high or low)


def pairs(reply: Any) -> dict[str, str]:
    """A flat reply of names and values, or what the client has made of it, as a mapping."""
    if isinstance(reply, dict):
        return {str(name): str(value) for name, value in reply.items()}
    return dict(zip(reply[::2], reply[1::2], strict=True))
