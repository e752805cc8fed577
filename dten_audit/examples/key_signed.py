"""Builds packages that are signed with bare keys, and the trust store that knows some of them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final, cast

from dten_audit.examples import key_signing as made
from dten_audit.examples import sigstore_writer
from dten_audit.examples.signed_tree import TRUST, sums

_FILES: Final = {
    "install/upgrade.sh": "#!/bin/sh\nset -eu\ntar -xzf payload.tar.gz -C /opt/dten\n",
    "db/0042_orders.sql": "ALTER TABLE orders ADD COLUMN source text;\n",
}
_PEM: Final = ("bare", "DSSE", "sigstore", "cosign")
_ENDINGS: Final = {
    "minisign": ".minisig", "signify": ".sig", "SSH": ".sig", "bare": ".sig",
    "DSSE": ".intoto.json", "sigstore": ".sigstore.json", "cosign": ".bundle",
}  # fmt: skip


def key_signed_tree(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store files by path.

    ``files`` {path: text}; ``sign`` the signed member: by default ``SHA256SUMS``, made of all
    files. ``form``: minisign, signify, SSH, bare, DSSE, sigstore, cosign (its older bundle).
    ``by``: the name of the key that signs; ``kind`` of key; ``key_id``: the name of the key that it
    names instead. ``comment`` (minisign's trusted one), ``prehashed``, ``message`` (signify: the
    content behind it), ``times`` (sigstore: stamped, none, logged), ``logged_at`` and ``bend`` (see
    ``_logged``), ``namespace`` and ``digest`` (SSH), ``content_of``: the member that is really
    signed. ``store``: names of the keys that the user trusts, or ``none``; ``instance``: the name
    of the sigstore instance that they trust; ``record``: fields of the vendor's record and of its
    keys; ``options`` of allowed signers. ``ship`` {path: name} adds public keys.
    ``tamper``: content, signature, comment. ``after``, ``drop`` and ``below`` as for signed trees.
    """
    files = {path: text.encode() for path, text in _texts(params, "files", _FILES).items()}
    signed = str(params.get("sign", "SHA256SUMS"))
    if signed == "SHA256SUMS" and signed not in files:
        files[signed] = sums(files)
    form = str(params.get("form", "minisign"))
    content = files[str(params.get("content_of", signed))]
    signature = _signature(form, content, files, params)
    files[signed + _ENDINGS[form]] = _tampered(signature, str(params.get("tamper", "")))
    if params.get("tamper") == "content":
        files[signed] += b"\n"
    files.update({path: text.encode() for path, text in _texts(params, "after", {}).items()})
    for path in cast("Sequence[str]", params.get("drop", ())):
        del files[path]
    for path, name in _texts(params, "ship", {}).items():
        files[path] = _public(form, name, params)
    folder = f"{params['below']}/" if "below" in params else ""
    return {folder + path: data for path, data in files.items()} | _store(form, params)


def _texts(
    params: Mapping[str, object], field: str, default: Mapping[str, str]
) -> Mapping[str, str]:
    return cast("Mapping[str, str]", params.get(field, default))


def _kind(form: str, params: Mapping[str, object]) -> str:
    return str(params.get("kind", "p256" if form in _PEM else "ed25519"))


def _signature(
    form: str, content: bytes, files: Mapping[str, bytes], params: Mapping[str, object]
) -> bytes:
    by, kind = str(params.get("by", "release")), _kind(form, params)
    if form == "SSH":
        namespace, digest = str(params.get("namespace", "file")), str(params.get("digest", ""))
        return made.ssh_signature(content, by, namespace, kind, digest)
    if form == "bare":
        digest = str(params.get("digest", "sha256"))
        return b64encode(made.bare_value(content, by, kind, digest)) + b"\n"
    if form == "cosign" or params.get("times") == "logged":
        return _logged(form, content, by, params)
    if form == "sigstore":
        return made.bundle(content, by, str(params.get("times", "stamped")))
    if form == "DSSE":
        listed = [(path, data) for path, data in files.items() if path != "SHA256SUMS"]
        return made.envelope(made.statement(listed), [by], kind)
    how = made.Minisign(key_id=str(params.get("key_id", "")))
    if form == "signify":
        how = how._replace(trusted=None, prehashed=False, message=bool(params.get("message")))
    elif "comment" in params:
        how = how._replace(trusted=str(params["comment"]))
    return made.minisign(
        content, by, how._replace(prehashed=bool(params.get("prehashed", how.prehashed)))
    )


def _logged(form: str, content: bytes, by: str, params: Mapping[str, object]) -> bytes:
    """Return a bundle with an entry of the instance's log, of the time ``logged_at``.

    ``bend``: promise, proof, checkpoint, body (the entry is about another content).
    """
    at = str(params.get("logged_at", sigstore_writer.SIGNED))
    stated = sigstore_writer.Instance().bundle(content, by, at)
    (entry,) = stated["verificationMaterial"]["tlogEntries"]
    bend = params.get("bend")
    if bend == "promise":
        entry["integratedTime"] = str(int(entry["integratedTime"]) + 1)
    elif bend == "proof":
        entry["inclusionProof"]["hashes"] = []
    elif bend == "checkpoint":
        head = entry["inclusionProof"]["checkpoint"]
        head["envelope"] = head["envelope"].replace("rekor.acme", "rekor.other")
    elif bend == "body":
        other = sigstore_writer.Instance().bundle(b"other", by, at)
        stated["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    return json.dumps(sigstore_writer.of_cosign(stated) if form == "cosign" else stated).encode()


def _tampered(signature: bytes, what: str) -> bytes:
    if what == "comment":
        return signature.replace(b"timestamp:179", b"timestamp:199")
    if what != "signature":
        return signature
    lines = signature.split(b"\n")
    ssh = signature.startswith(b"-----BEGIN")
    chosen = -3 if ssh else (1 if len(lines) > 2 else 0)  # noqa: PLR2004 -- a comment goes first
    own = lines[chosen]
    middle = len(own) // 2
    other = b"B" if own[middle : middle + 1] == b"A" else b"A"
    lines[chosen] = own[:middle] + other + own[middle + 1 :]
    return b"\n".join(lines)


def _public(form: str, name: str, params: Mapping[str, object]) -> bytes:
    if form == "SSH":
        return made.ssh_public(name, _kind(form, params))
    if form in _PEM:
        return made.pem_public(name, _kind(form, params))
    return made.minisign_public(name)


def _store(form: str, params: Mapping[str, object]) -> dict[str, bytes]:
    names = params.get("store", ["release"])
    if names == "none":
        return {}
    options = str(params.get("options", ""))
    ending = "pem" if form in _PEM else "pub"
    found, listed = {}, []
    if "instance" in params:
        instance = sigstore_writer.Instance(str(params["instance"]))
        found[f"{TRUST}acme.trusted_root.json"] = instance.trusted_root()
    for name in cast("Sequence[str]", names):
        data = _public(form, name, params)
        if options:
            data = b"release@acme.example " + options.encode() + b" " + data
        path = f"keys/{name}.{ending}" if "record" in params else f"{name}.{ending}"
        found[TRUST + path] = data
        listed.append(path)
    record = params.get("record")
    if record is not None:
        stated = cast("Mapping[str, object]", record)
        found[f"{TRUST}vendors/acme.yaml"] = _record(stated, listed).encode()
    return found


def _record(record: Mapping[str, object], files: Sequence[str]) -> str:
    own = ("state", "accept_until")
    lines = ["schema: 1", "version: 1", "vendor: acme"]
    lines += [f"{field}: {value}" for field, value in record.items() if field not in own]
    lines.append("keys:")
    for file in files:
        lines.append(f"- file: {file}")
        lines += [f"  {field}: {record[field]}" for field in own if field in record]
    return "\n".join(lines) + "\n"
