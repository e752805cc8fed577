"""Programs that write archives: how each is called, and what it can store.

A command runs in the folder whose content is to be packed, and writes to ``$OUT``. What cannot be
said in a line of shell is a function below.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from .random_trees import Shape

FULL: Final = Shape()
PLAIN: Final = Shape(odd_names=False)
_FLAT: Final = Shape(odd_names=False, deep=False, folders=False, links=False, modes=False)
_FILES: Final = Shape(links=False, modes=False)
_BARE: Final = Shape(links=False, modes=False, folders=False)


class ProgramWriter(NamedTuple):
    """A writer. ``needs``: programs besides the command's first word, which is looked for too.

    ``prefix`` is what it puts before the addresses. ``single``: it packs one file, ``$ONE``.
    ``extra``: members of its own, as a pattern. ``slow``: not for archives inside others.
    """

    name: str
    ending: str
    command: str
    shape: Shape = FULL
    needs: str = ""
    prefix: str = ""
    single: bool = False
    extra: str = ""
    slow: bool = False

    @property
    def missing(self) -> str:
        """The first program that is not here; empty if all are."""
        first = self.command.split()[0]
        wanted = [*([] if "=" in first else [first]), *self.needs.split()]
        return next((name for name in wanted if shutil.which(name) is None), "")

    def write(self, tree: Path, out: Path, one: str = "") -> bytes:
        """Pack the folder ``tree`` and return the archive. Raises ``RuntimeError``."""
        settings = {"OUT": str(out), "ONE": one, "LC_ALL": "C.UTF-8", "HOME": str(out.parent)}
        environment = {**os.environ, **settings}
        done = subprocess.run(
            ["sh", "-ec", self.command], cwd=tree, env=environment, check=False,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.returncode} {done.stdout} {done.stderr}")
        return out.read_bytes()


def _cpio(form: str) -> str:
    return f"find . -mindepth 1 -depth -print0 | cpio --quiet -0 -o -H {form} > $OUT"


def _rpm(payload: str) -> str:
    """Return what builds a package of all files as they lie there."""
    spec = (
        "Name: dten", "Version: 9.4", "Release: 1", "Summary: x", "License: x", "BuildArch: noarch",
        "%description", "x", "%install", "cp -a $TREE/. %{buildroot}/", "%post", "ldconfig",
        "%files -f $TREE/../files",
    )  # fmt: skip
    lines = " ".join(f'"{line}"' for line in spec)
    return (
        "TREE=$PWD; find . -mindepth 1 -type d -printf '%%dir \"/%P\"\\n' > ../files;"
        " find . ! -type d -printf '\"/%P\"\\n' >> ../files;"
        f" printf '%s\\n' {lines} > ../dten.spec;"
        ' rpmbuild -bb --quiet --define "_topdir $TREE/../rpm"'
        " --define '__os_install_post %{nil}' --define '_build_id_links none'"
        f" --define '_binary_payload {payload}' ../dten.spec; mv ../rpm/RPMS/noarch/*.rpm $OUT"
    )


def _single(tool: str, ending: str, command: str) -> ProgramWriter:
    return ProgramWriter(tool, ending, command, _FILES, single=True)


_GIT: Final = (
    "git init -q ../git; cp -a . ../git; cd ../git; git add -A;"
    " git -c user.name=v -c user.email=v@example.org commit -q -m x; git archive --format="
)
_DEB: Final = (
    "mkdir -p ../deb; cp -a . ../deb; mkdir ../deb/DEBIAN; printf '%s\\n' 'Package: dten'"
    " 'Version: 9.4' 'Architecture: all' 'Maintainer: V <v@example.org>' 'Description: x'"
    " > ../deb/DEBIAN/control; dpkg-deb --root-owner-group -Z"
)
_NPM: Final = (
    'printf \'%s\' \'{"name": "dten", "version": "9.4.0"}\' > package.json;'
    " npm pack --silent --offline --cache ../npm --pack-destination .. > /dev/null;"
    " mv ../dten-9.4.0.tgz $OUT"
)
_SELF_SHAPE: Final = Shape(odd_names=False, folders=False)
_SELF: Final = "makeself --quiet --nox11 --nomd5 --nocrc {} . $OUT dten true"
_DEB_EXTRA: Final = r"debian-binary|control\.tar\.\w+!/(control|md5sums)|control\.tar!/control"
_SELF_EXTRA: Final = r"@script\.sh"

WRITERS: Final = (
    ProgramWriter("zip", ".zip", "zip -q -r -y $OUT ."),
    ProgramWriter("zip to a pipe", ".zip", "zip -q -r -y - . > $OUT"),
    ProgramWriter("zip, stored", ".jar", "zip -q -0 -r -y $OUT ."),
    ProgramWriter("zip, 64-bit", ".zip", "zip -q -fz -r -y $OUT ."),
    ProgramWriter("zip, descriptors", ".zip", "zip -q -fd -r $OUT .", Shape(links=False)),
    ProgramWriter("zip, no extra fields", ".zip", "zip -q -X -D -r -y $OUT .",
                  Shape(folders=False)),
    ProgramWriter("zip, bzip2", ".zip", "zip -q -Z bzip2 -r -y $OUT ."),
    ProgramWriter("zip, comment", ".zip", "echo of dten | zip -q -z -r -y $OUT .",
                  needs="zip"),
    ProgramWriter("zip, updated", ".zip",
                  "zip -q -y $OUT *; zip -q -r -y -u $OUT . || test $? -eq 12"),
    ProgramWriter("zip, aligned", ".apk", "zip -q -r -y ../a.zip .; zipalign -f 4 ../a.zip $OUT",
                  needs="zipalign"),
    ProgramWriter("zip, self-extracting", ".run",
                  "zip -q -r -y ../a.zip .; cat $(command -v unzipsfx) ../a.zip > $OUT;"
                  " zip -q -A $OUT", needs="unzipsfx", extra="@prefix"),
    ProgramWriter("p7zip, zip", ".zip", "7z a -tzip -snl $OUT . > /dev/null"),
    ProgramWriter("7-Zip, zip", ".zip", "7zz a -tzip -snl $OUT . > /dev/null"),
    ProgramWriter("7-Zip, zip, deflate64", ".zip", "7zz a -tzip -snl -mm=Deflate64 $OUT ."),
    ProgramWriter("7-Zip, zip, bzip2", ".zip", "7zz a -tzip -snl -mm=BZip2 $OUT ."),
    ProgramWriter("7-Zip, zip, lzma", ".zip", "7zz a -tzip -snl -mm=LZMA $OUT ."),
    ProgramWriter("7-Zip, tar", ".tar", "7zz a -ttar -snl $OUT ."),
    ProgramWriter("p7zip, tar", ".tar", "7z a -ttar -snl $OUT . > /dev/null"),
    ProgramWriter("7-Zip, tar, pax", ".tar", "7zz a -ttar -mm=pax -snl $OUT ."),
    _single("7-Zip, gzip", ".gz", "7zz a -tgzip $OUT $ONE"),
    _single("7-Zip, bzip2", ".bz2", "7zz a -tbzip2 $OUT $ONE"),
    _single("7-Zip, xz", ".xz", "7zz a -txz $OUT $ONE"),
    ProgramWriter("7-Zip, 7z", ".7z", "7zz a -t7z -snl $OUT ."),
    ProgramWriter("7-Zip, 7z, not solid", ".7z", "7zz a -t7z -ms=off -m0=lzma -snl $OUT ."),
    ProgramWriter("7-Zip, 7z, bzip2", ".7z", "7zz a -t7z -m0=bzip2 -snl $OUT ."),
    ProgramWriter("7-Zip, 7z, stored", ".7z", "7zz a -t7z -mx0 -snl $OUT ."),
    ProgramWriter("bsdtar, 7z", ".7z", "bsdtar --format 7zip -cf $OUT *"),
    ProgramWriter("bsdtar, zip", ".zip", "bsdtar --format zip -cf $OUT *"),
    ProgramWriter("bsdtar, zip to a pipe", ".zip", "bsdtar --format zip -cf - * > $OUT"),
    ProgramWriter("bsdtar, zip, stored", ".zip",
                  "bsdtar --format zip --options zip:compression=store -cf $OUT *"),
    ProgramWriter("bsdtar, ustar", ".tar", "bsdtar --format ustar -cf $OUT .", PLAIN),
    ProgramWriter("bsdtar, pax", ".tar", "bsdtar --format pax -cf $OUT ."),
    ProgramWriter("bsdtar, GNU", ".tar", "bsdtar --format gnutar -cf $OUT ."),
    ProgramWriter("bsdtar, newc", ".cpio", "bsdtar --format newc -cf $OUT *"),
    ProgramWriter("bsdtar, odc", ".cpio", "bsdtar --format odc -cf $OUT *"),
    ProgramWriter("bsdtar, ar", ".a", "bsdtar --format arbsd -cf $OUT *",
                  _FLAT._replace(modes=True)),
    ProgramWriter("bsdtar, gzip", ".tar.gz", "bsdtar -czf $OUT ."),
    ProgramWriter("bsdtar, bzip2", ".tbz2", "bsdtar -cjf $OUT ."),
    ProgramWriter("bsdtar, xz", ".txz", "bsdtar -cJf $OUT ."),
    ProgramWriter("bsdtar, zstd", ".tar.zst", "bsdtar --zstd -cf $OUT ."),
    ProgramWriter("bsdtar, lzip", ".tar.lz", "bsdtar --lzip -cf $OUT ."),
    ProgramWriter("bsdtar, lzma", ".tar.lzma", "bsdtar --lzma -cf $OUT ."),
    ProgramWriter("GNU tar", ".tar", "tar -cf $OUT ."),
    ProgramWriter("GNU tar, pax", ".tar", "tar --format=pax -cf $OUT ."),
    ProgramWriter("GNU tar, ustar", ".tar", "tar --format=ustar -cf $OUT .", PLAIN),
    ProgramWriter("GNU tar, V7", ".tar", "tar --format=v7 -cf $OUT .", PLAIN),
    ProgramWriter("GNU tar, sparse", ".tar", "tar -S -cf $OUT ."),
    ProgramWriter("GNU tar, appended", ".tar", "tar -cf $OUT -T /dev/null; tar -rf $OUT *"),
    ProgramWriter("GNU tar, gzip", ".tgz", "tar -czf $OUT .", needs="gzip"),
    ProgramWriter("GNU tar, bzip2", ".tar.bz2", "tar -cjf $OUT .", needs="bzip2"),
    ProgramWriter("GNU tar, xz", ".tar.xz", "tar -cJf $OUT .", needs="xz"),
    ProgramWriter("GNU tar, zstd", ".tar.zst", "tar --zstd -cf $OUT .", needs="zstd"),
    ProgramWriter("GNU tar, lzip", ".tar.lz", "tar --lzip -cf $OUT .", needs="lzip"),
    ProgramWriter("GNU cpio, newc", ".cpio", _cpio("newc"), needs="cpio"),
    ProgramWriter("GNU cpio, crc", ".cpio", _cpio("crc"), needs="cpio"),
    ProgramWriter("GNU cpio, odc", ".cpio", _cpio("odc"), needs="cpio"),
    ProgramWriter("GNU cpio, bin", ".cpio", _cpio("bin"), needs="cpio"),
    ProgramWriter("GNU cpio, ustar", ".tar", _cpio("ustar"), PLAIN, needs="cpio"),
    ProgramWriter("ar", ".a", "ar rc $OUT *", _FLAT),
    ProgramWriter("dpkg-deb, xz", ".deb", _DEB + "xz -b ../deb $OUT", PLAIN, "dpkg-deb",
                  "data.tar.xz!/", extra=_DEB_EXTRA),
    ProgramWriter("dpkg-deb, gzip", ".deb", _DEB + "gzip -b ../deb $OUT", PLAIN, "dpkg-deb",
                  "data.tar.gz!/", extra=_DEB_EXTRA),
    ProgramWriter("dpkg-deb, zstd", ".deb", _DEB + "zstd -b ../deb $OUT", PLAIN, "dpkg-deb",
                  "data.tar.zst!/", extra=_DEB_EXTRA),
    ProgramWriter("dpkg-deb, plain", ".deb", _DEB + "none -b ../deb $OUT", PLAIN, "dpkg-deb",
                  "data.tar!/", extra=_DEB_EXTRA),
    ProgramWriter("rpmbuild, gzip", ".rpm", _rpm("w9.gzdio"), PLAIN, "rpmbuild",
                  extra=r"@scriptlets/post\.sh", slow=True),
    ProgramWriter("rpmbuild, xz", ".rpm", _rpm("w2.xzdio"), PLAIN, "rpmbuild",
                  extra=r"@scriptlets/post\.sh", slow=True),
    ProgramWriter("rpmbuild, zstd", ".rpm", _rpm("w3.zstdio"), PLAIN, "rpmbuild",
                  extra=r"@scriptlets/post\.sh", slow=True),
    ProgramWriter("jar", ".jar", "jar -c -f $OUT .", _FILES, extra=r"META-INF(/MANIFEST\.MF)?",
                  slow=True),
    ProgramWriter("jar, stored", ".war", "jar -c -0 -M -f $OUT .", _FILES, slow=True),
    ProgramWriter("npm pack", ".tgz", _NPM, _FLAT, "npm", "package/",
                  extra=r"package/package\.json", slow=True),
    ProgramWriter("git archive, zip", ".zip", _GIT + "zip -o $OUT HEAD", _BARE._replace(links=True),
                  "git"),
    ProgramWriter("git archive, tar", ".tar", _GIT + "tar -o $OUT HEAD", _BARE._replace(links=True),
                  "git"),
    ProgramWriter("git archive, tar.gz", ".tar.gz", _GIT + "tar.gz -o $OUT HEAD",
                  _BARE._replace(links=True), "git"),
    ProgramWriter("makeself, gzip", ".run", _SELF.format("--gzip"), _SELF_SHAPE,
                  needs="makeself",
                  prefix="@payload!/", extra=_SELF_EXTRA),
    ProgramWriter("makeself, xz", ".run", _SELF.format("--xz"), _SELF_SHAPE,
                  needs="makeself xz",
                  prefix="@payload!/", extra=_SELF_EXTRA),
    ProgramWriter("makeself, zstd", ".run", _SELF.format("--zstd"), _SELF_SHAPE,
                  needs="makeself zstd",
                  prefix="@payload!/", extra=_SELF_EXTRA),
    ProgramWriter("makeself, plain", ".run", _SELF.format("--nocomp"), _SELF_SHAPE,
                  needs="makeself",
                  prefix="@payload!/", extra=_SELF_EXTRA),
    _single("gzip", ".gz", "gzip -c $ONE > $OUT"),
    _single("gzip, no name", ".gz", "gzip -9 -n < $ONE > $OUT"),
    _single("gzip, two members", ".gz",
            "gzip -c $ONE > $OUT; : | gzip -n >> $OUT"),
    _single("bzip2", ".bz2", "bzip2 -c $ONE > $OUT"),
    _single("xz", ".xz", "xz -c $ONE > $OUT"),
    _single("xz, blocks", ".xz", "xz -T2 --block-size=65536 -C sha256 -c $ONE > $OUT"),
    _single("lzma", ".lzma", "xz --format=lzma -c $ONE > $OUT"),
    _single("zstd", ".zst", "zstd -q -c $ONE > $OUT"),
    _single("zstd, no checksum", ".zst", "zstd -q -19 --no-check < $ONE > $OUT"),
    _single("lzip", ".lz", "lzip -c $ONE > $OUT"),
    _single("lzip, members", ".lz", "lzip -b 100000 -c $ONE > $OUT"),
)  # fmt: skip
