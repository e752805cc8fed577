"""Which root of a TUF repository counts: from one that the user trusts, each makes the next one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from dten_audit.links.package import DocumentInfo
from dten_audit.model.facts.key_signatures import KeyTrust
from dten_audit.model.facts.tuf import TufDefectKind, TufMetadata
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import tuf
from dten_audit.readers.signing.certificates import MalformedError, grouped
from dten_audit.readers.signing.tuf import Metadata, Role
from dten_audit.readers.signing.tuf_keys import TufKey, made
from dten_audit.site.trust import TrustStore
from dten_audit.site.trust_keys import TrustedKey

_VERIFICATIONS: Final = 20_000
"""More signatures than this are not verified for one package; bins of bins have that many."""
_UNIT: Final = 13
"""A signature counts once more for each 8 KiB that it is over."""


class Part(NamedTuple):
    """A metadata file of the package."""

    fact: TufMetadata
    info: DocumentInfo
    own: Metadata


class Flaw(NamedTuple):
    """What is wrong with a file; ``by`` speaks of it, ``other`` is another file involved."""

    kind: TufDefectKind
    part: Part
    by: str = ""
    detail: str = ""
    other: Part | None = None


class Signers(NamedTuple):
    """How many keys of a role signed a file, and why others do not count."""

    good: frozenset[bytes]
    wanted: int
    forged: int = 0
    unread: tuple[str, ...] = ()
    twins: int = 0

    @property
    def enough(self) -> bool:
        """Whether that meets the role's threshold."""
        return len(self.good) >= self.wanted

    def flaw(self, part: Part, by: str) -> Flaw | None:
        """Return what is wrong with it, None where enough have signed."""
        if self.enough:
            return None
        said = f"{len(self.good)} of the {self.wanted} signatures that it needs hold"
        if self.twins:
            said += f"; {self.twins} of its keys are another one under a second id"
        if self.unread:
            said += f"; {self.unread[0]}"
        if self.forged:
            words = f"{said}; {self.forged} by keys that may sign it were not made over this file"
            return Flaw("forged", part, by, words)
        many = len(self.good) + len(self.unread) >= self.wanted
        return Flaw("unchecked" if many else "too-few", part, by, said)


class Verifier:
    """Counts the keys that signed a file; each signature is verified once."""

    def __init__(self) -> None:
        self._left = _VERIFICATIONS
        self._known: dict[tuple[TufKey, bytes, int], bool] = {}

    def signers(self, own: Metadata, role: Role, keys: dict[str, TufKey]) -> Signers:
        """Return the keys of a role that signed; one key under two ids is one."""
        good, tried = set[bytes](), set[bytes]()
        forged, twins, unread = 0, 0, []
        for keyid, value in dict(own.signatures).items():
            key = keys.get(keyid) if keyid in role.keyids else None
            if key is None or not value:
                continue
            if not key.spki:
                unread.append(key.problem)
                continue
            twins += key.spki in tried
            tried.add(key.spki)
            if self._made(key, value, own):
                good.add(key.spki)
            elif self._left < 0:
                unread.append("the limit of signatures to verify is reached")
            else:
                forged += 1
        return Signers(frozenset(good), role.threshold, forged, tuple(unread), twins)

    def _made(self, key: TufKey, value: bytes, own: Metadata) -> bool:
        wanted = (key, value, id(own.message))
        if wanted not in self._known:
            self._left -= 1 + (len(own.message) >> _UNIT)
            if self._left < 0:
                return False
            self._known[wanted] = made(key, value, own.message)
        return self._known[wanted]

    def of_root(self, own: Metadata, by: Metadata) -> Signers:
        """Return who of the root keys that ``by`` names signed ``own``."""
        return self.signers(own, by.roles["root"], dict(by.keys))


class Roots(NamedTuple):
    """What a chain of roots leads to. ``first`` is where it starts, ``last`` where it ends.

    ``at`` is the file of the last one, None where only the trust store has it.
    """

    first: Metadata
    last: Metadata
    at: Part | None
    trust: KeyTrust | Unknown
    flaws: tuple[Flaw, ...]
    by: TrustedKey | None = None


class Start(NamedTuple):
    """A root of the trust store."""

    key: TrustedKey
    own: Metadata


def starts(store: TrustStore | None) -> list[Start]:
    """Return the roots that the user keeps, newest first."""
    found = []
    for key in store.keys if store else ():
        if key.key.form == "TUF":
            try:
                found.append(Start(key, tuf.load(key.key.raw)))
            except MalformedError:
                continue
    return sorted(found, key=lambda one: -one.own.version)


def trusted_words(store: TrustStore | None) -> tuple[str, ...]:
    """Return the roots and keys of the trust store that may vouch for a repository, in words."""
    own = [one.key for one in store.keys if one.key.form in ("TUF", "PEM")] if store else []
    return tuple(
        f"{key.label}, SHA-256 {grouped(key.identity)}"
        if key.form == "TUF"
        else f"public key SHA-256 {grouped(key.identity)}"
        for key in own[:20]
    )


def find(
    parts: Iterable[Part],
    store: TrustStore | None,
    names: tuple[str, ...],
    at: datetime,
    verifier: Verifier,
) -> Roots | None:
    """Return the chain of roots of a repository; None where neither it nor the user has one."""
    roots: dict[int, list[Part]] = defaultdict(list)
    others = []
    for part in parts:
        if part.own.kind == "root":
            roots[part.own.version].append(part)
        else:
            others.append(part)
    for start in starts(store):
        if _belongs(start.own, roots, others, verifier):
            own = walked(start.own, roots, verifier, _same(start.own, roots))
            return own._replace(trust=start.key.standing(names, at), by=start.key)
    if not roots:
        return None
    unknown: KeyTrust | Unknown = "unknown" if store else Unknown("trust.keys")
    for version in sorted(roots, reverse=True):
        for part in roots[version]:
            standing = _by_keys(part.own, store, names, at, verifier)
            if standing is not None:
                return walked(part.own, roots, verifier, part)._replace(trust=standing)
    first = roots[min(roots)][0]
    return walked(first.own, roots, verifier, first)._replace(trust=unknown)


def _same(own: Metadata, roots: dict[int, list[Part]]) -> Part | None:
    found = [part for part in roots.get(own.version, ()) if part.own.message == own.message]
    return found[0] if found else None


def _belongs(
    start: Metadata, roots: dict[int, list[Part]], others: list[Part], verifier: Verifier
) -> bool:
    """Say whether a root of the user's is one of this repository's.

    It is there, a root here is signed by its keys or shares one of them, or, without any root
    here, the other files are signed by keys that it names.
    """
    if _same(start, roots):
        return True
    keys = set(start.key_digests)
    for part in (part for found in roots.values() for part in found):
        if keys.intersection(part.own.key_digests) or verifier.of_root(part.own, start).good:
            return True
    return not roots and any(
        verifier.signers(part.own, start.roles[part.own.kind], dict(start.keys)).good
        for part in others
        if part.own.kind in start.roles
    )


def _by_keys(
    own: Metadata,
    store: TrustStore | None,
    names: tuple[str, ...],
    at: datetime,
    verifier: Verifier,
) -> KeyTrust | None:
    """Return the standing of a root by bare keys of the store, None where too few signed it."""
    from hashlib import sha256

    known = {
        key.key.identity: key for key in (store.keys if store else ()) if key.key.form == "PEM"
    }
    signers = verifier.of_root(own, own)
    found = [known.get(sha256(spki).hexdigest()) for spki in signers.good]
    standing = [key.standing(names, at) for key in found if key is not None]
    if "revoked" in standing:
        return "revoked"
    if standing.count("trusted") >= signers.wanted:
        return "trusted"
    return next(iter(standing), None) if len(standing) >= signers.wanted else None


def walked(
    start: Metadata, roots: dict[int, list[Part]], verifier: Verifier, at: Part | None
) -> Roots:
    """Follow the versions from one root on, as an update does, and say where that ends."""
    flaws: list[Flaw] = []
    if at is not None:
        flaws += [own for own in [verifier.of_root(start, start).flaw(at, "root")] if own]
    last = start
    for version in sorted(number for number in roots if number >= start.version):
        flaws += _conflicts(roots[version], last)
        if version == start.version:
            continue
        if version > last.version + 1:
            missing = f"version {last.version + 1} of it is missing"
            flaws.append(Flaw("root-gap", roots[version][0], f"root {last.version}", missing, at))
            break
        found, wrong = _next(last, roots[version], verifier)
        flaws += wrong
        if found is None:
            break
        last, at = found.own, found
    return Roots(start, last, at, "unknown", tuple(flaws))


def _conflicts(parts: list[Part], last: Metadata) -> Iterator[Flaw]:
    """Yield the files of one version that say other things than the first, or the trusted one."""
    own = last if last.version == parts[0].own.version else parts[0].own
    for part in parts:
        if part.own.message != own.message:
            yield Flaw("root-conflict", part, f"root {own.version}", "", parts[0])


def _next(
    last: Metadata, parts: list[Part], verifier: Verifier
) -> tuple[Part | None, tuple[Flaw, ...]]:
    """Return the next root: enough keys of the one before, and of its own, have signed it."""
    flaws: list[Flaw] = []
    for part in parts:
        by_old, by_new = verifier.of_root(part.own, last), verifier.of_root(part.own, part.own)
        if by_old.enough and by_new.enough:
            return part, ()
        if not by_old.enough:
            words = f"{len(by_old.good)} of the {by_old.wanted} old keys that it needs signed it"
            flaws.append(Flaw("root-not-continued", part, f"root {last.version}", words))
        else:
            flaws += [own for own in [by_new.flaw(part, "root")] if own]
    return None, tuple(flaws)
