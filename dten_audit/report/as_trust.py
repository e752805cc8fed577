"""Writes who signed a package: chains as trees, fingerprints to read aloud, what to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

from dten_audit.derive.signing.anchors import Anchors, Standing
from dten_audit.derive.signing.members import archives_around
from dten_audit.derive.signing.rotations import known_certificates, proposals
from dten_audit.links.package import Package
from dten_audit.model.facts.code_signatures import CodeSignature
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signatures import SignatureCheck
from dten_audit.model.facts.tuf import TufRepository
from dten_audit.model.location import MEMBER
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.certificates import X509, grouped
from dten_audit.readers.signing.instants import day
from dten_audit.report.sanitise import for_terminal
from dten_audit.site.estate import Estate
from dten_audit.site.trust import TrustedRoot

_STANDING: Final[dict[Standing, str]] = {
    "trusted": "known: in your trust store",
    "unapproved": "recorded, not approved",
    "retired": "retired in your trust store",
    "revoked": "REVOKED in your trust store",
    "out-of-scope": "known, but not for this package",
    "": "unknown",
}
_ASKED: Final = ("unknown-root", "impostor-root", "self-signed", "unapproved")
_OTHERS: Final = 20
Data = dict[str, Any]


def chains(package: Package, estate: Estate, path: str) -> Data:
    """Return what there is to show, as plain data: the JSON form."""
    known = known_certificates(package)
    if estate.trust is not None:
        stored = (root.certificate for root in estate.trust.roots)
        known |= {own.sha256: own for own in stored if own is not None}
    checks = [check for check in package.of(SignatureCheck) if not check.incidental]
    rotations = proposals(package, estate.trust, estate.at) if estate.trust else []
    return {
        "package": path,
        "identity": dict(package.identity),
        "trust": estate.trust.path if estate.trust else None,
        "signatures": [_signature(check, package, estate, known) for check in checks],
        "others": list(_others(package)),
        "rotations": [
            {"from": own.old.sha256, "to": own.new.sha256, "via": own.via,
             "cert": own.cross.sha256 if own.cross else None}
            for own in rotations
        ],
    }  # fmt: skip


def _signature(
    check: SignatureCheck, package: Package, estate: Estate, known: dict[str, X509]
) -> Data:
    info = package.documents.get(check.document)
    name = PurePath(check.at.path.partition(MEMBER)[0]).name
    anchors = Anchors(estate.trust, name, estate.at, inside=archives_around(info) if info else ())
    path = [known[sha256] for sha256 in reversed(check.certificates) if sha256 in known]
    trust = None if isinstance(check.trust, Unknown) else check.trust
    return {
        "path": check.at.path,
        "signs": check.target,
        "content_matches": _known(check.content_matches),
        "signature_valid": _known(check.signature_valid),
        "trust": trust,
        "lacks": check.lacks,
        "vendor": check.vendor,
        "missing_issuer": check.missing_issuer,
        "chain": [_certificate(own, anchors) for own in path],
        "defects": list(check.defects),
        "advisories": list(check.advisories),
        "trusted_roots": [_root(root) for root in anchors.roots],
        "commands": {"add": check.add_command, "rotate": check.rotate_command},
    }


def _others(package: Package) -> Iterator[Data]:
    """Yield what else is signed: by bare keys, by roots of TUF, and programs inside themselves."""
    for own in package.of(TufRepository):
        if not own.incidental:
            yield {
                "path": own.at.path, "signs": "", "format": "TUF",
                "verdict": f"{own.sound} of {own.roles} metadata files hold",
                "signer": f"root version {own.version}, SHA-256 {own.fingerprint}",
                "trust": None if isinstance(own.trust, Unknown) else own.trust,
            }  # fmt: skip
    for by_key in package.of(KeySignatureCheck):
        if not by_key.incidental:
            yield {
                "path": by_key.at.path, "signs": by_key.target, "format": by_key.format,
                "verdict": by_key.verdict, "signer": by_key.key or by_key.key_id,
                "trust": None if isinstance(by_key.trust, Unknown) else by_key.trust,
            }  # fmt: skip
    for code in package.of(CodeSignature):
        if not code.incidental:
            holds = code.content_matches is True and code.signature_valid is True
            yield {
                "path": code.at.path, "signs": code.target, "format": code.form,
                "verdict": "genuine" if holds else "does not hold, or was not computed",
                "signer": code.signer.subject,
                "trust": None if isinstance(code.trust, Unknown) else code.trust,
            }  # fmt: skip


def _known(value: bool | Unknown) -> bool | None:
    return None if isinstance(value, Unknown) else value


def _certificate(own: X509, anchors: Anchors) -> Data:
    return {
        "subject": own.subject,
        "issuer": own.issuer,
        "not_before": day(own.not_before),
        "not_after": day(own.not_after),
        "key": own.key,
        "digest": own.digest,
        "sha256": own.sha256,
        "groups": grouped(own.sha256).split(),
        "standing": anchors.standing(own) if anchors.given else None,
    }


def _root(root: TrustedRoot) -> Data:
    own = root.certificate
    return {
        "subject": own.subject if own else "",
        "sha256": root.sha256,
        "vendor": root.vendor.name,
        "not_after": day(own.not_after) if own else "",
    }


def text(shown: Data) -> str:
    """Return the data of ``chains`` for people, safe for a terminal."""
    lines = [f"{shown['package']}  {' '.join(shown['identity'].values())}".rstrip()]
    if not shown["signatures"] and not shown["others"]:
        lines.append("No signature of this package could be read. Ask the vendor for a signed one.")
    for signature in shown["signatures"]:
        lines += ["", *_signature_lines(signature)]
    lines += _other_lines(shown["others"])
    asked: dict[str, Data] = {}
    for signature in shown["signatures"]:
        if signature["chain"] and (signature["trust"] in _ASKED or signature["trust"] is None):
            asked.setdefault(signature["chain"][0]["sha256"], signature)
    rotated = {own["to"] for own in shown["rotations"]}
    for sha256, signature in asked.items():
        lines += ["", *_script(signature, shown, rotates=sha256 in rotated)]
    if shown["rotations"] and not asked:
        command = shown["signatures"][0]["commands"]["rotate"]
        lines += ["", f"A root that you trust vouches for a new one. To record it: {command}"]
    return "\n".join(for_terminal(line) for line in lines) + "\n"


def _other_lines(others: list[Data]) -> Iterator[str]:
    for other in others[:_OTHERS]:
        inside = other["path"].partition(MEMBER)[2] or other["path"]
        yield ""
        yield f"{inside}: {other['format']} signature of {other['signs'] or 'itself'}"
        trust = other["trust"] or "not known, no trust store was given"
        yield f"  {other['verdict']}, by {other['signer'] or 'nobody it names'}: {trust}"
    if len(others) > _OTHERS:
        yield f"and {len(others) - _OTHERS} more, all in -f json"


def _signature_lines(signature: Data) -> Iterator[str]:
    inside = signature["path"].partition(MEMBER)[2] or signature["path"]
    yield f"{inside} signs {signature['signs'] or 'the content that it carries'}"
    yield f"  {_proof(signature)}"
    if signature["missing_issuer"]:
        yield f"  {signature['missing_issuer']}"
        yield "    its certificate is not in the package"
    depth = 1 if signature["missing_issuer"] else 0
    for certificate in signature["chain"]:
        indent = "  " * (depth + 1)
        yield f"{indent}{certificate['subject']}"
        facts = (
            f"valid {certificate['not_before']} to {certificate['not_after']}",
            certificate["key"],
            f"signed with {certificate['digest']}" if certificate["digest"] else "",
            _STANDING.get(certificate["standing"], "") if depth == 0 or certificate["standing"]
            else "",
        )  # fmt: skip
        yield f"{indent}  {', '.join(fact for fact in facts if fact)}"
        groups = certificate["groups"]
        yield f"{indent}  SHA-256  {' '.join(groups[:8])}"
        yield f"{indent}           {' '.join(groups[8:])}"
        depth += 1
    if signature["defects"]:
        yield f"  wrong with it: {', '.join(signature['defects'])}"
    for words in signature["advisories"]:
        yield f"  {words}"


def _proof(signature: Data) -> str:
    if signature["content_matches"] is False or signature["signature_valid"] is False:
        return "THE SIGNATURE DOES NOT HOLD: do not install, whoever the signer is"
    if signature["content_matches"] is None or signature["signature_valid"] is None:
        return "whether the signature holds could not be computed"
    verdict = {
        "trusted": "the root is in your trust store",
        "rotated": "a root in your trust store vouches for the new one",
        "unapproved": f"the root is recorded without {signature['lacks']}",
        "retired": "your trust store says that the root is retired",
        "revoked": "YOUR TRUST STORE SAYS THAT IT IS REVOKED",
        "out-of-scope": "the root is in your trust store, but not for a package of this name",
        None: "no trust store was given",
    }.get(signature["trust"], "nobody whom you trust vouches for the signer")
    return f"the file is intact and the signature genuine; {verdict}"


def _script(signature: Data, shown: Data, *, rotates: bool) -> Iterator[str]:
    """Yield what to do about a root that is not trusted: the script for a phone call."""
    root, signer = signature["chain"][0], signature["chain"][-1]
    name = " ".join(shown["identity"].values()) or "this package"
    missing = signature["missing_issuer"]
    above = missing or root["subject"]
    yield f"What to do about {above}"
    if rotates:
        yield f"  A root that you trust vouches for it: {signature['commands']['rotate']}"
        return
    yield "  1. Call the number in your contract, not one from the package or an e-mail."
    yield f'  2. Ask: "Did you sign {name}? With a certificate of {signer["subject"]}?"'
    yield f'  3. Ask: "Is {above} your root, since when, and what of the old one?"'
    if missing:
        yield "     Let them send its certificate as a file; it is not in the package."
    yield "  4. Let them read out the SHA-256 of that root, from their own records. Do not read it"
    yield "     to them, and do not compare by eye: run this, which asks for some of its groups:"
    command: str = signature["commands"]["add"]
    options = command.partition(" --trust ")[2]
    yield f"     dten-audit trust add-root FILE --trust {options}" if missing else f"     {command}"
    yield "  5. A second person calls and runs the same under their own name."
    known = "; ".join(own["subject"] for own in signature["trusted_roots"])
    if known:
        yield f"  6. Ask for a certificate for the new root by one that you trust: {known}"
    yield "  If anything differs, do not install, and tell your security team."
