"""Lines of cron tables: assignments, jobs with and without a user field, what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.readers.cron.lines import Assignment, Fault, Job, read_line


def job(line: str, *, user_field: bool = True) -> Job:
    found = read_line(line, user_field=user_field)
    assert isinstance(found, Job), found
    return found


@pytest.mark.parametrize("line", ["", "   ", "\t", "# 0 3 * * * root x", "  \t# x", "#0 3 * * *"])
def test_comments_and_blank_lines_are_nothing(line: str) -> None:
    assert read_line(line, user_field=True) is None


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("SHELL=/bin/bash", "SHELL", "/bin/bash"),
        ("MAILTO = ops@corp.example  ", "MAILTO", "ops@corp.example"),
        ('  PATH="/usr/bin:/bin"', "PATH", "/usr/bin:/bin"),
        ("'A B' = ' padded '", "A B", " padded "),
        ('MAILTO=""', "MAILTO", ""),
        ("a = b = c", "a", "b = c"),
        ("1A=3", "1A", "3"),
        ("0 =3", "0", "3"),
        ("@x=3", "@x", "3"),
    ],
)
def test_assignments(line: str, name: str, value: str) -> None:
    assert read_line(line, user_field=True) == Assignment(name, value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('A="3', "fewer than five time fields"),
        ("a='b' c", "fewer than five time fields"),
        ("export A=3", "fewer than five time fields"),
        ("0 3 * *", "fewer than five time fields"),
        ("0 3 1 * /opt/x", "bad day of week /opt/x"),
        ("60 * * * * root x", "bad minute 60"),
        ("\u0663 * * * * root x", "bad minute \u0663: digits that are not ASCII"),
        ("@every 5m root x", "unknown time word @every"),
        ("@Daily root x", "unknown time word @Daily (known only in small letters)"),
        ("garbage in the table here now", "bad minute garbage"),
        ("\ufeff0 3 * * * root x", "bad minute \ufeff0"),
    ],
)
def test_what_no_cron_understands(line: str, reason: str) -> None:
    assert read_line(line, user_field=True) == Fault(reason)


@pytest.mark.parametrize("line", ["MAILTO=", "a =", "'a' = ", "="])
def test_a_setting_without_a_value_is_for_cronie_only(line: str) -> None:
    found = read_line(line, user_field=True)
    assert isinstance(found, Fault)
    assert found.cronie
    assert "ignores the whole table" in found.reason


def test_a_null_character_ends_it() -> None:
    assert read_line("0 3 * * * root x\0y", user_field=True) == Fault("a NUL character")


@pytest.mark.parametrize(
    ("line", "user", "command", "column"),
    [
        ("0 3 * * * root /opt/x", "root", "/opt/x", 16),
        ('0 3 * * * root echo "a # b" && rm -rf /x', "root", 'echo "a # b" && rm -rf /x', 16),
        ("  */5\t*  * * *   dten\t/opt/x  --all ", "dten", "/opt/x  --all", 23),
        ("@reboot root sleep 5", "root", "sleep 5", 14),
        ("0 3 * * * www-data x=1 y", "www-data", "x=1 y", 20),
        ("0 3 * * 7 root x -x", "root", "x -x", 16),
        ("0 3 * * * svc$ x", "svc$", "x", 16),
    ],
)
def test_jobs_with_a_user(line: str, user: str, command: str, column: int) -> None:
    found = job(line)
    assert (found.user, found.command, found.column) == (user, command, column)
    assert line[column - 1 :].startswith(command.split(maxsplit=1)[0])
    assert not found.traps


def test_jobs_of_a_users_table_have_none() -> None:
    found = job("0 3 * * * /opt/x y", user_field=False)
    assert (found.user, found.command) == ("", "/opt/x y")


@pytest.mark.parametrize(
    ("line", "user_field", "trap"),
    [
        ("5/15 * * * * root x", True, "step-without-range"),
        ("0 22-4 * * * root x", True, "wrapping-range"),
        ("0 0 * * 1#2 root x", True, "nth-weekday"),
        ("0~59 3 * * * root x", True, "random-range"),
        ("0 0 L * * root x", True, "last-day"),
        ("0 3 ? * * root x", True, "question-mark"),
        ("0 3 1 * 1 root x", True, "both-day-fields"),
        ("0 3 */2 * 1 root x", True, "starred-day-step"),
        ("0 3 * * 7 root -n x", True, "command-option"),
        ("~10 3 * * * root x", True, "random-range"),
        ("-@daily root x", True, "leading-minus"),
        ("-*/15 * * * * root x", True, "leading-minus"),
        ("0 0 3 * * * root x", True, "six-fields"),
        ("0 0 3 * * ? root x", True, "six-fields"),
        ("0 0 3 * * * /opt/x", False, "six-fields"),
        ("0 0 3 * * MON-FRI /opt/x", False, "six-fields"),
        ("0 3 * * * /usr/bin/x --f", True, "no-user-field"),
        ("0 3 * * * cd /opt && bin/x", True, "no-user-field"),
        ("@daily /opt/x", True, "no-user-field"),
        ("0 3 * * * root /opt/x", False, "user-in-user-crontab"),
        ("0 3 * * * root date +%Y", True, "percent"),
        ("0 3 * * * root", True, "no-command"),
        ("0 3 * * *", False, "no-command"),
        ("0 3 * * * root a \\", True, "line-continuation"),
    ],
)
def test_traps(line: str, user_field: bool, trap: str) -> None:
    assert job(line, user_field=user_field).traps == (trap,)


@pytest.mark.parametrize(
    ("line", "normal", "otherwise", "refused"),
    [
        ("0 3 * * * root x", "0 3 * * *", "", False),
        ("@daily root x", "0 0 * * *", "", False),
        ("@reboot root x", "", "", False),
        ("5/15 * * * * root x", "", "5-59/15 * * * *", True),
        ("0 22-4 * * * root x", "", "0 22,23,0,1,2,3,4 * * *", False),
        ("0 0 15W * * root x", "", "", True),
        ("0 0 30 2 * root x", "0 0 30 2 *", "", False),
        ("-*/15 * * * * root x", "", "*/15 * * * *", True),
        ("0 0 3 * * * root x", "", "0 3 * * *", True),
        ("0 3 * * * /opt/x", "", "0 3 * * *", True),
    ],
)
def test_how_crons_read_the_time(line: str, normal: str, otherwise: str, refused: bool) -> None:
    found = job(line)
    assert (found.normal, found.otherwise, found.refused) == (normal, otherwise, refused)


@pytest.mark.parametrize(
    ("line", "expression", "user", "command"),
    [
        ("$MIN * * * * daemon /opt/x", "$MIN * * * *", "daemon", "/opt/x"),
        ("${MIN} $((RANDOM % 6)) * * * root x", "${MIN} $((RANDOM % 6)) * * *", "root", "x"),
        ("$(shuf -i 0-59 -n 1) 3 * * * root x", "$(shuf -i 0-59 -n 1) 3 * * *", "root", "x"),
        ("{{ minute }} {{ hour | int }} * * * dten x y", "{{ minute }} {{ hour | int }} * * *",
         "dten", "x y"),
        ("<%= @minute %> 3 * * *\tdten\tx", "<%= @minute %> 3 * * *", "dten", "x"),
        ("@{{ often }} dten x", "@{{ often }}", "dten", "x"),
        ("${n}${m}${h} * * * root x 1", "${n}${m}${h} * * *", "root", "x 1"),
        ("${times} root 1 x", "${times}", "root", "1 x"),
        ("@$OFTEN dten x", "@$OFTEN", "dten", "x"),
        ("{{ '{}'.format(m) }} 3 * * * dten x", "{{ '{}'.format(m) }} 3 * * *", "dten", "x"),
    ],
)  # fmt: skip
def test_computed_times(line: str, expression: str, user: str, command: str) -> None:
    found = job(line)
    assert found.computed
    assert (found.expression, found.user, found.command) == (expression, user, command)
    assert (found.normal, found.refused, found.traps) == ("", False, ())


@pytest.mark.parametrize(
    ("command", "program", "stdin"),
    [
        ("mail -s x joe%Joe,%%bye%", "mail -s x joe", "Joe,\n\nbye\n\n"),
        (r"date +\%F", "date +%F", ""),
        (r"cat%50\% done", "cat", "50% done\n"),
    ],
)
def test_percent_ends_the_command(command: str, program: str, stdin: str) -> None:
    found = job(f"0 3 * * * root {command}")
    assert (found.command, found.stdin) == (program, stdin)


def test_a_starred_command_is_refused_in_a_users_table() -> None:
    assert isinstance(read_line("0 3 * * * *=x y", user_field=False), Fault)


@given(st.text(max_size=200), st.booleans())
def test_any_line_is_read(line: str, user_field: bool) -> None:
    read_line(line, user_field=user_field)


TOKENS = ["*", "0", "*/5", "@daily", "root", "/opt/x", "A=b", '"', "'", "\\", "%", " ", "\t", "#"]
TEMPLATES = [
    "${n}",
    "{{ t }}",
    "<%= @t %>",
    "@{{ t }}",
    "@$T",
    "{{",
    "}}",
    "<%",
    "%>",
    "\n",
    "=",
    "-",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=14), st.booleans())
def test_a_job_keeps_its_command(tokens: list[str], user_field: bool) -> None:
    line = " ".join(tokens)
    found = read_line(line, user_field=user_field)
    if isinstance(found, Job) and "%" not in line:
        assert line[found.column - 1 :].rstrip(" \t") == found.command


@given(st.lists(st.sampled_from([*TOKENS, *TEMPLATES, " "]), max_size=14), st.booleans())
def test_any_line_of_a_template_is_read(tokens: list[str], user_field: bool) -> None:
    read_line("".join(tokens), user_field=user_field)
    read_line(" ".join(tokens), user_field=user_field)
