"""What signatures inside programs and Java archives prove: attacks, chains, questions."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from dten_audit import Options, audit
from dten_audit.auditing import examine
from dten_audit.examples.encoding import attribute, integer, oid, tlv
from dten_audit.examples.pki import (
    LEAF,
    Stamp,
    der,
    issue,
    sign_detached,
    sign_structure,
)
from dten_audit.examples.signed_code import (
    SPC_INDIRECT_DATA,
    TRUST,
    Vendor,
    indirect,
    program,
    sign_archive,
    sign_program,
    signed_archive,
    signed_program,
)
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.links.package import Package
from dten_audit.model.facts.code_signatures import (
    ArchiveEntry,
    CodeSignature,
    LoneSignature,
    SignedArchive,
)
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signatures import SignatureCheck, TimestampCheck
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.certificates import load
from dten_audit.site.trust import TrustStore
from tests.derive.signed import package as derived
from tests.derive.signing.world import store

VENDOR = Vendor()
CLASS = b"\xca\xfe\xba\xbe\0\0\0\x3d"


def stored(tmp_path: Path, files: Mapping[str, bytes]) -> tuple[Path, Options]:
    """Write a package and its trust store."""
    package, store = tmp_path / "package.zip", tmp_path / "trust"
    with zipfile.ZipFile(package, "w") as archive:
        for path, data in files.items():
            if path.startswith(TRUST):
                store.mkdir(exist_ok=True)
                (store / path.removeprefix(TRUST)).write_bytes(data)
            else:
                archive.writestr(path, data)
    return package, Options(trust=store if store.is_dir() else None)


def examined(tmp_path: Path, files: Mapping[str, bytes]) -> Package:
    package, options = stored(tmp_path, files)
    return examine(package, options)


def of_jar(tmp_path: Path, params: Mapping[str, object]) -> tuple[Counter[str], Package]:
    """Return what is said of an archive built with these changes: status and path."""
    package = examined(tmp_path, signed_archive(params))
    said = Counter(f"{entry.status} {entry.path}" for entry in package.of(ArchiveEntry))
    said.update(f"half {own.what}" for own in package.of(LoneSignature))
    said.update(f"manifest {own.manifest}" for own in package.of(SignedArchive))
    for own in package.of(CodeSignature):
        if own.content_matches is False:
            said["signature file changed"] += 1
        if own.signature_valid is False:
            said["not genuine"] += 1
    return said, package


INTACT = {"manifest whole": 1}


ATTACKS = [
    ({}, INTACT),
    ({"whole": False}, {"manifest sections": 1}),
    ({"after": {"evil/x.sh": "rm -rf /"}}, INTACT | {"uncovered evil/x.sh": 1}),
    (
        {"after": {"META-INF/cron.d/evil": "* * * * *"}},
        INTACT | {"uncovered META-INF/cron.d/evil": 1},
    ),
    ({"after": {"META-INF/FOO.RSA": "junk"}}, INTACT | {"half signature-block": 1}),
    (
        {"after": {"META-INF/FOO.SF": "Signature-Version: 1.0\r\n\r\n"}},
        {"manifest whole": 1, "manifest differs": 1, "half signature-file": 1},
    ),
    ({"after": {"META-INF/SIG-X": "junk"}}, INTACT | {"uncovered META-INF/SIG-X": 1}),
    (
        {"after": {"com/acme/Sync.class": "other"}},
        INTACT | {"differs com/acme/Sync.class": 1},
    ),
    ({"drop": ["com/acme/Sync.class"]}, INTACT | {"missing com/acme/Sync.class": 1}),
    (
        {"twice": {"com/acme/Sync.class": "evil"}},
        INTACT | {"differs com/acme/Sync.class": 1},
    ),
    (
        {"replace": {"META-INF/MANIFEST.MF": ["Acme build", "Acme bvild"]}},
        {"manifest differs": 1, "uncovered com/acme/Sync.class": 0},
    ),
    (
        {"replace": {"META-INF/ACME.SF": ["Signature-Version", "Signature-Versiom"]}},
        {"manifest whole": 1, "signature file changed": 1},
    ),
    ({"drop": ["META-INF/ACME.EC"]}, {"manifest whole": 1, "half signature-file": 1}),
    ({"drop": ["META-INF/ACME.SF"]}, {"half signature-block": 1}),
    ({"drop": ["META-INF/ACME.SF", "META-INF/ACME.EC"]}, {"half manifest": 1}),
    ({"tamper": "signature"}, INTACT | {"not genuine": 1}),
    ({"drop": ["META-INF/MANIFEST.MF"]}, {"manifest missing": 1, "unchecked ": 1}),
    (
        {"after": {"META-INF/INDEX.LIST": "x", "META-INF/versions/9/a.class": "x"}},
        INTACT | {"uncovered META-INF/INDEX.LIST": 1,
                  "uncovered META-INF/versions/9/a.class": 1},
    ),
    (
        {
            "entries": {"META-INF/INDEX.LIST": "x", "META-INF/versions/9/a.class": "x"},
            "after": {"META-INF/versions/9/a.class": "y"},
        },
        INTACT | {"differs META-INF/versions/9/a.class": 1},
    ),
    ({"twice": {"dir/": "payload"}}, INTACT | {"uncovered dir/": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("params", "expected"), ATTACKS)
def test_attacks_on_archives(
    tmp_path: Path, params: dict[str, object], expected: dict[str, int]
) -> None:
    said, _ = of_jar(tmp_path, params)
    assert said == Counter(expected)


@pytest.mark.parametrize("digest", ["MD5", "SHA1", "SHA-256", "SHA-384", "SHA-512"])
def test_digests(tmp_path: Path, digest: str) -> None:
    said, package = of_jar(tmp_path, {"digest": digest})
    assert said == INTACT
    (own,) = package.of(SignedArchive)
    assert own.weak == ((digest,) if digest in ("MD5", "SHA1") else ())
    assert (own.holds, own.covered, own.main) == (True, 2, "matches")


def test_a_changed_section_is_named(tmp_path: Path) -> None:
    old = "Name: com/acme/Sync.class\r\n"
    params = {"whole": False, "replace": {"META-INF/MANIFEST.MF": [old, f"{old}Sealed: false\r\n"]}}
    said, _ = of_jar(tmp_path, params)
    assert said["section-differs com/acme/Sync.class"] == 1
    assert said["manifest differs"] == 1


def test_a_magic_attribute_is_not_waved_through(tmp_path: Path) -> None:
    old = "Name: com/acme/Sync.class\r\n"
    said, _ = of_jar(tmp_path, {"replace": {"META-INF/MANIFEST.MF": [old, f"{old}Magic: x\r\n"]}})
    assert said["unchecked com/acme/Sync.class"] == 1


def test_two_signers_where_one_of_them_signed_everything(tmp_path: Path) -> None:
    entries = {"a.class": CLASS, "b.class": CLASS + b"b"}
    other = Vendor("Other Root CA")
    found = sign_archive(entries, VENDOR)
    part = sign_archive(entries, other, alias="OTHER", whole=False)
    section = part["META-INF/OTHER.SF"].index(b"Name: b.class")
    partial = part["META-INF/OTHER.SF"][:section]
    found["META-INF/OTHER.SF"] = partial
    chain = [own.certificate for own in other.chain]
    found["META-INF/OTHER.EC"] = sign_detached(partial, other.signer, chain)
    jar = write_zip([ZipMember(path, data) for path, data in found.items()])
    package = examined(tmp_path, {"lib/two.jar": jar})
    assert [own.covered for own in package.of(SignedArchive)] == [2, 1]
    assert package.of(ArchiveEntry) == []


def test_a_war_with_an_archive_inside(tmp_path: Path) -> None:
    inner = signed_archive({})["lib/dten-sync.jar"]
    entries = {"WEB-INF/lib/sync.jar": inner, "WEB-INF/web.xml": b"<web-app/>"}
    members = sign_archive(entries, VENDOR)
    good = write_zip([ZipMember(path, data) for path, data in members.items()])
    package = examined(tmp_path, {"app.war": good})
    assert [own.covered for own in package.of(SignedArchive)] == [2, 2]
    members["WEB-INF/lib/sync.jar"] = signed_archive({"after": {"x.class": "x"}})[
        "lib/dten-sync.jar"
    ]
    bad = write_zip([ZipMember(path, data) for path, data in members.items()])
    package = examined(tmp_path, {"app.war": bad})
    assert {(own.status, own.path) for own in package.of(ArchiveEntry)} == {
        ("differs", "WEB-INF/lib/sync.jar"),
        ("uncovered", "x.class"),
    }


def test_an_archive_whose_manifest_comes_last(tmp_path: Path) -> None:
    members = sign_archive({f"a{number}.class": CLASS for number in range(20)}, VENDOR)
    jar = write_zip([ZipMember(path, data) for path, data in reversed(members.items())])
    package = examined(tmp_path, {"lib/late.jar": jar})
    assert [own.covered for own in package.of(SignedArchive)] == [20]


def test_an_archive_that_is_the_package_itself(tmp_path: Path) -> None:
    path = tmp_path / "app.war"
    path.write_bytes(signed_archive({"after": {"x.class": "x"}})["lib/dten-sync.jar"])
    package = examine(path, Options())
    assert [own.path for own in package.of(ArchiveEntry)] == ["x.class"]
    assert [own.archive for own in package.of(SignedArchive)] == ["app.war"]


def of_program(tmp_path: Path, data: bytes) -> list[CodeSignature]:
    return examined(tmp_path, {"bin/a.exe": data}).of(CodeSignature)


def test_an_intact_program_without_a_store_is_one_question(tmp_path: Path) -> None:
    files = signed_program({"paths": [f"bin/{number}.dll" for number in range(30)]})
    path, options = stored(tmp_path, files)
    (report,) = audit([path], options).packages
    (finding,) = [own for own in report.findings if own.rule == "SIGN083"]
    assert finding.severity == "low"
    assert [own.rule for own in report.findings] == ["SIGN083"]


@pytest.mark.parametrize(
    ("offset", "content", "valid"),
    [(0x200, False, True), (-12, True, False), (0x80 + 24 + 64, True, True)],
)
def test_flips(tmp_path: Path, offset: int, content: bool, valid: bool) -> None:
    made = bytearray(sign_program(program(), VENDOR))
    if offset < 0:
        offset += len(bytes(made).rstrip(b"\0"))
    made[offset] ^= 1
    (own,) = of_program(tmp_path, bytes(made))
    assert (own.content_matches, own.signature_valid) == (content, valid)


def test_the_time_of_a_trusted_authority() -> None:
    above = issue("Time Root", None, LEAF._replace(ca=True, eku=()))
    authority = issue("Time", above, LEAF._replace(eku=("timeStamping",)))
    stamp = Stamp(authority, (above.certificate,), "2026-01-01T00:00:00Z")
    old = Vendor(leaf=LEAF._replace(valid=("2025-01-01", "2026-06-01")))
    data = sign_program(program(), old, stamp=stamp)
    (root,) = store(load(der(old.root.certificate))).roots
    (clock,) = store(load(der(above.certificate))).roots
    trust = TrustStore([root, clock._replace(use=frozenset({"timestamp"}))])
    (own,) = derived({"bin/a.exe": data}, trust).of(CodeSignature)
    assert (own.timestamps, own.trust, own.defects) == (1, "trusted", ())
    assert own.timestamp == "2026-01-01T00:00:00Z"
    (alone,) = derived({"bin/a.exe": data}, TrustStore([root])).of(CodeSignature)
    assert (alone.timestamp, alone.defects) == ("", ("expired",))


def countersigned(signature: bytes, what: bytes) -> bytes:
    """Return a PKCS #9 countersignature over ``what``, by the vendor's own signer."""
    made = sign_detached(what or signature, VENDOR.signer, at="2026-01-01T00:00:00Z")
    serial = integer(VENDOR.signer.certificate.serial_number)
    at = made.rindex(serial)
    start = made.rindex(tlv(0x02, b"\x01"), 0, at)
    return made[start - _header(made, start) :]


def _header(made: bytes, start: int) -> int:
    return next(size for size in (2, 3, 4) if made[start - size] == 0x30)


@pytest.mark.parametrize(("what", "sound"), [(b"", True), (b"another signature", False)])
def test_countersignatures(tmp_path: Path, what: bytes, sound: bool) -> None:
    image = program()
    message = sign_structure(
        SPC_INDIRECT_DATA,
        indirect(image),
        VENDOR.signer,
        [own.certificate for own in VENDOR.chain],
        unsigned=lambda signature: [
            attribute("1.2.840.113549.1.9.6", countersigned(signature, what))
        ],
    )
    files = {"bin/a.exe": with_message(image, message)}
    package = examined(tmp_path, files)
    assert [own.sound for own in package.of(TimestampCheck)] == [sound]
    assert [own.time for own in package.of(TimestampCheck)] == ["2026-01-01T00:00:00Z"]


def with_message(image: bytes, message: bytes) -> bytes:
    """Return a program with this message in its certificate table."""
    signed = sign_program(image, VENDOR)
    message += b"\0" * (-len(message) % 8)
    head = (len(message) + 8).to_bytes(4, "little")
    directory = 0x80 + 24 + 112 + 32
    table = head + signed[len(image) + 4 : len(image) + 8] + message
    size = len(table).to_bytes(4, "little")
    return signed[: directory + 4] + size + signed[directory + 8 : len(image)] + table


def test_a_signer_of_another_type_of_content_is_refused(tmp_path: Path) -> None:
    image = program()
    message = sign_structure(SPC_INDIRECT_DATA, indirect(image), VENDOR.signer)
    kind = attribute("1.2.840.113549.1.9.3", oid(SPC_INDIRECT_DATA))
    other = kind.replace(oid(SPC_INDIRECT_DATA), oid("1.3.6.1.4.1.311.2.1.5"))
    (own,) = of_program(tmp_path, with_message(image, message.replace(kind, other)))
    assert own.signature_valid is False


def test_without_a_store_trust_is_unknown(tmp_path: Path) -> None:
    (own,) = of_program(tmp_path, sign_program(program(), VENDOR))
    assert own.trust == Unknown("trust.roots")
    assert own.authority.startswith("CN=Acme Root CA 2014,O=Acme Vendor GmbH, SHA-256 ")


PROGRAM = """
import sys
from dten_audit.cli.main import main
main([sys.argv[1], "--format", "json"])
print("cryptography" in {name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize(("signed", "imported"), [(False, "False"), (True, "True")])
def test_programs_and_archives_without_signatures_cost_no_import(
    tmp_path: Path, *, signed: bool, imported: str
) -> None:
    image = sign_program(program(), VENDOR) if signed else program()
    jar = write_zip([ZipMember("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n")])
    script = b"# SIG # is a comment\r\nStop-Service dten\r\n"
    files = {"bin/a.exe": image, "lib/a.jar": jar, "install/Up.ps1": script}
    package, _ = stored(tmp_path, files)
    command = [sys.executable, "-c", PROGRAM, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.splitlines()[-1] == imported


def test_a_signature_takes_less_than_three_milliseconds() -> None:
    """Beside the digest of the program, which depends on its size."""
    made = {f"bin/{n}.dll": sign_program(program(bytes([n])), VENDOR) for n in range(200)}
    derived({"bin/a.exe": made["bin/0.dll"]})
    start = time.process_time()
    found = derived(made).of(CodeSignature)
    spent = time.process_time() - start
    assert len(found) == 200
    assert spent / len(found) < 0.003


def test_a_program_that_carries_hundreds_of_messages() -> None:
    image = program()
    chain = [own.certificate for own in VENDOR.chain]
    inner = sign_structure(SPC_INDIRECT_DATA, indirect(image), VENDOR.signer, chain)
    nested = [attribute("1.3.6.1.4.1.311.2.4.1", inner)] * 300
    message = sign_structure(
        SPC_INDIRECT_DATA, indirect(image), VENDOR.signer, chain, unsigned=lambda _: nested
    )
    made = derived({"bin/a.exe": with_message(image, message)})
    assert len(made.of(CodeSignature)) == 16
    assert [own.language for own in made.of(Unreadable)] == ["authenticode"]


def test_an_archive_with_very_many_signature_files(tmp_path: Path) -> None:
    entries = {f"a{number}.class": CLASS for number in range(2000)}
    members = sign_archive(entries, VENDOR)
    own, block = members["META-INF/ACME.SF"], members["META-INF/ACME.EC"]
    for number in range(100):
        members[f"META-INF/X{number}.SF"] = own
        members[f"META-INF/X{number}.EC"] = block
    jar = write_zip([ZipMember(path, data) for path, data in members.items()])
    start = time.process_time()
    package = examined(tmp_path, {"lib/many.jar": jar})
    assert time.process_time() - start < 5
    assert len(package.of(SignedArchive)) == 20
    first, *others = package.of(ArchiveEntry)
    assert first.status == "unchecked"
    assert len(others) == 81
    assert all(own.metadata for own in others)
    assert package.of(LoneSignature) == []


@pytest.mark.parametrize("bent", [False, True])
def test_a_catalogue_is_verified_like_any_message(tmp_path: Path, *, bent: bool) -> None:
    """What it lists is not compared: drivers are looked up in it by Windows."""
    listed = tlv(0x30, tlv(0x04, b"members"))
    made = sign_structure("1.3.6.1.4.1.311.10.1", listed, VENDOR.signer)
    made = made.replace(b"members", b"Members") if bent else made
    (own,) = examined(tmp_path, {"drivers/dten.cat": made}).of(SignatureCheck)
    assert (own.content_matches, own.signature_valid) == (not bent, True)
