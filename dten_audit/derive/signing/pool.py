"""What paths are built from: certificates, revocation lists, and the budget for looking at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Final, Literal

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.readers.signing.certificates import X509, NameKey
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.ocsp import Ocsp
from dten_audit.readers.signing.sealed import signed_by

_VERIFICATIONS: Final = 20_000
_STEPS: Final = 50_000
_KEY_UNIT: Final = 2048

Purpose = Literal["package", "timestamp", "lists"]
"""What the signer of a path signs: files, timestamps, or revocation lists."""


class Work:
    """What is shared by all searches of a package: who signed whom, and what is left to spend.

    ``verifications`` are weighed by the length of keys, ``steps`` are those of long walks.
    """

    def __init__(self, verifications: int = _VERIFICATIONS, steps: int = _STEPS) -> None:
        self.verifications, self.steps = verifications, steps
        self._known: dict[tuple[str, str], bool] = {}

    def signed(self, certificate: X509, issuer: X509) -> bool:
        """Say whether the issuer's key signed the certificate; no, where all is spent."""
        return self._asked(certificate.sha256, issuer, partial(signed_by, certificate, issuer))

    def listed(self, own: Crl, signer: X509) -> bool:
        """Say whether this key signed the list; no, where all is spent."""
        return self._asked(own.sha256, signer, partial(own.made_by, signer.public_key))

    def answered(self, own: Ocsp, responder: X509) -> bool:
        """Say whether this responder signed the response; no, where all is spent."""
        return self._asked(own.sha256, responder, partial(own.made_by, responder))

    def _asked(self, sha256: str, signer: X509, verify: Callable[[], bool]) -> bool:
        pair = (sha256, signer.sha256)
        if pair not in self._known:
            self.verifications -= price(signer)
            if self.verifications < 0:
                return False
            self._known[pair] = verify()
        return self._known[pair]


def price(issuer: X509) -> int:
    """Return how much a verification with this key costs; long RSA keys cost most."""
    size = getattr(issuer.public_key, "key_size", 0)
    return 1 + (int(size) // _KEY_UNIT) ** 2


class Pool:
    """The certificates that may be part of a path: those sent along, and those of the store.

    ``when`` is the moment at which paths must be valid, by default that of the audit. ``crls`` and
    ``answers`` were sent along too, or lie in the store; nothing is ever fetched.
    """

    def __init__(
        self,
        sent: Iterable[X509],
        anchors: Anchors,
        when: datetime | None = None,
        lists: Iterable[Crl | Ocsp] = (),
        work: Work | None = None,
    ) -> None:
        self.anchors = anchors
        self.when = when or anchors.at
        self.proven = when is not None
        self.purpose: Purpose = "timestamp" if anchors.use == "timestamp" else "package"
        self.work = work or Work()
        self._by_subject: dict[NameKey, dict[str, X509]] = defaultdict(dict)
        self.add(sent)
        known = {own.sha256: own for own in (*anchors.lists, *lists)}
        self.crls = [own for own in known.values() if isinstance(own, Crl)]
        self.answers = [own for own in known.values() if isinstance(own, Ocsp)]

    def add(self, sent: Iterable[X509]) -> None:
        """Add certificates that were sent along."""
        for certificate in sent:
            self._by_subject[certificate.subject_key][certificate.sha256] = certificate

    def at(self, when: datetime) -> Pool:
        """Return the same for the moment at which something was proven to exist."""
        again = self._copy()
        again.when, again.proven = when, True
        return again

    def of_authority(
        self,
        sent: Iterable[X509],
        lists: Iterable[Crl | Ocsp],
        at: datetime,
        use: str = "timestamp",
    ) -> Pool:
        """Return a pool for a timestamp's own chain, at the time that it states."""
        own = [*self.crls, *self.answers, *lists]
        again = Pool((), self.anchors.to(use), at, own, self.work)
        again.purpose = "timestamp"
        for subject, found in self._by_subject.items():
            again._by_subject[subject].update(found)
        again.add(sent)
        return again

    def within(self, inside: tuple[str, ...]) -> Pool:
        """Return the same for signatures inside these archives of the package."""
        again = self._copy()
        again.anchors = self.anchors.within(inside)
        return again

    def for_lists(self) -> Pool:
        """Return the same for those who sign revocation lists."""
        again = self._copy()
        again.purpose = "lists"
        return again

    def _copy(self) -> Pool:
        again = Pool((), self.anchors, self.when, (), self.work)
        again.purpose, again.proven = self.purpose, self.proven
        again._by_subject, again.crls, again.answers = self._by_subject, self.crls, self.answers
        return again

    def named(self, subject: NameKey) -> list[X509]:
        """Return the certificates of that subject, in an order of their own."""
        found = dict(self._by_subject.get(subject, {}))
        found.update({own.sha256: own for own in self.anchors.named(subject)})
        return [found[sha256] for sha256 in sorted(found)]
