"""Builds repositories of The Update Framework, and the trust store that knows a root."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, cast

from dten_audit.examples import tuf_writer as tuf
from dten_audit.examples.key_signing import pem_public
from dten_audit.examples.signed_tree import TRUST
from dten_audit.examples.tuf_writer import Json, Signer

_FILES: Final = {
    "install/upgrade.sh": "#!/bin/sh\nset -eu\ntar -xzf payload.tar.gz -C /opt/dten\n",
    "db/0042_orders.sql": "ALTER TABLE orders ADD COLUMN source text;\n",
}
_AGENT: Final = {"agent/agent.conf": "retries = 5\n"}
_LATER: Final = "2027-06-01T00:00:00Z"


def signed_tuf(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: metadata in ``metadata``, ``targets`` beside.

    ``files`` {path: text} are the targets; ``agent``: a role of that name lists one more. ``root``:
    the names of its keys, ``threshold`` of them must sign, ``signs`` those that do; ``kind`` of
    keys; ``twin`` gives the first key a second id, which signs in place of the second key.
    ``rotate``: the names of the keys of a second root, ``rotated_by`` who of the old ones signs it,
    ``gap`` how many versions later it is. ``reach``: which paths are left to that role instead of
    its own. ``stray``: a role that nobody knows.
    ``expires`` {role: moment}. ``older``: roles of which the version before lies there.
    ``tamper``: roles whose file is changed after signing. ``resign``: roles whose file is changed,
    and signed again by their own keys. ``consistent``: names with versions and digests.
    ``after``, ``drop`` and ``below`` as for signed trees, by path. ``store``: root, keys, other,
    none, before (a root of other keys for the rest); ``record``: fields of the vendor's record.
    """
    made = _Made(params)
    files = {f"metadata/{name}": data for name, data in made.metadata().items()}
    for path, data in made.files.items():
        files[f"targets/{made.place(path, data)}"] = data
    after = cast("Mapping[str, str]", params.get("after", {}))
    files.update({path: text.encode() for path, text in after.items()})
    for path in cast("Sequence[str]", params.get("drop", ())):
        del files[path]
    folder = f"{params['below']}/" if "below" in params else "tuf/"
    return {folder + path: data for path, data in files.items()} | made.store()


class _Made:
    """A repository as the parameters want it."""

    def __init__(self, params: Mapping[str, object]) -> None:
        self._params = params
        self._kind = str(params.get("kind", "ed25519"))
        names = cast("Sequence[str]", params.get("root", ("alice", "bob")))
        self._root = [Signer(name, self._kind) for name in names]
        if params.get("twin"):
            self._root[1] = Signer(self._root[0].name, self._kind, "the same key once more")
        self._online = {name: [Signer(name, self._kind)] for name in tuf.TOP[1:]}
        self._agent = [Signer("agent", self._kind)]
        texts = cast("Mapping[str, str]", params.get("files", _FILES))
        self.own = {path: text.encode() for path, text in texts.items()}
        self.agent = {path: text.encode() for path, text in _AGENT.items()}
        self.files = {**self.own, **self.agent} if params.get("agent") else self.own

    def _list(self, field: str) -> Sequence[str]:
        return cast("Sequence[str]", self._params.get(field, ()))

    def _expires(self, role: str) -> str:
        return cast("Mapping[str, str]", self._params.get("expires", {})).get(role, _LATER)

    @property
    def _consistent(self) -> bool:
        return bool(self._params.get("consistent"))

    def place(self, path: str, data: bytes) -> str:
        """Return where a target lies."""
        folder, slash, name = path.rpartition("/")
        digest = f"{sha256(data).hexdigest()}." if self._consistent else ""
        return f"{folder}{slash}{digest}{name}"

    def roots(self) -> list[bytes]:
        """Return the versions of the root."""
        signs = self._list("signs") or [own.name for own in self._root]
        threshold = int(str(self._params.get("threshold", 2)))
        by = [own for own in self._root if own.name in signs]
        first = self._root_of(1, self._root, threshold)
        found = [tuf.metadata(first, by)]
        if "rotate" in self._params:
            new = [Signer(name, self._kind) for name in self._list("rotate")]
            old = [own for own in self._root if own.name in self._list("rotated_by")]
            version = 1 + int(str(self._params.get("gap", 1)))
            again = self._root_of(version, new, min(threshold, len(new)))
            found.append(tuf.metadata(again, list(dict.fromkeys((*old, *new)))))
        return found

    def _root_of(self, version: int, by: list[Signer], threshold: int) -> Json:
        roles = {"root": (by, threshold)} | {role: (own, 1) for role, own in self._online.items()}
        return tuf.root(version, self._expires("root"), roles, consistent=self._consistent)

    def metadata(self) -> dict[str, bytes]:
        """Return the metadata files by name."""
        listed = tuf.targets(3, self._expires("targets"), self.own)
        delegated: dict[str, bytes] = {}
        if self._params.get("agent"):
            keys, stated = tuf.delegation(
                "agent", self._agent, [str(self._params.get("reach", "agent/*"))]
            )
            listed["delegations"] = {"keys": keys, "roles": [stated]}
            own = tuf.targets(3, self._expires("agent"), self.agent)
            delegated["agent"] = tuf.metadata(own, self._agent)
        found = {"targets": tuf.metadata(listed, self._online["targets"]), **delegated}
        known = {name: (data, 3) for name, data in found.items()}
        said = tuf.snapshot(7, self._expires("snapshot"), known)
        found["snapshot"] = tuf.metadata(said, self._online["snapshot"])
        stamp = tuf.timestamp(9, self._expires("timestamp"), found["snapshot"], 7)
        found["timestamp"] = tuf.metadata(stamp, self._online["timestamp"])
        changed = {role: self._changed(role, data) for role, data in found.items()}
        numbers = (1, 1 + int(str(self._params.get("gap", 1))))
        made = zip(numbers, self.roots(), strict=False)
        roots = {f"{number}.root.json": data for number, data in made}
        if "stray" in self._params:
            stray = tuf.targets(1, _LATER, {})
            changed[str(self._params["stray"])] = tuf.metadata(stray, self._agent)
        return roots | {self._name(role): data for role, data in changed.items()}

    def _name(self, role: str) -> str:
        version = {"timestamp": "", "snapshot": "7."}.get(role, "3.") if self._consistent else ""
        return f"{version}{role}.json"

    def _changed(self, role: str, data: bytes) -> bytes:
        """Return a file as it was before, as somebody changed it, or as its own signer did."""
        if role in self._list("tamper"):
            return data.replace(b'"length": ', b'"length": 1', 1)
        again = {**json.loads(data)["signed"]}
        if role in self._list("older"):
            again["version"] -= 1
        elif role in self._list("resign"):
            again["x-note"] = "changed"
        else:
            return data
        return tuf.metadata(again, {**self._online, "agent": self._agent}[role])

    def store(self) -> dict[str, bytes]:
        """Return the trust store."""
        what = str(self._params.get("store", "root"))
        found: dict[str, bytes] = {}
        if what == "root":
            found["acme.root.json"] = self.roots()[0]
        elif what == "before":
            other = {**self._root_of(1, self._root, 2), "expires": "2028-06-01T00:00:00Z"}
            found["acme.root.json"] = tuf.metadata(other, self._root)
        elif what == "keys":
            for own in self._root:
                found[f"{own.name}.pem"] = pem_public(f"tuf {own.name}", self._kind)
        elif what == "other":
            strangers = [Signer("mallory"), Signer("trudy")]
            roles = dict.fromkeys(tuf.TOP, (strangers, 2))
            found["other.root.json"] = tuf.metadata(tuf.root(1, _LATER, roles), strangers)
        if "record" in self._params:
            found = {f"keys/{name}": data for name, data in found.items()}
            found["vendors/acme.yaml"] = self._record(sorted(found)).encode()
        return {TRUST + path: data for path, data in found.items()}

    def _record(self, files: Sequence[str]) -> str:
        record = cast("Mapping[str, object]", self._params["record"])
        lines = ["schema: 1", "version: 1", "vendor: acme"]
        lines += [f"{field}: {value}" for field, value in record.items() if field != "state"]
        lines.append("keys:")
        state = record.get("state", "active")
        return "\n".join([*lines, *(f"- {{file: {own}, state: {state}}}" for own in files), ""])
