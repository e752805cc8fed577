"""Builds signed packages for rule examples: a vendor's files, their signature and a trust store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple, cast

from cryptography import x509

from dten_audit.examples.encoding import oid
from dten_audit.examples.pki import (
    INTERMEDIATE,
    LEAF,
    ROOT,
    Carried,
    Identity,
    Profile,
    Stamp,
    cross_sign,
    der,
    issue,
    key,
    name,
    pem,
    private_pem,
    sign_detached,
)
from dten_audit.examples.revoking import (
    LIST,
    Answering,
    Revoked,
    archive,
    basic,
    in_message,
    ocsp_response,
    revocation_list,
)

TRUST: Final = "@trust/"
"""Files below this name are the example's trust store; all others are members of the package."""

ADVISORIES: Final = "@advisories/"
"""Files below this name are the user's advisories."""

_OF_ROOTS: Final = {
    "use": "[package]",
    "state": "active",
    "evidence": "[{channel: phone, by: jd}]",
    "approvals": "[jd, mk]",
}
_FILES: Final = {
    "install/upgrade.sh": "#!/bin/sh\nset -eu\ntar -xzf payload.tar.gz -C /opt/dten\n",
    "db/0042_orders.sql": "ALTER TABLE orders ADD COLUMN source text;\n",
}
_YOUNG: Final = ROOT._replace(valid=("2024-01-01", "2044-01-01"))


class Chain(NamedTuple):
    """A signer, the certificates sent along, and the roots by the names that ``store`` uses.

    ``above`` are who issued the signer's certificate and who issued theirs.
    """

    leaf: Identity
    sent: tuple[x509.Certificate, ...]
    roots: dict[str, x509.Certificate]
    above: tuple[Identity, ...] = ()


def signed_tree(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store files by path.

    ``files`` {path: text}, in which a line ``@other-key@`` becomes a private key; ``sign`` the
    signed member: by default ``SHA256SUMS``, made of all files; ``none`` for no signature.
    ``root``: trusted, unknown, omitted, rotated, impostor, lookalike (an intermediate),
    self-signed, incomplete. ``store``: a list of old, new, leaf, or ``none`` for no store;
    ``vendor``: its record's fields beside ``roots``, ``state``, ``use``, ``evidence`` and
    ``approvals`` of each. ``advisories`` {path: text} are the user's; ``{{new}}`` in them and in
    files is a root's fingerprint; ``advisories_by``: the year of the root above their signer.
    ``leaf``, ``intermediate``: fields of ``Profile``, and ``key``. ``text_mode``; ``content_of``:
    the member that is really signed; ``stamp``: when it was stamped, ``stamp_by`` old or a name,
    ``stamp_for`` another purpose. ``revoked``: {who: leaf or intermediate, at: '' for none, reason,
    by: issuer or stranger, form: list, response, archive or values, file: path, made, days};
    ``certificates: none`` leaves all out. ``tamper``: content, signature, algorithm, stamp or cut.
    ``after`` {path: text} and ``drop`` [path] change the package once it is signed; ``ship`` {path:
    what} adds signer-key, other-key, encrypted-key, leaf, chain, roots. ``below`` is a folder to
    put everything in.
    """
    chain = _chain(params)
    files = {
        path: with_fingerprints(_with_key(text), chain).encode()
        for path, text in _mapping(params, "files", _FILES).items()
    }
    signed = str(params.get("sign", "SHA256SUMS"))
    if signed == "SHA256SUMS" and signed not in files:
        files[signed] = sums(files)
    if signed != "none":
        files[f"{signed}.p7s"] = _signature(files[str(params.get("content_of", signed))],
                                            chain, params)  # fmt: skip
        if params.get("tamper") == "content":
            files[signed] += b"\n"
    if "revoked" in params:
        files.update(_list_files(params, chain))
    _change(files, chain, params)
    folder = f"{params['below']}/" if "below" in params else ""
    members = {folder + path: data for path, data in files.items()}
    return members | _store(params, chain) | _advisories(params, chain)


def _change(files: dict[str, bytes], chain: Chain, params: Mapping[str, object]) -> None:
    """Change the files of a package that is signed already."""
    later = _mapping(params, "after", {})
    files.update({path: with_fingerprints(text, chain).encode() for path, text in later.items()})
    for path in cast("Sequence[str]", params.get("drop", ())):
        del files[path]
    for path, what in _mapping(params, "ship", {}).items():
        files[path] = _SHIPPED[what](chain)


def _signature(content: bytes, chain: Chain, params: Mapping[str, object]) -> bytes:
    bare = params.get("certificates") == "none"
    made = sign_detached(
        content,
        chain.leaf,
        () if bare else chain.sent,
        at=str(params.get("signed_at", "2026-10-01T12:00:00Z")),
        text_mode=bool(params.get("text_mode")),
        with_signer=not bare,
        stamp=_stamp(params) if "stamp" in params else None,
        carried=_carried(params, chain),
    )
    tamper = params.get("tamper")
    if tamper == "signature":
        return made[:-1] + bytes((made[-1] ^ 1,))
    if tamper == "algorithm":
        return made.replace(oid("2.16.840.1.101.3.4.2.1"), oid("2.16.840.1.101.3.4.2.99"))
    if tamper == "stamp":
        imprint = b"\x04\x20"
        at = made.index(imprint, made.index(oid("1.2.840.113549.1.9.16.1.4"))) + len(imprint)
        return made[:at] + bytes((made[at] ^ 1,)) + made[at + 1 :]
    return made[: len(made) // 2] if tamper == "cut" else made


def _stamp(params: Mapping[str, object]) -> Stamp:
    above = str(params.get("stamp_by", "old"))
    root = issue("Acme Root CA 2014" if above == "old" else above, None, ROOT)
    purpose = str(params.get("stamp_for", "timeStamping"))
    authority = issue("Time Stamping", root, LEAF._replace(eku=(purpose,)))
    return Stamp(authority, (root.certificate,), str(params["stamp"]))


def _listing(params: Mapping[str, object], chain: Chain) -> tuple[str, bytes]:
    """Return the form of what is said about revocation, and that list or response."""
    stated = _mapping(params, "revoked", {})
    leaf, at = stated.get("who", "leaf") == "leaf", str(stated.get("at", ""))
    issuer = chain.above[0] if leaf else chain.above[1]
    own = chain.leaf.certificate if leaf else chain.above[0].certificate
    form, reason = stated.get("form", "list"), stated.get("reason", "")
    made, days = str(stated.get("made", "2026-11-01")), int(stated.get("days", 365))
    by = issuer
    if stated.get("by") == "stranger":
        by = issue(issuer.certificate.subject, None, ROOT, key("a stranger"))
    if form in ("response", "values"):
        asked = Answering(by, own, issuer.certificate, at, reason, made, days, send=False)
        return form, ocsp_response(asked)
    entries = [Revoked(own, at, reason)] if at else []
    return form, revocation_list(by, entries, LIST._replace(made=made, days=days))


def _carried(params: Mapping[str, object], chain: Chain) -> Carried | None:
    if "revoked" not in params or "file" in _mapping(params, "revoked", {}):
        return None
    form, listed = _listing(params, chain)
    if form == "archive":
        return Carried(archived=archive([listed]))
    if form == "values":
        return Carried(values=archive([], [basic(listed)]))
    return Carried((listed if form == "list" else in_message(listed),))


def _list_files(params: Mapping[str, object], chain: Chain) -> dict[str, bytes]:
    path = _mapping(params, "revoked", {}).get("file")
    return {path: _listing(params, chain)[1]} if path else {}


def sums(files: Mapping[str, bytes]) -> bytes:
    """Return the text of a ``SHA256SUMS`` over ``files``."""
    lines = (f"{sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    return "".join(lines).encode()


def _mapping(
    params: Mapping[str, object], field: str, default: Mapping[str, str]
) -> Mapping[str, str]:
    return cast("Mapping[str, str]", params.get(field, default))


def _profile(params: Mapping[str, object], field: str, default: Profile) -> Profile:
    stated = dict(cast("Mapping[str, object]", params.get(field, {})))
    stated.pop("key", None)
    for field_name in ("valid", "eku"):
        if field_name in stated:
            stated[field_name] = tuple(cast("Sequence[str]", stated[field_name]))
    if "permitted" in stated:
        stated["permitted"] = name("any", str(stated["permitted"]))
    return default._replace(**stated)  # type: ignore[arg-type]


def _chain(params: Mapping[str, object]) -> Chain:
    kind = str(params.get("root", "trusted"))
    old = issue("Acme Root CA 2014", None, ROOT)
    new = issue("Acme Root CA 2024", None, _YOUNG)
    top = {"unknown": new, "omitted": new, "rotated": new}.get(kind, old)
    if kind == "impostor":
        top = issue("Acme Root CA 2014", None, ROOT, key("somebody else"))
    leaf_profile = _profile(params, "leaf", LEAF)
    leaf_key = key("release", _key_kind(params, "leaf"))
    roots = {"old": old.certificate, "new": new.certificate}
    if kind == "self-signed":
        leaf = issue("Acme Release Signing", None, leaf_profile, leaf_key)
        return Chain(leaf, (), roots | {"leaf": leaf.certificate})
    generation = "2" if top is new else "1"
    middle = issue(
        f"Acme Code Signing CA {generation}", top, _profile(params, "intermediate", INTERMEDIATE),
        key(f"code signing {generation} {kind}", _key_kind(params, "intermediate")),
    )  # fmt: skip
    leaf = issue("Acme Release Signing", middle, leaf_profile, leaf_key)
    sent = {
        "incomplete": (),
        "unknown": (middle.certificate, new.certificate),
        "rotated": (middle.certificate, new.certificate, cross_sign(new, old)),
        "impostor": (middle.certificate, top.certificate),
        "lookalike": (_lookalike(old).certificate,),
    }.get(kind, (middle.certificate,))
    return Chain(leaf, sent, roots | {"leaf": leaf.certificate}, (middle, top))


def _lookalike(root: Identity) -> Identity:
    return issue("Acme Code Signing CA 1", root, INTERMEDIATE, key("a stranger"))


def _key_kind(params: Mapping[str, object], field: str) -> str:
    return _mapping(params, field, {}).get("key", "p256")


def _store(params: Mapping[str, object], chain: Chain) -> dict[str, bytes]:
    wanted = params.get("store", ["old"])
    if wanted == "none":
        return {}
    roots = [chain.roots[which] for which in cast("Sequence[str]", wanted)]
    record = cast("Mapping[str, object] | None", params.get("vendor"))
    if record is None:
        named = zip(cast("Sequence[str]", wanted), roots, strict=True)
        return {f"{TRUST}acme-{which}.pem": pem(root) for which, root in named}
    certificates = {f"{TRUST}certs/{_sha256(root)}.der": der(root) for root in roots}
    return certificates | {f"{TRUST}vendors/acme.yaml": _record(record, roots).encode()}


def _record(record: Mapping[str, object], roots: Sequence[x509.Certificate]) -> str:
    lines = ["schema: 1", "version: 1", "vendor: acme"]
    lines += [f"{key}: {value}" for key, value in record.items() if key not in _OF_ROOTS]
    lines.append("roots:")
    for root in roots:
        stated = {key: record.get(key, usual) for key, usual in _OF_ROOTS.items()}
        lines.append(f"- sha256: {_sha256(root)}")
        lines += [f"  {key}: {value}" for key, value in stated.items()]
    return "\n".join(lines) + "\n"


def _advisories(params: Mapping[str, object], chain: Chain) -> dict[str, bytes]:
    """Return the user's advisories, in which ``{old}``, ``{new}``, ``{leaf}`` are fingerprints."""
    made: dict[str, bytes] = {}
    signer = params.get("advisories_by")
    for path, text in _mapping(params, "advisories", {}).items():
        data = with_fingerprints(text, chain).encode()
        made[f"{ADVISORIES}{path}"] = data
        if signer is not None:
            above = issue(f"Acme Root CA {signer}", None, ROOT)
            own = issue("Acme PSIRT", above, LEAF, key("psirt"))
            made[f"{ADVISORIES}{path}.p7s"] = sign_detached(data, own, (above.certificate,))
    return made


def with_fingerprints(text: str, chain: Chain) -> str:
    """Return ``text`` with the roots' fingerprints in place of their names in double braces."""
    for which, root in chain.roots.items():
        text = text.replace(f"{{{{{which}}}}}", _sha256(root))
    return text


def _with_key(text: str) -> str:
    """Return ``text`` with a private key, indented alike, for a line ``@other-key@``."""
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        whole = line.strip() == "@other-key@"
        pem_lines = private_pem(key("some service")).decode().rstrip().split("\n")
        lines += [indent + part for part in pem_lines] if whole else [line]
    return "\n".join(lines)


def _sha256(certificate: x509.Certificate) -> str:
    return sha256(der(certificate)).hexdigest()


_SHIPPED: Final[dict[str, Callable[[Chain], bytes]]] = {
    "signer-key": lambda chain: private_pem(chain.leaf.key),
    "other-key": lambda _: private_pem(key("some service")),
    "encrypted-key": lambda _: private_pem(key("some service"), "secret"),
    "leaf": lambda chain: pem(chain.leaf.certificate),
    "chain": lambda chain: pem(chain.leaf.certificate, *chain.sent),
    "roots": lambda chain: pem(chain.roots["old"], chain.roots["new"]),
}
