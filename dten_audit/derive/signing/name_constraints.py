"""Name constraints (RFC 5280, section 4.2.1.10): which names an authority may give to others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from dten_audit.readers.signing.certificates import X509, NameKey, name_key

if TYPE_CHECKING:
    from cryptography import x509

_EMAIL: Final = "1.2.840.113549.1.9.1"
_URI: Final = "UniformResourceIdentifier"

_MOST: Final = 500_000
"""More comparisons than this are not made for one signer; a few are usual."""

Name = tuple[str, object]
"""The kind of a name (``DNSName``), and its value for comparison."""


class Broken(NamedTuple):
    """A name that breaks the limits of an authority, and one that cannot be judged, in words."""

    outside: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


class Limits(NamedTuple):
    """What one authority may name: within a permitted tree of its kind, and in no excluded one."""

    permitted: tuple[Name, ...]
    excluded: tuple[Name, ...]

    def held_against(self, names: Iterable[Name]) -> Broken:
        """Return the names that break the limits, and those that cannot be judged, in words."""
        stated = {kind for kind, _ in (*self.permitted, *self.excluded)}
        outside, unjudged = [], []
        for name in names:
            if name[0] not in stated:
                continue
            if name[0] not in _WITHIN:
                unjudged.append(_words(name))
            elif not self._allows(name):
                outside.append(_words(name))
        return Broken(tuple(outside[:1]), tuple(unjudged[:1]))

    def _allows(self, name: Name) -> bool:
        kind, value = name
        if kind == _URI and not _uri_host(value):
            return False
        within = _WITHIN[kind]
        if any(within(value, tree) for own, tree in self.excluded if own == kind):
            return False
        trees = [tree for own, tree in self.permitted if own == kind]
        return not trees or any(within(value, tree) for tree in trees)


class Comparing:
    """Compares names with limits, for each pair of certificates once, and only so many in all."""

    def __init__(self, most: int = _MOST) -> None:
        self._left = most
        self._limits: dict[X509, Limits | None] = {}
        self._names: dict[X509, tuple[Name, ...]] = {}
        self._known: dict[tuple[X509, X509], Broken] = {}

    def between(self, authority: X509, bound: X509) -> Broken:
        """Return what breaks the limits of an authority among the names of a certificate."""
        if authority not in self._limits:
            self._limits[authority] = limits_of(authority)
        limits = self._limits[authority]
        if limits is None:
            return Broken()
        pair = (authority, bound)
        if pair not in self._known:
            self._known[pair] = self._compared(limits, bound)
        return self._known[pair]

    def _compared(self, limits: Limits, bound: X509) -> Broken:
        if bound not in self._names:
            self._names[bound] = tuple(_names_of(bound))
        names = self._names[bound]
        self._left -= len(names) * (len(limits.permitted) + len(limits.excluded))
        if self._left < 0:
            return Broken(("more names than are compared",))
        return limits.held_against(names)


def limits_of(certificate: X509) -> Limits | None:
    """Return the limits that an authority's certificate states, None where it states none."""
    from cryptography import x509

    stated = certificate.extension(x509.NameConstraints)
    if stated is None:
        return None
    return Limits(_read(stated.permitted_subtrees or ()), _read(stated.excluded_subtrees or ()))


def _read(names: Iterable[x509.GeneralName]) -> tuple[Name, ...]:
    from cryptography import x509

    return tuple(
        (type(own).__name__, name_key(own.value) if isinstance(own, x509.DirectoryName)
         else own.value)
        for own in names
    )  # fmt: skip


def _names_of(certificate: X509) -> Iterable[Name]:
    from cryptography import x509

    if certificate.subject_key:
        yield "DirectoryName", certificate.subject_key
    stated = certificate.extension(x509.SubjectAlternativeName)
    if stated is not None:
        yield from _read(stated)
        return
    for step in certificate.subject_key:
        for kind, value in step:
            if kind == _EMAIL:
                yield "RFC822Name", value


def _words(name: Name) -> str:
    kind, value = name
    if kind == "DirectoryName":
        return "its subject or another directory name"
    return f"{kind} {value}"


def _directory(name: object, tree: object) -> bool:
    return _steps(name)[: len(_steps(tree))] == _steps(tree)


def _steps(name: object) -> NameKey:
    return name if isinstance(name, tuple) else ()


def _host(name: object, tree: object) -> bool:
    """Any number of labels may be added on the left; a leading dot asks for at least one."""
    host, suffix = str(name).casefold().rstrip("."), str(tree).casefold().rstrip(".")
    if not suffix or suffix.startswith("."):
        return host.endswith(suffix)
    return host == suffix or host.endswith("." + suffix)


def _exact_host(name: str, tree: str) -> bool:
    return name.endswith(tree) if tree.startswith(".") else name == tree


def _mail(name: object, tree: object) -> bool:
    """A tree is a mailbox, all mailboxes of a host, or of all hosts below a domain."""
    mailbox, suffix = str(name), str(tree)
    local, _, host = mailbox.rpartition("@")
    if "@" in suffix:
        own, _, at = suffix.rpartition("@")
        return local.casefold() == own.casefold() and host.casefold() == at.casefold()
    return _exact_host(host.casefold(), suffix.casefold())


def _uri(name: object, tree: object) -> bool:
    return _exact_host(_uri_host(name), str(tree).casefold())


def _uri_host(name: object) -> str:
    """Return the host of a URI; without one, no constraint can be met (section 4.2.1.10)."""
    try:
        return (urlsplit(str(name)).hostname or "").casefold()
    except ValueError:
        return ""


def _address(name: object, tree: object) -> bool:
    return isinstance(tree, IPv4Network | IPv6Network) and name in tree


_WITHIN: Final[dict[str, Callable[[object, object], bool]]] = {
    "DirectoryName": _directory,
    "DNSName": _host,
    "RFC822Name": _mail,
    _URI: _uri,
    "IPAddress": _address,
}
