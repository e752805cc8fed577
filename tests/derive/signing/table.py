"""One row a chain: who signed, what is sent along and trusted, what must be said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509

from dten_audit.examples import pki
from dten_audit.examples.revoking import LIST
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.ocsp import Ocsp
from tests.derive.signing.world import answer, crl

AT = datetime(2026, 11, 21, tzinfo=UTC)
SIGNED = "2026-10-01"


class Row(NamedTuple):
    """A chain. ``wrong`` is ``kind@certificate``, each defect in the order of the chain.

    ``strict`` is part of what pyca/cryptography says of it: ``pass``, or why it refuses what we
    trust (``|`` between what different releases say); empty where it is not asked, because nothing
    trusted is at the end. ``proven`` is when a trusted timestamp says that it was signed. ``state``
    is that of the trusted roots.
    """

    name: str
    signer: str
    sent: str
    trusted: str
    trust: str
    wrong: str = ""
    strict: str = "pass"
    at: str = ""
    proven: str = ""
    state: str = "active"
    lists: tuple[Callable[[], Crl | Ocsp], ...] = ()
    revocation: str = ""


DATE, PURPOSE, PROFILE = "at validation time", "code signing", "X509v3"
NO_ROOT = ""

ROTATION = [
    Row("the old root", "by int", "int", "old", "trusted"),
    Row("unknown new root", "by int-new", "int-new,new", "old", "unknown-root", "", NO_ROOT),
    Row("unknown new root, left out", "by int-new", "int-new", "old", "unknown-root", "", NO_ROOT),
    Row("rotated forwards", "by int-new", "int-new,new,new-by-old", "old", "rotated"),
    Row("rotated forwards, new root left out", "by int-new", "int-new,new-by-old", "old",
        "trusted"),
    Row("rotated backwards: only the new one is trusted", "by int", "int,old,old-by-new", "new",
        "rotated"),
    Row("rotated backwards, old root left out", "by int", "int,old-by-new", "new", "trusted"),
    Row("rotated both ways", "by int-new", "int-new,new,old,old-by-new,new-by-old", "old",
        "rotated"),
    Row("rotated twice", "by int-newest", "int-newest,newest,newest-by-new,new-by-old-deep", "old",
        "rotated"),
    Row("rotated twice, a link is missing", "by int-newest", "int-newest,newest,newest-by-new",
        "old", "unknown-root", "", NO_ROOT),
    Row("rotated twice, the cross-certificate allows one step", "by int-newest",
        "int-newest,newest,newest-by-new,new-by-old", "old", "rotated", "path-length@new-by-old",
        "path length"),
    Row("both roots trusted", "by int-new", "int-new,new-by-old", "old,new", "trusted"),
    Row("cross-certificate expired", "by int-new", "int-new,new,new-by-old-expired", "old",
        "rotated", "expired@new-by-old-expired", DATE),
    Row("cross-certificate expired, a good one is there too", "by int-new",
        "int-new,new,new-by-old-expired,new-by-old", "old", "rotated"),
    Row("cross-signed by the impostor", "by int-new", "int-new,new,new-by-impostor,impostor", "old",
        "impostor-root", "", NO_ROOT),
    Row("root re-issued with the same key, old one trusted", "by int", "int,old-again", "old",
        "trusted"),
    Row("root re-issued with the same key, new one trusted", "by int", "int,old", "old-again",
        "trusted"),
    Row("retired root", "by int", "int", "old", "retired", "", NO_ROOT, state="retired"),
    Row("retiring root", "by int", "int", "old", "trusted", state="retiring"),
    Row("revoked root", "by int", "int", "old", "revoked", "", NO_ROOT, state="revoked"),
    Row("rotated by a retired root", "by int-new", "int-new,new,new-by-old", "old", "retired", "",
        NO_ROOT, state="retired"),
    Row("rotated by a revoked root", "by int-new", "int-new,new,new-by-old", "old", "revoked", "",
        NO_ROOT, state="revoked"),
]  # fmt: skip

ENDS = [
    Row("intermediate missing", "by int", "", "old", "chain-incomplete", "", NO_ROOT),
    Row("intermediate missing, root sent", "by int", "old", "old", "chain-incomplete", "", NO_ROOT),
    Row("intermediate of that name, other key", "by int", "int-lookalike", "old",
        "chain-incomplete", "issuer-not-proven@by int", NO_ROOT),
    Row("both intermediates of that name", "by int", "int,int-lookalike", "old", "trusted"),
    Row("intermediate with two issuers, one known", "by int", "int-twin", "new", "trusted"),
    Row("intermediate with two issuers, both sent", "by int", "int,int-twin", "new", "trusted"),
    Row("trusted intermediate", "by int", "int", "int", "trusted"),
    Row("impostor root", "by int-impostor", "int-impostor,impostor", "old", "impostor-root", "",
        NO_ROOT),
    Row("impostor root, left out", "by int-impostor", "int-impostor", "old", "impostor-root",
        "issuer-not-proven@int-impostor", NO_ROOT),
    Row("impostor root beside the true one", "by int-impostor", "int-impostor,impostor,old,int",
        "old", "impostor-root", "", NO_ROOT),
    Row("self-signed signer", "alone", "", "old", "self-signed", "", NO_ROOT),
    Row("self-signed signer, trusted", "alone", "", "alone", "trusted", "", NO_ROOT),
    Row("trusted signer of an unknown authority", "by int", "", "by int", "trusted", "", NO_ROOT),
    Row("root expired", "by int-root-expired", "int-root-expired", "root-expired", "trusted",
        "expired-root@root-expired", DATE),
    Row("root expired, not trusted", "by int-root-expired", "int-root-expired,root-expired", "old",
        "unknown-root", "expired-root@root-expired", NO_ROOT),
    Row("root signed with SHA-1", "by int-root-sha1", "int-root-sha1", "root-sha1", "trusted"),
    Row("root of version 1", "by int-root-v1", "int-root-v1", "root-v1", "trusted", "", PROFILE),
    Row("root of version 1, not trusted", "by int-root-v1", "int-root-v1,root-v1", "old",
        "unknown-root", "not-a-ca@root-v1", NO_ROOT),
    Row("root for web servers, trusted for packages", "by int-root-tls", "int-root-tls", "root-tls",
        "trusted", "", "code signing"),
    Row("root without identifiers", "by int-root-bare", "int-root-bare", "root-bare", "trusted", "",
        "2.5.29"),
    Row("a circle of two", "by ring-a", "a-by-b,b-by-a,ring-a,ring-b", "old", "unknown-root", "",
        NO_ROOT),
    Row("a circle of three", "by ring-a", "a-by-b,b-by-c,c-by-a", "old", "unknown-root", "",
        NO_ROOT),
    Row("a circle with a way out", "by ring-a", "a-by-b,b-by-a,ring-a,ring-b,b-by-old", "old",
        "rotated"),
    Row("everything sent twice", "by int-new", "int-new,new,new-by-old,int-new,new,new-by-old",
        "old", "rotated"),
]  # fmt: skip

PROFILES = [
    Row("P-384", "p384", "int", "old", "trusted"),
    Row("Ed25519", "ed25519", "int", "old", "trusted"),
    Row("RSA 2048", "rsa", "int", "old", "trusted"),
    Row("expired", "expired", "int", "old", "trusted", "expired@expired", DATE),
    Row("expired, stamped in time", "expired", "int", "old", "trusted", proven="2024-06-01"),
    Row("expired, stamped too late", "expired", "int", "old", "trusted", "expired@expired", DATE,
        proven="2025-06-01"),
    Row("expired, judged earlier", "expired", "int", "old", "trusted", at="2024-06-01"),
    Row("not yet valid", "early", "int", "old", "trusted", "not-yet-valid@early", DATE),
    Row("expires soon", "soon", "int", "old", "trusted", "expires-soon@soon"),
    Row("intermediate expired", "by int-expired", "int-expired", "old", "trusted",
        "expired@int-expired", DATE),
    Row("intermediate not yet valid", "by int-early", "int-early", "old", "trusted",
        "not-yet-valid@int-early", DATE),
    Row("both expired", "expired", "int,int-expired", "old", "trusted", "expired@expired", DATE),
    Row("signer for TLS", "for-tls", "int", "old", "trusted", "wrong-eku@for-tls", PURPOSE),
    Row("signer for nothing", "for-nothing", "int", "old", "trusted", "no-eku@for-nothing",
        "2.5.29.37"),
    Row("signer for anything", "for-anything", "int", "old", "trusted", "wrong-eku@for-anything",
        PURPOSE),
    Row("signer for e-mail too", "for-mail-too", "int", "old", "trusted"),
    Row("signer for timestamps", "for-time", "int", "old", "trusted", "wrong-eku@for-time",
        PURPOSE),
    Row("signer is an authority", "an-authority", "int", "old", "trusted",
        "signer-is-authority@an-authority"),
    Row("signer signs certificates", "signs-certificates", "int", "old", "trusted",
        "wrong-key-usage@signs-certificates signer-is-authority@signs-certificates"),
    Row("intermediate for TLS", "by int-tls", "int-tls", "old", "trusted", "wrong-eku@int-tls",
        PURPOSE),
    Row("intermediate for code", "by int-code", "int-code", "old", "trusted"),
    Row("intermediate for anything", "by int-any", "int-any", "old", "trusted"),
    Row("intermediate not an authority", "by int-not-ca", "int-not-ca", "old", "trusted",
        "wrong-key-usage@int-not-ca not-a-ca@int-not-ca", "basicConstraints"),
    Row("intermediate without basic constraints", "by int-no-bc", "int-no-bc", "old", "trusted",
        "wrong-key-usage@int-no-bc not-a-ca@int-no-bc", "2.5.29"),
    Row("intermediate of version 1", "by int-v1", "int-v1", "old", "trusted", "not-a-ca@int-v1",
        PROFILE),
    Row("signer of version 1", "v1", "int", "old", "trusted", "no-eku@v1", PROFILE),
    Row("path length exceeded", "by below-pl0", "below-pl0,int-pl0", "old", "trusted",
        "path-length@int-pl0", "path length"),
    Row("path length just kept", "by below-pl1", "below-pl1,int-pl1", "old", "trusted"),
    Row("path length of the root exceeded", "by below-root-pl0", "below-root-pl0,int-root-pl0",
        "root-pl0", "trusted", "path-length@root-pl0", "path length"),
    Row("bare signer", "bare", "int", "old", "trusted"),
    Row("bare intermediate", "by int-bare", "int-bare", "old", "trusted"),
    Row("signer names another issuer's key", "wrong-aki", "int", "old", "trusted"),
    Row("intermediate names another issuer's key", "by int-wrong-aki", "int-wrong-aki", "old",
        "trusted"),
    Row("signer with a critical extension", "strange", "int", "old", "trusted",
        "unknown-critical-extension@strange", "1.3.6.1.4.1.99999.1"),
    Row("intermediate with a critical extension", "by int-strange", "int-strange", "old", "trusted",
        "unknown-critical-extension@int-strange", "1.3.6.1.4.1.99999.1"),
    Row("weak key", "weak", "int", "old", "trusted", "weak-key@weak"),
    Row("RSA 1024", "rsa1024", "int", "old", "trusted", "weak-key@rsa1024"),
    Row("intermediate's key is weak", "by int-weak", "int-weak", "old", "trusted",
        "weak-key@int-weak", "orbidden"),
    Row("explicit curve", "explicit", "int", "old", "trusted", "weak-key@explicit"),
    Row("intermediate with an explicit curve", "by int-explicit", "int-explicit", "old",
        "chain-incomplete", "issuer-not-proven@by int-explicit", NO_ROOT),
    Row("SHA-1 signer", "sha1", "int", "old", "trusted", "weak-digest@sha1", "orbidden"),
    Row("SHA-1 intermediate", "by int-sha1", "int-sha1", "old", "trusted", "weak-digest@int-sha1",
        "orbidden"),
    Row("MD5 signer", "md5", "int-rsa", "old", "trusted", "weak-digest@md5", "orbidden"),
]  # fmt: skip

OTHER_TYPE, NAMES = "unsupported", "name"
DIRECTORY = "unsupported|pass"  # old releases pass over directory names
NAMED = [
    Row("directory name within", "by int-dn-in", "int-dn-in", "old", "trusted", "", DIRECTORY),
    Row("directory name outside", "by int-dn-out", "int-dn-out", "old", "trusted",
        "name-constraint@int-dn-out", DIRECTORY),
    Row("directory name excluded", "by int-dn-not", "int-dn-not", "old", "trusted",
        "name-constraint@int-dn-not", DIRECTORY),
    Row("host within", "dns-in", "int-dns", "old", "trusted"),
    Row("host outside", "dns-out", "int-dns", "old", "trusted", "name-constraint@int-dns", NAMES),
    Row("host excluded", "dns-not", "int-dns-not", "old", "trusted", "name-constraint@int-dns-not",
        NAMES),
    Row("no host where hosts are limited", "by int-dns", "int-dns", "old", "trusted"),
    Row("mailbox within", "mail-in", "int-mail", "old", "trusted"),
    Row("mailbox outside", "mail-out", "int-mail", "old", "trusted", "name-constraint@int-mail",
        NAMES),
    Row("mailbox excluded", "mail-box", "int-mail-box", "old", "trusted",
        "name-constraint@int-mail-box"),
    Row("URI within", "uri-in", "int-uri", "old", "trusted", "", OTHER_TYPE),
    Row("URI outside", "uri-out", "int-uri", "old", "trusted", "name-constraint@int-uri",
        OTHER_TYPE),
    Row("URI without a host", "uri-none", "int-uri", "old", "trusted", "name-constraint@int-uri",
        OTHER_TYPE),
    Row("address within", "ip-in", "int-ip", "old", "trusted"),
    Row("address outside", "ip-out", "int-ip", "old", "trusted", "name-constraint@int-ip", NAMES),
    Row("a kind of name that is not judged", "id-out", "int-id", "old", "trusted",
        "name-constraint-unchecked@int-id", OTHER_TYPE),
]  # fmt: skip


def listed(
    issuer: str, *revoked: tuple[str, str, str, str], **profile: object
) -> Callable[[], Crl]:
    """Return what makes a revocation list; of (certificate, since, reason, key lost since)."""
    return lambda: crl(issuer, revoked, LIST._replace(**profile))  # type: ignore[arg-type]


def answered(
    responder: str, own: str = "by int", issuer: str = "int", revoked_at: str = "", **more: object
) -> Callable[[], Ocsp]:
    """Return what makes an OCSP response."""
    return lambda: answer(responder, own, issuer, revoked_at, **more)


GONE = ("by int", "2026-09-15", "key_compromise", "")
LATER = ("by int", "2026-10-20", "superseded", "")
HELD = ("by int", "2026-09-15", "certificate_hold", "")
REVOKED = "revoked@by int"
ROOT_LIST = listed("old")
USERS = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
AUTHORITIES = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)


def row(
    name: str, lists: Sequence[Callable[[], Crl | Ocsp]], wrong: str, said: str, **more: object
) -> Row:
    """Return a row about the revocation of an ordinary chain: leaf, int, old."""
    made = Row(name, "by int", "int", "old", "trusted", wrong, lists=tuple(lists), revocation=said)
    return made._replace(**more)  # type: ignore[arg-type]


REVOCATION = [
    row("listed by nobody", [listed("int"), ROOT_LIST], "", "none was revoked"),
    row("only one list", [listed("int")], "", "not known of"),
    row("signer revoked", [listed("int", GONE)], REVOKED, "was revoked at 2026-09-15"),
    row("signer revoked, list out of date", [listed("int", GONE, made="2026-09-16", days=7)],
        REVOKED, "was revoked"),
    row("list out of date", [listed("int", made="2025-01-01", days=7), ROOT_LIST], "",
        "is not current"),
    row("list not valid yet", [listed("int", made="2026-12-01"), ROOT_LIST], "", "is not current"),
    row("intermediate revoked", [listed("old", ("int", "2026-09-15", "ca_compromise", ""))],
        "revoked@int", "not known of"),
    row("both revoked", [listed("int", GONE), listed("old", ("int", "2026-09-15", "", ""))],
        "revoked@by int revoked@int", "was revoked"),
    row("revoked after a time that nobody proves", [listed("int", LATER)], REVOKED, "was revoked"),
    row("revoked after it was stamped", [listed("int", LATER)], "revoked-later@by int",
        "was revoked", proven=SIGNED),
    row("revoked before it was stamped", [listed("int", GONE)], REVOKED, "was revoked",
        proven=SIGNED),
    row("revoked after the stamp, key lost before", [listed("int", ("by int", "2026-10-20",
        "key_compromise", "2026-08-01"))], REVOKED, "was revoked", proven=SIGNED),
    row("on hold", [listed("int", HELD)], REVOKED, "was revoked"),
    row("on hold, then released", [listed("int", HELD), ROOT_LIST, listed("int", ("by int",
        "2026-11-02", "remove_from_crl", ""), base=1, number=2)], "", "none was revoked"),
    row("revoked in a list of changes", [listed("int"), listed("int", GONE, base=1, number=2)],
        REVOKED, "was revoked"),
    row("only a list of changes", [listed("int", base=1, number=2), ROOT_LIST], "",
        "only a list of changes"),
    row("a list for users only", [listed("int", scope=USERS), ROOT_LIST], "", "none was revoked"),
    row("a list for authorities only", [listed("int", scope=AUTHORITIES), ROOT_LIST], "",
        "certificates of its kind"),
    row("a list that states something unknown", [listed("int", strange=True), ROOT_LIST], "",
        "critical"),
    row("revoked by a list that states something unknown", [listed("int", GONE, strange=True)],
        REVOKED, "was revoked"),
    row("a list by somebody of that name", [listed("int-lookalike", GONE)], "",
        "not signed by its issuer"),
    row("a list by another authority", [listed("int-new", GONE)], "", "no revocation list"),
    row("a list by the signer itself", [listed("by int", GONE)], "", "no revocation list"),
    row("a list by a key of its own, same root", [listed("list-signer", ("by int-lists",
        "2026-09-15", "", ""))], "revoked@by int-lists", "was revoked", signer="by int-lists",
        sent="int-lists,list-signer"),
    row("a list by a key of its own, other root", [listed("list-stranger", ("by int-lists",
        "2026-09-15", "", ""))], "", "not signed by its issuer", signer="by int-lists",
        sent="int-lists,list-stranger,new"),
    row("answered by the issuer", [answered("int"), ROOT_LIST], "", "none was revoked"),
    row("answered by the issuer, who gives the digest of its key", [answered("int", by_name=False),
        ROOT_LIST], "", "none was revoked"),
    row("answered long ago", [answered("int", made="2025-01-01", days=7), ROOT_LIST], "",
        "no revocation list"),
    row("revoked, says the issuer", [answered("int", revoked_at="2026-09-15")], REVOKED,
        "was revoked"),
    row("revoked, says a delegate", [answered("delegate", revoked_at="2026-09-15")], REVOKED,
        "was revoked"),
    row("a delegate not sent along", [answered("delegate", revoked_at="2026-09-15", send=False)],
        "", "no revocation list"),
    row("a delegate not sent along, but in the package", [answered("delegate",
        revoked_at="2026-09-15", send=False)], REVOKED, "was revoked", sent="int,delegate"),
    row("answered by one who is no delegate", [answered("not-delegate", revoked_at="2026-09-15")],
        "", "no revocation list"),
    row("answered by a stranger of that name", [answered("int-lookalike", revoked_at="2026-09-15")],
        "", "no revocation list"),
    row("answered about another certificate", [answered("int", own="expired",
        revoked_at="2026-09-15")], "", "no revocation list"),
    row("good, says the response; revoked, says the list", [answered("int"), listed("int", GONE)],
        REVOKED, "was revoked"),
    row("revoked below an unknown root", [listed("int-new", ("by int-new", "2026-09-15", "", ""))],
        "revoked@by int-new", "was revoked", signer="by int-new", sent="int-new,new",
        trust="unknown-root", strict=""),
]  # fmt: skip

ROWS = [*ROTATION, *ENDS, *PROFILES, *NAMED, *REVOCATION]
assert pki.moment(SIGNED) < AT
