"""Jobs of other schedulers than cron, from the file that states them to the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.derive.schedules.deriving import derive
from dten_audit.derive.schedules.dialects.cron_like import GRAMMARS
from dten_audit.derive.schedules.entries import schedulers
from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import Schedule
from dten_audit.model.unknown import Unknown
from dten_audit.readers.cron import others, program_jobs
from dten_audit.readers.manifests import reader as manifests
from dten_audit.site.estate import Estate, Window
from dten_audit.site.site import Site
from tests.derive.trees import package_of
from tests.readers.counting import calls

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = Window(datetime(2026, 11, 22, 1, 30, tzinfo=UTC), timedelta(hours=1))
SITE = Site(timezone="Europe/Berlin")


def derived(tree: Mapping[str, str], site: Site = SITE) -> list[Schedule | Unreadable]:
    return list(derive(package_of(tree), Estate(site, AT, window=WINDOW)))


def schedules(tree: Mapping[str, str], site: Site = SITE) -> list[Schedule]:
    return [fact for fact in derived(tree, site) if isinstance(fact, Schedule)]


def one(path: str, text: str, site: Site = SITE) -> Schedule:
    (found,) = schedules({path: text}, site)
    return found


CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: dten-import}
spec:
  schedule: "0 3 * * *"
  timeZone: Europe/Berlin
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 60
  jobTemplate:
    spec:
      template:
        spec:
          securityContext: {runAsUser: 0}
          containers:
            - name: import
              image: registry.example/dten:9.4
              env: [{name: FEED, value: feed.partner.example}]
              command: [/bin/sh, -ec]
              args: ["curl -fsS https://$FEED/next >> /var/log/import.log"]
"""


def test_a_cron_job_of_kubernetes() -> None:
    found = one("deploy/import.yaml", CRON_JOB)
    assert (found.kind, found.at.line, found.name) == ("cluster-job", 5, "dten-import")
    assert (found.zone, found.fires_in_window) == ("Europe/Berlin", True)
    assert found.window_fire == "2026-11-22 03:00 Europe/Berlin"
    assert found.hosts == ("feed.partner.example",)
    assert (found.overlap_guard, found.persistent, found.runs_as_root) == (True, True, True)
    assert (found.target, found.log_path, found.target_present) == ("", "", True)
    assert found.hold_with == ('kubectl patch cronjob dten-import -p \'{"spec":{"suspend":true}}\'')
    assert found.job == "the CronJob dten-import of Kubernetes"


@pytest.mark.parametrize(
    ("change", "enabled"),
    [("suspend: true", False), ("suspend: false", True), ("suspend: {{ .Values.off }}", None)],
)
def test_what_is_suspended(change: str, enabled: bool | None) -> None:
    found = one("c.yaml", CRON_JOB.replace("startingDeadlineSeconds: 60", change))
    assert found.enabled == (Unknown("package.value") if enabled is None else enabled)


def test_a_computed_schedule_is_a_question() -> None:
    found = one("c.yaml", CRON_JOB.replace('"0 3 * * *"', "{{ .Values.schedule }}"))
    assert (found.certainty, found.fires_in_window) == ("computed", Unknown("package.value"))
    assert found.expression == "{{ .Values.schedule }}"


def test_what_a_scheduler_refuses_is_said() -> None:
    tree = {"c.yaml": CRON_JOB.replace("0 3 * * *", "0 3 * * 7")}
    (found,) = derived(tree)
    assert isinstance(found, Unreadable)
    assert (found.language, found.reason, found.at.line) == ("Kubernetes", "bad day of week 7", 5)
    assert not derived({"docs/c.yaml": tree["c.yaml"]})


def test_a_zone_of_its_own_beats_the_sites() -> None:
    found = one("c.yaml", CRON_JOB.replace("Europe/Berlin", "America/New_York"))
    assert found.fires_in_window is False
    assert found.next_fires[0] == "2026-11-22T03:00:00-05:00"
    without = CRON_JOB.replace("  timeZone: Europe/Berlin\n", "")
    assert one("c.yaml", without).zone == "Europe/Berlin"
    assert one("c.yaml", without, Site()).fires_in_window == Unknown("site.timezone")


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("deploy/c.yaml", "live"),
        ("docs/c.yaml", "documentation"),
        ("examples/c.yaml", "example"),
        ("tests/c.yaml", "example"),
        (".gitlab/c.yaml", "ci"),
    ],
)
def test_roles(path: str, role: str) -> None:
    assert one(path, CRON_JOB).role == role


def test_a_name_that_is_no_word_stays_out_of_commands() -> None:
    found = one("c.yaml", CRON_JOB.replace("dten-import", '"x; rm -rf /"'))
    assert found.hold_with.startswith("kubectl patch cronjob NAME ")


SQL = """\
-- SELECT cron.schedule('no', '0 3 * * *', 'VACUUM');
SELECT cron.schedule('night', '0 3 * * *', $$DELETE FROM a WHERE b < now() - interval '1 day'$$);
DO $$ BEGIN PERFORM cron.schedule('*/5 * * * *', 'CALL poll()'); END $$;
"""


def test_jobs_of_pg_cron() -> None:
    night, often = schedules({"sql/postgres/jobs.sql": SQL})
    assert (night.at.line, night.name, night.zone) == (2, "night", "GMT")
    assert night.command == "DELETE FROM a WHERE b < now() - interval '1 day'"
    assert (night.overlap_guard, night.fires_in_window) == (True, False)
    assert (often.at.line, often.period_minutes) == (3, 5)


def test_a_window_as_long_as_the_period_holds_a_run() -> None:
    text = 'resource "aws_cloudwatch_event_rule" "x" {{\n  schedule_expression = "rate({})"\n}}\n'
    assert one("a.tf", text.format("5 minutes")).fires_in_window is True
    assert one("a.tf", text.format("2 hours")).fires_in_window == Unknown("package.value")


PROGRAMS = {
    "app/celeryconfig.py": (
        "from celery.schedules import crontab\nbeat_schedule = {\n"
        "  'a': {'task': 'x', 'schedule': crontab(hour=3, minute=0)},\n"
        "  # 'b': {'task': 'y', 'schedule': 30.0},\n}\n",
        [("celery", 3, "a", "hour=3, minute=0")],
    ),
    "app/settings.py": (
        "CRONJOBS = [\n    ('0 3 * * *', 'app.cron.job', '>> /x.log'),\n]\n",
        [("django-crontab", 2, "app.cron.job", "0 3 * * *")],
    ),
    "app/jobs.py": (
        "from apscheduler.schedulers.blocking import BlockingScheduler\ns = BlockingScheduler()\n"
        "s.add_job(night, 'cron', hour=3)\n@s.scheduled_job('interval', minutes=5)\ndef f(): pass\n",
        [("apscheduler", 3, "night", "hour=3"), ("apscheduler", 4, "", "minutes=5")],
    ),
    "dags/etl.py": (
        "from airflow import DAG\nwith DAG('etl', schedule='0 3 * * *'): pass\n"
        "with DAG('manual', schedule=None): pass\n",
        [("airflow", 2, "etl", "0 3 * * *")],
    ),
    "app/Console/Kernel.php": (
        "<?php\n$schedule->command('a:b')->weeklyOn(1, '8:05');\n$schedule->command('never');\n"
        "// $schedule->command('c')->daily();\n",
        [("laravel", 2, "a:b", "5 8 * * 1")],
    ),
    "server/jobs.js": (
        "const cron = require('node-cron');\n"
        "cron.schedule('*/5 * * * *', () => { f(); }, { timezone: 'Europe/Berlin' });\n",
        [("node-cron", 2, "", "*/5 * * * *")],
    ),
    "src/a.ts": (
        "import { Cron, CronExpression } from '@nestjs/schedule';\nclass A {\n"
        "  @Cron(CronExpression.EVERY_DAY_AT_3AM) run() {}\n}\n",
        [("nestjs", 3, "", "0 0 3 * * *")],
    ),
    "config/schedule.rb": (
        "every :day, at: '4:30 am' do\n  rake 'a:b'\nend\n",
        [("whenever", 2, "a:b", "30 4 * * *")],
    ),
    "src/A.java": (
        "import org.springframework.scheduling.annotation.Scheduled;\nclass A {\n"
        '  @Scheduled(cron = "0 0 3 * * *")\n  void night() {}\n'
        "  @Scheduled(fixedRate = 5 * 60 * 1000) void often() {}\n}\n",
        [("spring", 3, "night", "0 0 3 * * *"), ("spring", 5, "often", "300 s")],
    ),
    "Jenkinsfile": (
        "pipeline {\n  triggers { cron('H 4 * * *') }\n}\n",
        [("jenkins", 2, "Jenkinsfile", "H 4 * * *")],
    ),
    "main.go": (
        'package main\nimport "github.com/robfig/cron/v3"\n'
        'func main() { c := cron.New(); c.AddFunc("@every 1h", run) }\n',
        [("go-cron", 3, "run", "@every 1h")],
    ),
    "src/Jobs.cs": (
        "using Hangfire;\nclass J { void A() {\n"
        '  RecurringJob.AddOrUpdate("night", () => Run(), "0 3 * * *");\n} }\n',
        [("hangfire", 3, "night", "0 3 * * *")],
    ),
}


@pytest.mark.parametrize("path", PROGRAMS)
def test_programs(path: str) -> None:
    text, jobs = PROGRAMS[path]
    found = [(s.scheduler, s.at.line, s.name, s.expression) for s in schedules({path: text})]
    assert found == jobs


FILES = {
    ".github/workflows/a.yml": "on:\n  schedule:\n    - cron: '0 3 * * *'\n",
    "azure-pipelines.yml": "schedules:\n- cron: '0 3 * * *'\nsteps: []\n",
    ".circleci/config.yml": (
        "workflows:\n  night:\n    triggers:\n      - schedule:\n          cron: '0 3 * * *'\n"
    ),
    "cron.yaml": "cron:\n- description: x\n  url: /x\n  schedule: every 24 hours\n",
    "vercel.json": '{"crons": [{"path": "/api/x", "schedule": "0 3 * * *"}]}\n',
    "config/recurring.yml": "a:\n  class: B\n  schedule: every hour\n",
    "config/schedule.yml": "a:\n  cron: '0 3 * * *'\n  class: B\n",
    "application.properties": "app.cron=0 0 3 * * ?\n",
    "application.yml": "app: {cron: '0 0 3 * * *'}\n",
    "wp/plugin.php": "<?php\nwp_schedule_event(time(), 'hourly', 'x_hook');\n",
    "lib/jobs.rb": "require 'rufus-scheduler'\ns = Rufus::Scheduler.new\ns.cron '0 3 * * *' do\nend\n",
    "app/every.py": "import schedule\nschedule.every(10).minutes.do(job)\n",
    "src/S.java": 'import io.quarkus.scheduler.Scheduled;\nclass S { @Scheduled(every = "10s") void x() {} }\n',
    "src/M.java": 'import io.micronaut.scheduling.annotation.Scheduled;\nclass S { @Scheduled(fixedDelay = "10s") void x() {} }\n',
    "a.js": "q.add('x', {}, { repeat: { cron: '0 3 * * *' } });\n",
    "b.js": "const s = require('node-schedule');\ns.scheduleJob('0 3 * * *', f);\n",
    "d.js": "const { Cron } = require('croner');\nnew Cron('0 3 * * *', f);\n",
    "c.js": "const Agenda = require('agenda');\nagenda.every('3 minutes', 'x');\n",
    "compose.yaml": "services:\n  a:\n    labels:\n      ofelia.job-exec.x.schedule: '@every 1h'\n",
    "a.tf": 'resource "google_cloud_scheduler_job" "x" {\n  schedule = "0 3 * * *"\n}\n',
    "b.tf": 'resource "aws_scheduler_schedule" "x" {\n  schedule_expression = "rate(1 hour)"\n}\n',
    "cw.yaml": "kind: CronWorkflow\nmetadata: {name: x}\nspec: {schedule: '0 3 * * *'}\n",
    ".gitlab-ci.yml": "x:\n  script: [a]\n  only: [schedules]\n",
    "sql/mysql/a.sql": "SET GLOBAL event_scheduler = ON;\nCREATE EVENT x ON SCHEDULE EVERY 1 DAY DO CALL p();\n",
    "sql/ora/a.sql": (
        "BEGIN\nDBMS_SCHEDULER.CREATE_JOB(job_name=>'X', job_action=>'p', enabled=>TRUE,\n"
        "repeat_interval=>'FREQ=DAILY;BYHOUR=3');\n"
        "DBMS_JOB.SUBMIT(n, 'p;', SYSDATE, 'SYSDATE + 1');\nEND;\n/\n"
    ),
    "sql/mssql/a.sql": "EXEC msdb.dbo.sp_add_schedule @schedule_name = N'x', @freq_type = 4;\nGO\n",
    "sql/pg/a.sql": (
        "INSERT INTO pgagent.pga_schedule (jscjobid) VALUES (1);\nSELECT add_job('p', '1h');\n"
    ),
    "com.x.plist": (
        "<plist><dict><key>Label</key><string>x</string>"
        "<key>StartInterval</key><integer>300</integer></dict></plist>\n"
    ),
}
# ruff: noqa: E501, ISC004 (small files in few lines)


def test_every_scheduler_of_the_table_is_met() -> None:
    """A row that no reader states would be a promise that nobody keeps."""
    met = {s.scheduler for s in schedules(FILES)} | {
        job[0] for _, jobs in PROGRAMS.values() for job in jobs
    }
    met |= {s.scheduler for s in schedules({"a.yaml": CRON_JOB, "b.sql": SQL})}
    met |= {
        s.scheduler
        for s in schedules(
            {
                "t.yaml": "Resources:\n  A:\n    Type: AWS::Events::Rule\n    Properties: {ScheduleExpression: rate(1 hour)}\n"
            }
        )
    }
    assert met == set(schedulers())


def test_every_grammar_reads_a_plain_expression() -> None:
    from dten_audit.derive.schedules.dialects.reading_all import read_expression

    plain = {5: "0 3 * * *", 6: "0 0 3 * * *", 7: "0 0 3 * * ? *"}
    for notation, grammar in GRAMMARS.items():
        text = plain[min(grammar.fields)]
        if grammar.both == "question":
            text = "cron(0 3 * * ? *)" if notation == "eventbridge" else "0 0 3 * * ?"
        assert not read_expression(notation, text).fault


def document(path: str, kind: str, text: str) -> Document:
    return Document(f"p!/{path}", path, kind, text.encode("utf-8", "replace"))


KINDS = {"xml": "a.xml", "properties": "a.properties", "text": "a.tf", "sql": "a.sql"}
SEEDS = [text for text, _ in PROGRAMS.values()] + list(FILES.values()) + [CRON_JOB, SQL]


@settings(max_examples=60)
@given(st.sampled_from(SEEDS), st.integers(0, 400), st.text(max_size=8), st.integers(0, 30))
def test_any_damaged_file_is_read(seed: str, at: int, junk: str, gone: int) -> None:
    text = seed[:at] + junk + seed[at + gone :]
    for kind, path in KINDS.items():
        list(others.read(document(path, kind, text)))
    for kind in program_jobs.KINDS:
        list(program_jobs.read(document("schedule.rb", kind, text)))
    for path in ("cron.yaml", "serverless.yml", ".github/workflows/x.yml", "sidekiq.yml"):
        list(manifests.read(document(path, "yaml", text)))


HOSTILE = [
    (others, "text", "a.tf", 'resource "aws_scheduler_schedule" "x" {', "{"),
    (others, "text", "a.tf", 'resource "aws_scheduler_schedule" "x" {', "schedule_expression"),
    (others, "xml", "a.xml", "", "<cron>"),
    (others, "xml", "a.xml", '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><cron>', "&a;"),
    (others, "properties", "a.properties", "a.cron=", "* "),
    (others, "properties", "a.properties", "", "a.cron=* * * * * *\n"),
    (others, "sql", "a.sql", "SELECT cron.schedule(", "("),
    (others, "sql", "a.sql", "", "SELECT cron.schedule('x',"),
    (others, "sql", "a.sql", "ON SCHEDULE EVERY ", "CREATE EVENT "),
    (program_jobs, "python", "schedule.rb", "beat_schedule = {", "{"),
    (program_jobs, "python", "schedule.rb", "beat_schedule = {", "'a': "),
    (program_jobs, "php", "schedule.rb", "<?php $schedule->command('x')", "->daily()"),
    (program_jobs, "javascript", "schedule.rb", "require('node-cron'); ", "cron.schedule("),
    (program_jobs, "java", "schedule.rb", "", "@Scheduled("),
    (program_jobs, "ruby", "schedule.rb", "", "every 1.day do\n"),
]


@pytest.mark.parametrize(("reader", "kind", "path", "start", "piece"), HOSTILE)
def test_work_grows_with_size(
    reader: ModuleType, kind: str, path: str, start: str, piece: str
) -> None:
    few, many = (
        calls(reader.read, document(path, kind, start + piece * count)) for count in (200, 800)
    )
    assert many <= 4 * 1.5 * few + 3000
