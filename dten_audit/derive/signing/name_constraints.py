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

Name = tuple[str, object]
"""The kind of a name (``DNSName``), and its value for comparison."""


class Limits(NamedTuple):
    """What one authority may name: within a permitted tree of its kind, and in no excluded one."""

    permitted: tuple[Name, ...]
    excluded: tuple[Name, ...]

    def held_against(self, certificate: X509) -> tuple[list[str], list[str]]:
        """Return the names that break the limits, and those that cannot be judged, in words."""
        stated = {kind for kind, _ in (*self.permitted, *self.excluded)}
        outside, unjudged = [], []
        for name in _names_of(certificate):
            if name[0] not in stated:
                continue
            if name[0] not in _WITHIN:
                unjudged.append(_words(name))
            elif not self._allows(name):
                outside.append(_words(name))
        return outside, unjudged

    def _allows(self, name: Name) -> bool:
        kind, value = name
        if kind == _URI and not _uri_host(value):
            return False
        within = _WITHIN[kind]
        if any(within(value, tree) for own, tree in self.excluded if own == kind):
            return False
        trees = [tree for own, tree in self.permitted if own == kind]
        return not trees or any(within(value, tree) for tree in trees)


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
