"""What hurts a reader: for each registered one, text of its language to repeat, nest and number.

Used by ``test_bounds.py``, which counts work, and by ``benchmarks/reader_speed.py``, which measures
megabytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.readers.languages import NUMBER, Language
from tests.readers.pathological_databases import DATABASES
from tests.readers.shell.constructs import CLOSED, REPEATED


class Case(NamedTuple):
    """One way to hurt: a text of any size."""

    reader: str
    language: Language
    name: str
    opening: str
    closing: str = ""

    def text(self, repetitions: int) -> str:
        """Return the text with so many repetitions or levels."""
        language = self.language
        if NUMBER in self.opening:
            body = "".join(self.opening.replace(NUMBER, str(n)) for n in range(repetitions))
        elif self.name == "random":
            body = noise(language, len(self.opening) * repetitions)
        else:
            body = self.opening * repetitions
        return language.head + body + self.closing * repetitions + language.tail

    def sized(self, size: int) -> str:
        """Return the text with about ``size`` characters."""
        unit = len(self.opening) + len(self.closing) + 4 * self.opening.count(NUMBER)
        return self.text(max(size // unit, 1))

    @property
    def path(self) -> str:
        """Where the text lies in its package."""
        return self.language.path


ANYWHERE: Final = (
    *"()[]{}<>\"'`\\$%&|;:,.=+-*/!?@#^~",
    " ", "\t", "\n", "a", "a ", "a\n", "é", "\0", "\\\n", "a=", "a=a\n", " \n", "((", "))",
)  # fmt: skip
"""Pieces that every language gets."""
_ALPHABET: Final = "ab01 \n\t(){}[]<>\"'`\\$%&|;:,.=+-*/!?@#"


def noise(language: Language, size: int) -> str:
    """Return random pieces of a language, the same ones each time."""
    choose = random.Random(size)
    pieces = [*language.pieces, *(part for pair in language.pairs for part in pair), *_ALPHABET]
    found: list[str] = []
    length = 0
    while length < size:
        found.append(choose.choice(pieces).replace(NUMBER, "1"))
        length += len(found[-1])
    return "".join(found)


def cases() -> Iterator[Case]:
    """Yield every case of every language."""
    for reader, languages in LANGUAGES.items():
        for language in languages:
            for piece in dict.fromkeys((*language.pieces, *ANYWHERE)):
                yield Case(reader, language, repr(piece), piece)
            for opening, closing in language.pairs:
                yield Case(reader, language, f"{opening!r} … {closing!r}", opening, closing)
            yield Case(reader, language, "random", "x" * 10)


_XML_PAIRS: Final = (("<a>", "</a>"), ("<a b='c'>", "</a>"), ("<!--", "-->"), ("<![CDATA[", "]]>"))
_XML: Final = ("<a/>", "<a>b</a>\n", "<a b='§'/>", "<", "&lt;", "&a;", "<!--", "<![CDATA[", "]]>",
               "<a§>", "<?a?>")  # fmt: skip
_YAML: Final = (
    "- a\n", "- - ", "? ", "a§: b\n", "a§: &b§ [1]\n", "- *a\n", "- {a: b}\n", "a: |\n  b\n", "&a ", "*a ",
    "{{ a }}", "{% a %}", "- a: b\n  c: d\n", "---\na: b\n", "!a ", "a: ", '- "a b"\n', "# a\n",
)  # fmt: skip
_YAML_PAIRS: Final = (("[", "]"), ("{a: ", "}"), ("- [", "]\n"))
_PROGRAM: Final = (
    "f(", "f(g(", "a + ", "a = a + b\n", "a§ = 'b'\n", "system('a')\n", "os.system('a§')\n", "a.b", "a.b()",
    "'a' + ", '"a" ', "if (a) {", "if a:\n  ", "def f§():\n  pass\n", "function f() {", "f§()\n", "// a\n",
    "# a\n", "/*", "*/", '"""', "`a`", "${", '"${', "#{", "<<E\n", "<<~E\n", "->a", "::a", "=>", "[1,", "{a: ",
    "subprocess.run(['a', 'b§'])\n", "exec('a' + b)\n", "a ? b : ", "not ", "lambda: ", "f'{a}' ", "import a§\n",
    "open('/etc/cron.d/x§', 'w').write('a')\n", "cron.schedule('0 3 * * *', f)\n", "@a\n", "qw(", "q{", "%w[", "s/",
    "/a/", "y = [a]\n", "return ", "=pod\n", "class A§:\n", "class A {", "a, ", "try {", "} catch (e) {", "}",
)  # fmt: skip
_PROGRAM_PAIRS: Final = (
    ("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("f('a', ", ")"), ("if (a) {", "}"), ("`${", "}`"),
    ('"#{', '}"'), ("function f() {", "}"), ("(a + ", ")"), ("{a: ", "}"), ("system(", ")"), ("def f():\n", "\n"),
    ("class A {", "}"),
)  # fmt: skip
_SUFFIX: Final = {
    "python": "py", "ruby": "rb", "php": "php", "javascript": "js", "typescript": "ts", "java": "java",
    "kotlin": "kt", "groovy": "groovy", "go": "go", "csharp": "cs", "perl": "pl",
}  # fmt: skip


def _programs(head: str, path: str) -> tuple[Language, ...]:
    return tuple(
        Language(kind, f"{path}.{suffix}", _PROGRAM, _PROGRAM_PAIRS,
                 ("<?php " if kind == "php" else "") + head)
        for kind, suffix in _SUFFIX.items()
    )  # fmt: skip


_EMBEDDED_HEAD: Final = "subprocess child_process shell_exec ProcessBuilder os.system( exec.Command Process.Start system( exec(\n"
_SCHEDULER_HEAD: Final = (
    "celery beat_schedule @Scheduled node-cron cron.schedule Schedule $schedule-> every 1.day apscheduler"
    " Quartz robfig/cron Hangfire gocron crontab(\n"
)
_SETTINGS: Final = ("a§=b\n", "[a§]\n", "a = b ; c\n", "a.b§.c = d\n", "a:\n  b\n", "a {\n", "}\n", "[[a]]\n", "'''",
                    'a="b\n', "a = [", "${a}", "{{ a }}", "a, ", "A=b\\\n")  # fmt: skip
_CI: Final = ("  - a\n", "  - |\n    a\n", "  - a §\n", *_YAML)
_POWERSHELL: Final = (
    "$(", "@(", "@{a=", "[a]", "$a = ", "$a§ = 'b'\n", "'a' + ", "a | ", "a; ", "& ", ". ", "if ($a) {", "else {",
    "function f§ { a }\n", "f§\n", "f $a\n", "Stop-Service a§\n", "Stop-Service ", "-Name ", "@'\n", "'@\n", "`\n",
    "<# ", "#>", "foreach ($a in $b) {", "switch ($a) {", "try {", "catch {", "param($a) ", "{ ", "} ", "a,b,",
    '"$a" ', '"$(', "$a.b", "-not ", "cmd /c a\n", "iex 'a'\n", "Invoke-Command {", "return ", "[a](", "$a[", "!",
    "Register-ScheduledTask -TaskName a§ -Action $b\n", "$a += 'b'\n", "sc.exe stop a\n", "class A {", "trap {",
    "Start-Process a -Verb RunAs\n", "a && ", "% { a } ", ">a ", "2>&1 ",
)  # fmt: skip
_BATCH: Final = (
    "%a%", "%%a", "!a!", "^", "^\n", "if a==b ", "if exist a (\n", ") else (", ")\n", "(", "& ", "&& ", "| ", "|| ",
    "call :a§\n", ":a§\n", "goto a\n", "set a§=b\n", "set a=%a%%a%\n", "set /a b=1\n", "for %%a in (1 2 3) do ",
    "net stop a§\n", "net stop a\n", 'sc stop "a b"\n', "echo a\n", "echo a>b.bat\n", "echo a>>b.bat\n",
    "rem a\n", 'cmd /c "a"\n', 'powershell -c "a"\n', "start a\n", ">nul ", '"', "call a.bat\n", "%~dp0", "@",
    "exit /b\n", "schtasks /create /tn a§ /tr b /sc daily\n", "if errorlevel 1 ", "not ",
)  # fmt: skip
_SQL: Final = (
    "ALTER TABLE a ADD b int;\n", "ALTER TABLE a§ ADD b int;\n", "ALTER TABLE a ADD b int, ", "ADD COLUMN b§ int, ",
    "BEGIN;\n", "BEGIN ", "END;\n", "CREATE TABLE a§ (b int);\n", "$$", "$a$", "'", '"', "`", "--a\n", "/*", "*/",
    "SELECT a;\n", "SELECT a, ", "(", "a, ", "GO\n", "DELIMITER //\n", "UPDATE a SET b=c;\n", "EXECUTE 'a' || b;\n",
    "CREATE FUNCTION f() AS $$ BEGIN a; END $$;\n", "IF a THEN ", "CASE WHEN a THEN ", "DO $$ a $$;\n", "\\c a\n",
    "CREATE INDEX a§ ON b (c);\n", "SELECT cron.schedule('a§', '0 3 * * *', 'b');\n", "DROP TABLE a;\n", "1+",
)  # fmt: skip
_UNIT: Final = (
    "[Unit]\n", "[Service]\nExecStart=/bin/a\n", "ExecStart=/bin/a b\n", "ExecStart=/bin/a§\n", "After=a§.service\n",
    "After=a.service b.service\n", "a.service ", "Environment=A=b\n", "\\\n", "a \\\n", "# a\n", "OnCalendar=daily\n",
    "ExecStart=/bin/sh -c 'a; b'\n", "User=a\n", "Requires=a§.service\n", "[", "]", "=\n", "a=\n", "%i", "Alias=a§.service\n",
    "Conflicts=a§.service\n", "OnCalendar=*-*-* §:00\n", "AmbientCapabilities=CAP_SYS_ADMIN\n",
)  # fmt: skip
_HCL: Final = ("a {\n", "}\n", "a = b\n", "<<E\n", "<<-E\n", "E\n", '"${', 'a "b" {', 'provisioner "x" {\n',
               'inline = ["a"]\n', 'inline = ["a",', "# a\n", "/*", "user_data = <<E\na\nE\n",
               'resource "aws_scheduler_schedule" "x§" {\n schedule_expression = "rate(1 hour)"\n}\n')  # fmt: skip
_PEM: Final = (
    "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nMIIB\n",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "MIIB\n", "-----", "-----BEGIN ", "-----BEGIN X-----\n",
)  # fmt: skip
_DER: Final = (
    "0\x80",
    "0\x82\x10\x10",
    "0\x84",
    "0\x00",
    "\x06\x01",
    "\xa0\x80",
    "\x30\x03\x02\x01\x01",
    "\x31\x80",
    "\x24\x80",
)

LANGUAGES: Final[dict[str, tuple[Language, ...]]] = {
    **DATABASES,
    "systemd": (
        Language("systemd-unit", "etc/systemd/system/x.service", _UNIT, (), "[Service]\n"),
        Language("systemd-unit", "etc/systemd/system/x.timer", _UNIT, (), "[Timer]\nOnCalendar=daily\n"),
        Language("systemd-unit", "etc/systemd/system/y.service", _UNIT, (), "[Service]\nExecStart="),
    ),
    "dockerfile": (
        Language("dockerfile", "Dockerfile", (
            "RUN a\n", "RUN a§\n", "RUN a && \\\n", "RUN <<E\n", "E\n", "FROM a\n", "FROM a AS b§\n", "ENV A§=b\n", "ENV A=$A$A\n",
            "ARG A§=b\n", 'RUN ["a"]\n', 'RUN ["a",', "COPY a b\n", "COPY <<E a\n", "USER a\n", "# a\n", "\\\n", "a \\\n",
            "${A}", "${A:-", 'SHELL ["a"]\n', "ONBUILD ", "--mount=a ", "RUN ", "WORKDIR a\n", "CMD a\n",
        ), (("${A:-", "}"),), "FROM debian\nRUN "),
    ),
    "spec": (
        Language("spec", "x.spec", (
            "%post\na\n", "%{a}", "%{?a:", "%{!?a:", "%(", "%global a§ b\n", "%global a %{a}%{a}\n", "%define a§ %{a}b\n",
            "%if a\n", "%endif\n", "%else\n", "%post -p /bin/sh\n", "%files\n", "%package a§\n", "%%", "%", "%{", "a\n",
            "%systemd_post a§.service\n", "%include a\n", "%[", "%{expand:", "%{lua:", "%trigger -- a\n", "\\\n",
        ), (("%{?a:", "}"), ("%(", ")"), ("%if a\n", "%endif\n"), ("%{", "}"), ("%{expand:", "}")), "Name: x\n%post\n"),
    ),
    "makefile": (
        Language("makefile", "Makefile", (
            "a§:\n\tb\n", "a: b\n", "a:\n\tb $(C)\n", "\tb\n", "A§=b\n", "A=$(A)$(A)\n", "A§:=$(A)b\n", "$(", "${", "$(A)",
            "$(foreach a,b,", "$(shell a)", "$(if a,", "ifdef A\n", "endif\n", "else\n", "define A§\n", "endef\n", "\\\n", "\ta \\\n",
            "include a\n", "\tsystemctl stop a§\n", "a b c: d e f\n", "a§ b§: c§\n", "%.o: %.c\n\ta\n", "$(call a,", ".PHONY: a§\n",
            "A+=b\n", "\t$(MAKE) a§\n", "# a\n", "$(subst a,b,", "$$",
        ), (("$(", ")"), ("${", "}"), ("$(call A,", ")"), ("ifdef A\n", "endif\n"), ("$(if a,", ")")), "all:\n\tb\nA=b\n"),
    ),
    "jenkinsfile": (
        Language("groovy", "Jenkinsfile", (
            "sh 'a'\n", "sh 'a§'\n", "sh '''", 'sh "a ${b}"\n', "stage('a') {", "}", "sh(script: 'a')\n", "bat 'a'\n", "/*", "//",
            "def a§ = 'b'\n", "${", '"${', "node {", "steps {", "sh ", "(", "withEnv(['a=b']) {", "post {", "agent any\n",
        ), (("stage('a') {", "}"), ("(", ")"), ('"${', '}"'), ("[", "]")), "pipeline {\nagent any\nstages {\n"),
    ),
    "vagrantfile": (
        Language("ruby", "Vagrantfile", (
            "config.vm.provision 'shell', inline: 'a'\n", "config.vm.provision 'shell', inline: <<-E\n", "E\n", "do |a|\n", "end\n",
            "$a = <<E\na\nE\n", "a§ = 'b'\n", "inline: 'a§'\n", 'config.vm.provision "a", ', "#{", '"#{', "# a\n", "inline: $a\n",
        ), (("(", ")"), ('"#{', '}"'), ("do\n", "end\n")), "Vagrant.configure('2') do |config|\n"),
    ),
    "hcl": (
        Language("text", "main.tf", _HCL, (("a {", "}"), ("[", "]"), ('"${', '}"'), ("(", ")")),
                 'resource "a" "b" {\n provisioner "remote-exec" {\n inline = ["a"]\n user_data = "b"\n'),
    ),
    "sudoers": (
        Language("sudoers", "etc/sudoers.d/x", (
            "a ALL = ALL\n", "a§ ALL = ALL\n", "a ALL=(ALL) NOPASSWD: /bin/a§\n", "a ALL = NOPASSWD: /bin/a, ", "/bin/a, ", "NOPASSWD: ",
            "User_Alias A§ = a\n", "User_Alias A = A, A\n", "Cmnd_Alias C§ = C, C, C, C, C\n", "A, A, ", "a ALL = C§, C§\n", "Defaults a\n",
            "Defaults a§=b\n", "Defaults:a b\n", "@include a§\n", "#includedir /a\n", "# a\n", "a \\\n", "!", "!a, ", "\\,", "\\", "(a) ",
            "a, ", "ALL = a : ", ": ", "%a ALL=(root:root) a\n", "garbage\n", "sha256:ab ", "a ALL = /bin/a *\n", "ROLE=a ",
        ), (), "Cmnd_Alias C = /bin/a, /bin/b, /bin/c\nUser_Alias A = a, b\nA ALL = C, "),
        Language("sudoers", "etc/sudoers.d/y", (
            "U ALL = C\n", "U ALL = C, C, C\n", "Cmnd_Alias D§ = C\n", "U ALL = (U) C, !C\n", "U, ",
        ), (), "Cmnd_Alias C = " + ", ".join(f"/bin/{n}" for n in range(60))
            + "\nUser_Alias U = " + ", ".join(f"u{n}" for n in range(60)) + "\n"),
    ),
    "doas": (
        Language("doas", "etc/doas.conf", (
            "permit a\n", "permit nopass a§ as root cmd b\n", "permit setenv { a } b\n", "permit setenv { ", "a=b ", "{ ", "} ", "permit ",
            "deny a§\n", "cmd a args b ", "# a\n", '"a" ', "permit keepenv :a§\n", "nopass ",
        ), (("{", "}"),)),
    ),
    "polkit": (
        Language("polkit", "usr/share/polkit-1/rules.d/x.rules", (
            "polkit.addRule(function(a, s) { return polkit.Result.YES; });\n", "if (a) {", "if (a) ", "} else {", "return ", "(a || ", "!",
            "action.id == 'a§' || ", "action.id == 'a' && ", "case 'a§':\n", "switch (a) {", "/*", "//a\n", "'a' + ", "a.b", "a ? b : ",
            "polkit.addRule(function(a, s) { ", "var a§ = ['b'];\n", "[1,", "function f() {", "subject.isInGroup('a§') && ", "`", "/a/",
            "if (a) return polkit.Result.YES;\n", "else ", "} ", "});\n", "action.id.indexOf('a') == 0 || ",
        ), (("(", ")"), ("{", "}"), ("if (a) {", "}"), ("[", "]"), ("!(", ")"), ("(a || ", ")"), ("(a && b) || (", ")"), ("a ? ", ": b")),
            "polkit.addRule(function(action, subject) { "),
        Language("polkit", "usr/share/polkit-1/actions/x.policy", (*_XML, "<action id='a§'><defaults><allow_any>yes</allow_any></defaults></action>\n"),
            (*_XML_PAIRS, ("<action id='a'>", "</action>")), "<policyconfig>", "</policyconfig>"),
        Language("polkit", "etc/polkit-1/localauthority/x.pkla", (
            "[a§]\nIdentity=unix-user:a\nAction=b\nResultAny=yes\n", "[a]\n", "Action=a;b\n", "a;", "unix-user:a;", "ResultAny=yes\n",
        ), (), "[a]\nIdentity=unix-user:a\nResultAny=yes\nAction="),
    ),
    "config": (
        *(Language(kind, f"etc/x.{suffix}", (*_SETTINGS, *extra), pairs) for kind, suffix, extra, pairs in (
            ("yaml", "yaml", _YAML, _YAML_PAIRS), ("json", "json", ('"a§": 1, ', '{"a": ', "[1, ", "// a\n"), (('{"a": ', "}"), ("[", "]"))),
            ("toml", "toml", ("a§ = 1\n", "a = {b = ", "[a.b§]\n"), (("[", "]"), ("a = {b = ", "}"))), ("ini", "ini", (), ()),
            ("properties", "properties", (), ()), ("env", "env", ("export A§=b\n", "A='"), ()), ("text", "conf", ("a {b 1; ",), (("a {", "}"),)),
            ("xml", "xml", _XML, _XML_PAIRS),
        )),
    ),
    "manifests": (
        *(Language("yaml", path, _CI, _YAML_PAIRS, head) for path, head in (
            (".gitlab-ci.yml", "x:\n  script:\n"), (".github/workflows/x.yml", "jobs:\n  a:\n    steps:\n"),
            ("docker-compose.yml", "services:\n  a:\n    command:\n"), (".circleci/config.yml", "jobs: {}\nsteps:\n"),
            ("cloud.yaml", "#cloud-config\nruncmd:\n"), ("cron.yaml", "url: a\nschedule: b\ncron:\n"),
            ("kubernetes.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"),
            ("cronjob.yaml", "apiVersion: v1\nkind: CronJob\nspec:\n schedule: a\n containers:\n"), ("application.yml", "cron: '* * *'\na:\n"),
            ("template.yaml", "AWS::Events::Rule: 1\nScheduleExpression: a\nResources:\n"),
        )),
        *(Language("yaml", path, (*_YAML, *pieces), (*_YAML_PAIRS, ("- block:\n  ", "\n")), head) for path, head, pieces in (
            ("roles/a/tasks/main.yml", "", ("- command: a\n", "- command: a§\n", "- shell: a\n  become: true\n", "- service: name=a§ state=started\n",
             "- command: '{{ a }}'\n", "- command: a\n  when: b\n", "- command: a\n  loop: [1, 2, 3]\n", "- include_tasks: a§.yml\n",
             "- set_fact: {a§: b}\n", "- set_fact: {a: '{{ a }}{{ a }}'}\n", "- command: a\n  register: r§\n", "- block:\n")),
            ("roles/b/tasks/main.yml", "- command: '", ("{{ a }}", "{{ ", "{% if a %}", "a=b ", "''", "{{ a | b(", " and ")),
            ("site.yml", "- hosts: a\n  become: true\n  tasks:\n", ("  - command: a§\n", "- hosts: a§\n  become: true\n  tasks: [{command: b}]\n",
             "- hosts: a\n  roles: [b]\n", "  - command: '{{ v }}'\n")),
            ("other.yml", "- hosts: a\n  become: true\n  vars:\n", ("    v§: a\n", "    v§: '{{ v1 }}{{ v1 }}'\n")),
        )),
        Language("json", "package.json", ('"a§": "b",', '"postinstall": "a",', '"a": {', "[", "// a\n", '"a": [', '"a b",', "\\u0041"),
                 (('{"a": ', "}"), ("[", "]"), ('"a": {', "}")), '{"scripts": {"postinstall": "a", '),
    ),
    "schedules": (
        Language("xml", "quartz.xml", (*_XML, "<cron>0 3 * * *</cron>", "<cron-expression>0 0 3 * * ?</cron-expression>",
                 "<trigger><cron><name>a§</name><job-name>b§</job-name></cron></trigger>", "<task:scheduled ref='a§' cron='* * * * * *'/>",
                 "<key>a</key><string>b§</string>"), (*_XML_PAIRS, ("<cron>", "</cron>"), ("<dict><key>a</key>", "</dict>")),
                 "<job-scheduling-data><cron>"),
        Language("xml", "Library/LaunchDaemons/x.plist", (*_XML, "<key>a§</key><string>b</string>", "<dict>", "<string>a</string>",
                 "<key>StartInterval</key><integer>§</integer>"), (*_XML_PAIRS, ("<dict>", "</dict>"), ("<array>", "</array>")),
                 "<plist><dict><key>Label</key><string>x</string>", "</dict></plist>"),
        Language("properties", "application.properties", (*_SETTINGS, "a§.cron=0 0 3 * * *\n", "a.cron=* * * * * *\n", "a.schedule=", "* ", "quartz.cron§=\n"),
                 (), "a.cron=0 0 3 * * *\n"),
        Language("text", "schedule.tf", _HCL, (("a {", "}"), ("[", "]")), 'resource "aws_scheduler_schedule" "x" {\n schedule_expression = "rate(1 hour)"\n}\n'),
        Language("sql", "jobs.sql", _SQL, (("(", ")"), ("SELECT cron.schedule('a', ", ")")), "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;\nSELECT cron.schedule('a', "),
    ),
    "user-data": (
        Language("text", "user-data", ("--a\n", "--a\nContent-Type: text/x-shellscript\n\n#!/bin/sh\na\n", "Content-Type: a\n", "A: b\n", "\n", "--a--\n", "--a§\n"),
                 (), 'Content-Type: multipart/mixed; boundary="a"\n\n--a\n'),
        Language("text", "user-data", ("a\n", "- a\n"), (), "#cloud-boothook\n"),
    ),
    "program-schedules": tuple(
        language for language in _programs(_SCHEDULER_HEAD, "schedule") if language.kind != "perl"
    ),
    "signing": (
        Language("pem", "x.pem", _PEM), Language("der", "x.der", _DER), Language("cms", "x.p7s", (*_DER, *_PEM)),
        Language("pkcs12", "x.p12", _DER), Language("keystore", "x.jks", ("\0\0\0\1", "\xff", *_DER), (), "þíþí"),
        Language("checksums", "SHA256SUMS", ("0" * 64 + "  a§\n", "0" * 64 + "  a\n", "SHA256 (a§) = " + "0" * 64 + "\n", "0" * 64, "a§: ", "0" * 32 + " *a\n")),
        Language("pgp", "x.asc", ("-----BEGIN PGP SIGNATURE-----\n", "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n", "abcd\n", "=abcd\n", "\x88\x02aa")),
        Language("minisign", "x.minisig", ("untrusted comment: a\n", "RWQf6LRC\n", "trusted comment: a\n")),
    ),
    "embedded-keys": tuple(
        Language(kind, f"x.{suffix}", (*_PEM, "private_key: |\n", '"signatures": [', "\\n-----BEGIN PRIVATE KEY-----\\n", '{"payloadType": "a", ', "sign-key-sha3-384: a\n\n"),
                 (('{"signatures": [', "]}"),), head)
        for kind, suffix, head in (
            ("yaml", "yaml", "k: |\n-----BEGIN PRIVATE KEY-----\n"), ("json", "json", '{"signatures": [{"keyid": "a", "sig": "b"}], "payloadType": "x", "k": '),
            ("shell", "sh", "-----BEGIN PRIVATE KEY-----\n"), ("text", "c", "sign-key-sha3-384: "), ("json", "bundle.json", '{"mediaType": "application/vnd.dev.sigstore.bundle", "verification_material": '),
        )
    ),
    "program-signatures": (Language("pe", "x.exe", ("MZ", "PE\0\0", *_DER), (), "MZ" + "\0" * 58 + "\x40\0\0\0PE\0\0"),),
    "installer-signatures": (
        Language("cab", "x.cab", ("MSCF", "\1\0", *_DER), (), "MSCF"), Language("msi", "x.msi", ("\1\0\0\0", "\xfe\xff\xff\xff", *_DER), (), "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ),
    "signing-blocks": (Language("binary", "x.apk", ("APK Sig Block 42", "\1\0\0\0\0\0\0\0")),),
    "appimage-signatures": (Language("elf", "x.AppImage", (".sha256_sig\0", "\1\0\0\0"), (), "\x7fELF\2\1\1" + "\0" * 9),),
    "script-signatures": (
        Language("powershell", "x.ps1", ("# SIG # Begin signature block\r\n", "# MIIB\r\n", "# SIG # End signature block\r\n"), (), "a\r\n# SIG # Begin signature block\r\n"),
    ),
    "archive-manifests": (
        Language("properties", "META-INF/MANIFEST.MF", ("Name: a§\nSHA-256-Digest: abcd\n\n", "Name: a\n b\n", "\n", " a\n", "SHA-256-Digest: a\n", "A: b\n"), (), "Manifest-Version: 1.0\n\n"),
    ),
    "become-passwords": (
        Language("yaml", "group_vars/all.yml", ("ansible_become_pass: a\n", "ansible_become_pass", "ansible_become_pass: '{{ a }}'\n", "ansible_become_password§: x\n")),
        Language("ini", "hosts.ini", ("h§ ansible_become_pass=a\n", "ansible_become_pass=a ")),
    ),
    "programs": _programs(_EMBEDDED_HEAD, "run"),
    "playbook-variables": (
        Language("yaml", "roles/a/defaults/main.yml", ("a§: b\n", "a: b\n", "a: '", "a:\n  - b\n", 'a: "{{ b }}"\n', *_YAML), _YAML_PAIRS),
    ),
    "salt": (
        Language("salt", "x/init.sls", ("a§:\n  cmd.run:\n    - name: b\n", "{{ a }}", "{% if a %}\n", "{% endif %}\n", "{% set a§ = 'b' %}\n",
                 "{% for a in b %}\n", "a§:\n  service.running: []\n", "    - name: a\n", "- require:\n", *_YAML), (*_YAML_PAIRS, ("{% if a %}\n", "{% endif %}\n"), ("{{", "}}")),
                 "x:\n  cmd.run:\n    - name: a\n"),
    ),
    "puppet": (
        Language("puppet", "x.pp", ("exec { 'a§': }\n", "exec { 'a': command => 'b', }\n", "service { ['a', 'b']: ensure => running }\n", "$a§ = 'b'\n", '"${a}', "'a', ", "@(E)\n", "| E\n",
                 "if $a {", "}", "case $a {", "=> ", "-> ", "class a§ {", "define a($b) {", "# a\n", "/*", "'a§': ; ", "file { 'a': content => @(X)\n", "notify => Service['a']", "unless ",
                 '$a = "${a}${a}"\n', "[1,", "exec { "), (("{", "}"), ("[", "]"), ("(", ")"), ("if $a {", "}"), ("class a {", "}"), ("exec { ", "}"), ('"${', '}"')), "exec { 'x': command => '/bin/a' }\n"),
    ),
    "chef": (
        Language("chef", "cookbooks/a/recipes/default.rb", ("execute 'a§'\n", "execute 'a' do\n", "command 'b'\n", "end\n", "service 'a§' do\n action :start\nend\n", "#{", '"#{', "<<-E\n", "E\n",
                 "if a\n", "node['a']['b']", "action [:start, ", "not_if 'a'\n", "%w(a b).each do |c|\n", "a = 'b'\n", "a§ = 'b'\n", "case a\n", "when 'b'\n", "template 'a' do\n", "do |a|\n", "{ |a| ", "lazy { ", "unless a\n"),
                 (("(", ")"), ("{", "}"), ("[", "]"), ("if a\n", "end\n"), ("execute 'a' do\n", "end\n"), ('"#{', '}"')), "execute 'x' do\n command 'a'\nend\n"),
    ),
    "cron": (
        Language("cron", "etc/cron.d/x", ("0 3 * * * root a\n", "§ 3 * * * root a\n", "0 3 * * * root a§ >> /var/log/a§ 2>&1\n", "A§=b\n", "@daily root a\n", "@a root b\n", "0,", "* ", "1-", "*/", "%", "0 3 * * * root ",
                 "0 3 * * * root a\\\n", "garbage\n", "# a\n", 'A="b', "~", "$(a) ", "0 3 * * * root ssh h a§\n", "0 3 * * * root /opt/a§/b\n", "*/7 1-3 1,2,3 * 1 u§ a\n"), (("$(", ")"),), "0 3 * * * root a"),
        Language("crontab", "var/spool/cron/crontabs/x", ("0 3 * * * a\n", "0 3 * * * a§\n", "@reboot a\n", "0 3 * * * a | b | c\n", "CRON_TZ=a\n", "CRON_TZ=Europe/Berlin\n0 3 * * * a§\n"), (("`", "`"),)),
    ),
    "anacron": (Language("anacrontab", "etc/anacrontab", ("1 5 a b\n", "1 5 a§ b\n", "@monthly 5 a b\n", "A=b\n", "A§=b\n", "1\t5\ta\tb\\\n", "garbage\n")),),
    "logrotate": (
        Language("logrotate", "etc/logrotate.d/x", ("/var/log/a {\n}\n", "/var/log/a§ {\n weekly\n}\n", "/var/log/a§ ", '"/a b" ', "{\n", "}\n", "postrotate\na\nendscript\n", "postrotate\n", "endscript\n", "include a\n",
                  "rotate 4\n", "size 1M\n", "weekly\n", "{a,b}", "tabooext + a\n"), (("{", "}"), ("/a {\n", "}\n"))),
    ),
    "sql": (Language("sql", "x.sql", _SQL, (("(", ")"), ("$$", "$$"), ("BEGIN ", "END;\n"), ("CASE WHEN a THEN ", "END "), ("/*", "*/"), ("DO $$ ", " $$;")), "ALTER TABLE a ADD b int;\n"),),
    "shell": (
        Language("shell", "x.sh", ("systemctl stop a§\n", "sudo a§\n", "f§() { a; }\n", "f§\n", "a§=b\n", "rm $a§\n", "cat > /etc/cron.d/a§ <<E\n0 3 * * * root b\nE\n", "if systemctl cat a§; then systemctl stop a§; fi\n",
                  "cp a§ /etc/systemd/system/a§.service\n", "systemctl stop a\n", "systemctl start a§\n", "chmod 4755 /a§\n", "sudo -u u§ psql -c 'ALTER TABLE a ADD b int'\n", "ssh h§ 'sudo a'\n", ". ./a§.sh\n", "./a§.sh\n",
                  "echo '0 3 * * * a' | crontab -\n", "usermod -aG sudo u§\n", "useradd u§\n", "su - u§ -c a\n", "docker run --privileged a§\n", "echo a >> /etc/sudoers.d/a§\n", "at 03:00 -f a§\n"), (), "#!/bin/sh\n"),
        Language("shell", "y.sh", tuple(REPEATED), tuple(CLOSED), "#!/bin/sh\n"),
    ),
    "powershell": (
        Language("powershell", "x.ps1", _POWERSHELL, (("(", ")"), ("{", "}"), ("$(", ")"), ("@(", ")"), ("@{a=", "}"), ("[", "]"), ('"$(', ')"'), ("if ($a) {", "}"), ("function f {", "}"), ("& {", "}"), ("<#", "#>"),
                 ("switch (1) {1 {", "}}"), ("try {", "} catch {}")), "Stop-Service a\n"),
    ),
    "batch": (
        Language("batch", "x.bat", _BATCH, (("(", ")"), ("if a==b (\n", ")\n"), ("for %%a in (1 2) do (\n", ")\n"), ("%", "%"), ("!", "!")), "net stop a\n"),
    ),
    "windows-tasks": (
        Language("xml", "task.xml", (*_XML, "<CalendarTrigger><StartBoundary>2024-01-01T03:00:00</StartBoundary></CalendarTrigger>", "<Exec><Command>a§</Command></Exec>", "<Principal id='a§'/>"),
                 (*_XML_PAIRS, ("<Triggers>", "</Triggers>")), "<Task xmlns='http://schemas.microsoft.com/windows/2004/02/mit/task'><Triggers>", "</Triggers></Task>"),
    ),
    "windows-manifests": (
        Language("xml", "x.manifest.xml", (*_XML, "<requestedExecutionLevel level='requireAdministrator'/>"), _XML_PAIRS, "<assembly><requestedExecutionLevel level='requireAdministrator'/>", "</assembly>"),
        Language("pe", "x.exe", ("requestedExecutionLevel", "<requestedExecutionLevel level='requireAdministrator'/>", "<assembly", "<assembly xmlns='urn:schemas-microsoft-com:asm.v1'>", "</assembly>"), (), "MZ"),
    ),
    "registry-files": (
        Language("registry", "x.reg", ("[HKEY_LOCAL_MACHINE\\a§]\n", '"a§"="b"\n', '"a"=hex:00,\\\n', "00,", "\\\n", "[-HKEY_LOCAL_MACHINE\\a]\n", '"', '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run]\n"a§"="b"\n'),
                 (), "Windows Registry Editor Version 5.00\n\n"),
    ),
}  # fmt: skip
# ruff: noqa: E501 - a table
"""Every reader of the registry; ``test_bounds.py`` misses one that is not here."""
