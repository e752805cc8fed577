"""The names and first bytes by which kinds of documents are told: closed tables, no logic.

Sources: file(1) magic of each format's specification; FHS and the manual pages of cron(8),
systemd.unit(5), sudoers(5), logrotate(8) for the paths.
"""

from __future__ import annotations

SNIFF = "?"
"""Stands for "the name does not tell, look at the content"."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


def _table(rows: str) -> dict[str, str]:
    """Read lines of ``kind: word word …``."""
    table = {}
    for row in rows.strip().splitlines():
        kind, _, words = row.partition(":")
        table.update(dict.fromkeys(words.split(), kind.strip()))
    return table


MAGIC: dict[bytes, str] = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\xfd7zX": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"!<ar": "ar",
    b"!<th": "ar",
    b"\xed\xab\xee\xdb": "rpm",
    b"0707": "cpio",
    b"\xd0\xcf\x11\xe0": "ole",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x89LZO": "lzop",
    b"\x7fELF": "elf",
    b"\xfe\xed\xfa\xce": "macho",
    b"\xfe\xed\xfa\xcf": "macho",
    b"\xce\xfa\xed\xfe": "macho",
    b"\xcf\xfa\xed\xfe": "macho",
    b"\x89PNG": "image",
    b"GIF8": "image",
    b"II*\x00": "image",
    b"MM\x00*": "image",
    b"\x00\x00\x01\x00": "image",
    b"wOFF": "font",
    b"wOF2": "font",
    b"OTTO": "font",
    b"true": SNIFF,
    b"%PDF": "pdf",
    b"\xfe\xed\xfe\xed": "keystore",
    b"\xce\xce\xce\xce": "keystore",
}
"""By the first four bytes. Entries that need more are settled in ``kinds``."""

MAGIC_TWO: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\x1f\x9d": "compress",
    b"\xc7\x71": "cpio",
    b"\x71\xc7": "cpio",
    b"\xff\xd8": "image",
}
"""By the first two bytes, where these alone tell it."""

EXTENSIONS: dict[str, str] = _table("""
shell: sh bash csh tcsh fish ksh zsh dash ash bats bashrc zshrc initd ebuild
shell: postinst preinst postrm prerm
sql: sql ddl dml psql pgsql mysql plsql pks pkb tsql hql cql
systemd-unit: service timer socket automount
yaml: yml yaml
salt: sls
puppet: pp
json: json json5 ipynb geojson webmanifest avsc har jsonc
toml: toml
ini: ini cnf desktop repo editorconfig gitconfig network netdev inf
properties: properties
env: env
xml: xml xsd xsl xslt wsdl plist svg pom csproj vbproj nuspec resx rdf rng wadl jnlp xhtml
pem: pem
pkcs12: p12 pfx
keystore: jks jceks bks keystore truststore
cms: p7s p7m p7b p7c p7 p7x
pgp: gpg pgp kbx
minisign: minisig
checksums: sha1 sha224 sha256 sha384 sha512 md5 b2 sha1sum sha256sum sha512sum md5sum blake3
markdown: md markdown mkd mdx
prose: txt text rst adoc asciidoc textile org pod me
python: py pyi pyw pyx wsgi
ruby: rb rake gemspec ru
php: php phtml php3 php4 php5 php7 phpt
javascript: js mjs cjs jsx vue
typescript: ts tsx mts cts
java: java
go: go
groovy: groovy gradle gvy
spec: spec
csharp: cs csx
perl: pl pm t psgi
powershell: ps1 psm1 psd1
batch: bat cmd
vbscript: vbs vbe wsf wsh hta
registry: reg
makefile: mk mak make
dockerfile: dockerfile containerfile
sudoers: sudoers
polkit: pkla
logrotate: logrotate
html: html htm
css: css scss sass less
csv: csv tsv
kotlin: kt kts
lua: lua
text: c h cc cpp cxx hpp hh hxx m mm rs scala swift tf tfvars hcl
text: cmake r jl ex exs erl hrl clj hs ml proto graphql gql thrift po pot tex diff patch log vim
text: el
font: ttf otf eot woff woff2
image: png jpg jpeg gif ico bmp webp tif tiff
class: class
iso: iso
dmg: dmg
?: conf cfg config crt cer key cert csr crl der ca asc sig sign signature path target mount swap
?: slice scope cron crontab cronjob inc lock map list data dat bin run dump opts rules policy
""")
"""By the last extension, in lower case."""

FAMILIES: dict[str, str] = _table("""
text: sh bash sql yml yaml json toml ini cnf properties xml md txt rst adoc py rb php js ts java go
text: cs pl ps1 bat cmd html htm css csv tsv conf cfg log service timer socket env c h
image: png jpg jpeg gif bmp tif tiff ico webp
font: ttf otf woff woff2
archive: zip jar war ear whl tar gz tgz bz2 xz zst 7z rar rpm deb cab
""")
"""What an ending promises, where content of another family is worth telling."""

KIND_FAMILIES: dict[str, str] = _table("""
program: elf pe macho class
image: image
font: font
archive: zip tar gzip bzip2 xz lzma zstd ar cpio rpm 7z rar cab msi iso dmg xar squashfs lz4 lzop
archive: lzip compress selfextract ole overlay shar arj lzh ace wim vhd vhdx vmdk vdi qcow2 disk
archive: ext xfs btrfs erofs cramfs romfs ubi uimage android-image luks salted flatpak asar stuffit
archive: installshield-cab lrzip bzip3 zpaq nsis
opaque: binary pdf keystore
""")
"""The family of a kind; every other kind is text."""

SUFFIXES_TO_DROP = words(
    "in tmpl template tpl j2 jinja jinja2 erb mustache hbs dist sample example default defaults"
    " bak orig old new disabled rpmnew rpmsave dpkg-dist dpkg-old dpkg-new ucf-dist pkgnew"
    " postgres postgresql sqlite sqlite3 mssql mariadb oracle"
)
"""Endings that say in which state a file is or whom it is for (``a.sql.postgres``), not what."""

NAMES: dict[str, str] = _table("""
makefile: makefile gnumakefile
dockerfile: dockerfile containerfile
sudoers: sudoers
doas: doas.conf
logrotate: logrotate.conf
anacrontab: anacrontab
?: crontab rules config
properties: control wheel
prose: metadata pkg-info
env: .env environment .envrc
shell: .profile .bashrc .bash_profile .bash_login .bash_logout .zshrc .zshenv .kshrc bashrc profile
shell: postinst preinst postrm prerm apkbuild pkgbuild rc.local gradlew mvnw
prose: readme changelog changes history news notice notices license licence copying copyright
prose: authors contributors maintainers credits thanks install installing upgrade upgrading todo
prose: release-notes release_notes releasenotes faq bugs hacking contributing patents version
checksums: sha1sums sha224sums sha256sums sha384sums sha512sums md5sums b2sums checksums
checksums: checksums.txt sha256sums.txt sha512sums.txt md5sums.txt sha1sums.txt checksum.txt
checksums: sha256sum.txt sha512sum.txt md5sum.txt sha256.txt manifest.sha256 record.sha256
ini: .editorconfig .gitconfig .npmrc .pylintrc .coveragerc .flake8 my.cnf pip.conf tox.ini
toml: cargo.lock poetry.lock uv.lock pipfile pdm.lock
json: composer.lock .babelrc .eslintrc .prettierrc pipfile.lock
ruby: rakefile gemfile vagrantfile capfile guardfile brewfile podfile
yaml: .clang-format .yamllint pubspec.lock
csv: record
properties: gradle.properties
""")
"""By the whole name, in lower case."""

PARENTS: dict[str, str] = _table("""
cron: cron.d
sudoers: sudoers.d
doas: doas.d
logrotate: logrotate.d
env: sysconfig
crontab: crontabs
text: apparmor.d extra-profiles
""")
"""By the folder that holds the file, where every file in it is of one kind.

Profiles of AppArmor (apparmor.d(5)) are named after the programs that they confine.
"""

PATH_ENDS: dict[str, str] = _table("""
cron: etc/crontab
env: etc/environment
crontab: cron/root
""")
"""By the last two components of the path."""

UNIT_TYPES = words("service timer socket automount target mount path swap slice scope device")
"""Ends of unit names (systemd.unit(5))."""

INTERPRETERS: dict[str, str] = _table("""
shell: sh bash dash ash ksh ksh93 mksh zsh busybox bats csh tcsh fish
python: python pypy
perl: perl
ruby: ruby jruby
php: php
javascript: node nodejs deno bun
typescript: ts-node tsx
powershell: pwsh powershell
makefile: make gmake
sql: psql mysql sqlite3
groovy: groovy
text: awk gawk mawk nawk sed expect tclsh wish lua luajit Rscript osascript
""")
"""By the interpreter's name without its version."""

CRON_USERS = words(
    "root www-data nobody daemon bin sys adm postgres mysql apache nginx http git redis mail news"
    " backup list proxy man games lp sync uucp operator ftp sshd ntp rabbitmq elasticsearch mongodb"
    " jenkins gitlab tomcat oracle app deploy ubuntu ec2-user admin vagrant wwwrun postfix"
)
"""Users that the sixth field of a system crontab names most often."""
