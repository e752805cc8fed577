"""The readers, in the order in which they are asked."""

from __future__ import annotations

from dten_audit.readers.base import Reader

READERS: tuple[Reader, ...] = (
    Reader(
        "systemd", frozenset({"systemd-unit", "empty"}), "dten_audit.readers.systemd.unit_file:read"
    ),
    Reader(
        "dockerfile", frozenset({"dockerfile"}), "dten_audit.readers.building.dockerfile:read"
    ),
    Reader("spec", frozenset({"spec"}), "dten_audit.readers.building.spec:read"),
    Reader("makefile", frozenset({"makefile"}), "dten_audit.readers.building.makefile:read"),
    Reader(
        "jenkinsfile",
        frozenset({"groovy"}),
        "dten_audit.readers.building.steps:read_jenkinsfile",
        fits="dten_audit.readers.building.steps:is_jenkinsfile",
    ),
    Reader(
        "vagrantfile",
        frozenset({"ruby"}),
        "dten_audit.readers.building.steps:read_vagrantfile",
        fits="dten_audit.readers.building.steps:is_vagrantfile",
    ),
    Reader(
        "hcl",
        frozenset({"text"}),
        "dten_audit.readers.building.hcl:read",
        fits="dten_audit.readers.building.hcl:worth_reading",
    ),
    Reader("sudoers", frozenset({"sudoers"}), "dten_audit.readers.sudoers:read"),
    Reader("doas", frozenset({"doas"}), "dten_audit.readers.doas:read"),
    Reader("polkit", frozenset({"polkit"}), "dten_audit.readers.polkit.reader:read"),
    Reader(
        "config",
        frozenset("yaml json toml ini properties env text xml ruby".split()),
        "dten_audit.readers.config.config:read",
    ),
    Reader(
        "debian-news",
        frozenset({"text", "prose"}),
        "dten_audit.readers.debian_news:read",
        partial=True,
        fits="dten_audit.readers.debian_news:worth_reading",
    ),
    Reader(
        "manifests",
        frozenset({"yaml", "json"}),
        "dten_audit.readers.manifests.reader:read",
        fits="dten_audit.readers.manifests.shapes:worth_reading",
    ),
    Reader(
        "schedules",
        frozenset({"xml", "properties", "text", "sql"}),
        "dten_audit.readers.cron.others:read",
        partial=True,
        fits="dten_audit.readers.cron.others:fits",
    ),
    Reader(
        "user-data",
        frozenset({"text", "prose", "yaml", "properties"}),
        "dten_audit.readers.manifests.user_data:read",
        fits="dten_audit.readers.manifests.user_data:worth_reading",
    ),
    Reader(
        "program-schedules",
        frozenset(
            "python php javascript typescript ruby java kotlin groovy csharp go".split()
        ),
        "dten_audit.readers.cron.program_jobs:read",
        partial=True,
        fits="dten_audit.readers.cron.program_jobs:fits",
    ),
    Reader(
        "signing",
        frozenset({"pem", "der", "cms", "pkcs12", "keystore", "checksums", "pgp", "minisign"}),
        "dten_audit.readers.signing.reader:read",
        most=0,
    ),
    Reader(
        "embedded-keys",
        frozenset({"yaml", "json", "toml", "ini", "properties", "env", "text", "xml", "shell"}),
        "dten_audit.readers.signing.reader:read_embedded_keys",
        triggers=(
            rb"PRIVATE KEY-----",
            rb"vnd\.dev\.sigstore\.bundle|verification_material|base64Signature",
            rb"sign-key-sha3-384: ",
            rb'"(payloadType|signatures)"',
        ),
    ),
    Reader(
        "program-signatures",
        frozenset({"pe"}),
        "dten_audit.readers.signing.authenticode:read",
        partial=True,
    ),
    Reader(
        "installer-signatures",
        frozenset({"cab", "msi"}),
        "dten_audit.readers.signing.installers:read",
        partial=True,
    ),
    Reader(
        "signing-blocks",
        frozenset({"binary"}),
        "dten_audit.readers.signing.programs:read_signing_block",
        partial=True,
    ),
    Reader(
        "appimage-signatures",
        frozenset({"elf"}),
        "dten_audit.readers.signing.programs:read_appimage",
        triggers=(rb"\.sha256_sig",),
        partial=True,
    ),
    Reader(
        "script-signatures",
        frozenset({"powershell"}),
        "dten_audit.readers.signing.authenticode:read_script",
        triggers=(rb"# SIG # Begin",),
        partial=True,
    ),
    Reader(
        "archive-manifests",
        frozenset({"properties", "yaml", "text"}),
        "dten_audit.readers.signing.jar:read",
        triggers=(rb"-Digest: ",),
        partial=True,
        most=0,
    ),
    Reader(
        "become-passwords",
        frozenset({"yaml", "ini", "text", "env"}),
        "dten_audit.readers.orchestration.ansible_become:read_passwords",
        triggers=(rb"ansible_(become|sudo|su)_pass",),
        partial=True,
    ),
    Reader(
        "migrations",
        frozenset("python ruby php javascript typescript csharp xml yaml json".split()),
        "dten_audit.readers.migrations.reader:read",
        partial=True,
        fits="dten_audit.readers.migrations.reader:fits",
    ),
    Reader(
        "programs",
        frozenset(
            "python ruby php javascript typescript java kotlin groovy go csharp perl".split()
        ),
        "dten_audit.readers.programs.reader:read",
        triggers=(
            rb"subprocess|os\.(system|popen|exec|spawn)|child_process|proc_open|shell_exec",
            rb"\b(system|exec|spawn|popen|passthru|qx)\b|ProcessBuilder|getRuntime|Process\.Start",
            rb"[\"'`]/(etc|usr|lib|opt|var|root|boot)/",
        ),
    ),
    Reader(
        "program-sql",
        frozenset(
            "python ruby php javascript typescript java kotlin groovy go csharp perl".split()
        ),
        "dten_audit.readers.programs.sql:read",
        partial=True,
        fits="dten_audit.readers.programs.sql_tables:fits",
    ),
    Reader(
        "playbook-variables",
        frozenset({"yaml"}),
        "dten_audit.readers.orchestration.ansible_variables:read",
        fits="dten_audit.readers.orchestration.ansible_variables:worth_reading",
        partial=True,
    ),
    Reader(
        "salt",
        frozenset({"salt"}),
        "dten_audit.readers.orchestration.salt:read",
        fits="dten_audit.readers.orchestration.salt:worth_reading",
        most=5_000,
    ),
    Reader(
        "puppet",
        frozenset({"puppet"}),
        "dten_audit.readers.orchestration.puppet:read",
        fits="dten_audit.readers.orchestration.puppet:worth_reading",
        most=5_000,
    ),
    Reader(
        "chef",
        frozenset({"chef"}),
        "dten_audit.readers.orchestration.chef:read",
        most=5_000,
    ),
    Reader("cron", frozenset({"cron", "crontab"}), "dten_audit.readers.cron.crontab:read",
           most=5_000),
    Reader("anacron", frozenset({"anacrontab"}), "dten_audit.readers.cron.anacrontab:read"),
    Reader("logrotate", frozenset({"logrotate"}), "dten_audit.readers.cron.logrotate:read"),
    Reader(
        "sql",
        frozenset({"sql"}),
        "dten_audit.readers.sql.reader:read",
        triggers=(
            rb"(?i)\b(alter|create|drop|rename|truncate|reindex|cluster|vacuum|lock|update|delete)\s",
            rb"(?i)\b(refresh|optimize|sp_rename|execute|prepare|set|begin|exec)\s",
        ),
        most=50_000,
    ),
    Reader(
        "shell",
        frozenset({"shell"}),
        "dten_audit.readers.shell.reader:read",
        triggers=(
            rb"(?i)\b(systemctl|service|crontab|sudo|doas|pkexec|su|psql|mysql|mariadb|sqlite3|sqlplus)\b",
            rb"/etc/|\b(curl|wget|ssh|scp|sftp|rsync|chmod|chown|chkconfig|at|batch|docker|kubectl)\s",
        ),
        most=200_000,
    ),
    Reader(
        "powershell",
        frozenset({"powershell"}),
        "dten_audit.readers.windows.powershell:read",
        triggers=(
            rb"(?i)(service|scheduled(task|job)|schtasks|start-process|invoke-|runas|icacls|takeown)",
            rb"(?i)\b(sc|net|cmd|powershell|pwsh|iex|icm|saps|nssm|reg|wmic|ssh|sqlcmd)(\.exe)?\s",
            rb"(?i)\.(ps1|bat|cmd|exe|sql|vbs)\b|executionpolicy|localgroup",
        ),
    ),
    Reader(
        "batch",
        frozenset({"batch"}),
        "dten_audit.readers.windows.batch:read",
        triggers=(
            rb"(?i)\b(sc|net|cmd|powershell|pwsh|schtasks|runas|icacls|takeown|nssm|reg|wmic)\b",
            rb"(?i)\b(call|start|ssh|sqlcmd|mysql|psql|at|cscript|wscript|msiexec)\s",
        ),
    ),
    Reader(
        "windows-tasks",
        frozenset({"xml"}),
        "dten_audit.readers.windows.task_xml:read",
        triggers=(
            rb"schemas\.microsoft\.com/windows/2004/02/mit/task",
            rb"w\x00s\x00/\x002\x000\x000\x004",
        ),
        partial=True,
    ),
    Reader(
        "windows-manifests",
        frozenset({"xml", "pe"}),
        "dten_audit.readers.windows.manifests:read",
        triggers=(rb"requestedExecutionLevel",),
        partial=True,
    ),
    Reader(
        "registry-files", frozenset({"registry"}), "dten_audit.readers.windows.registry_file:read"
    ),
)  # fmt: skip
