from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Limits
from dten_audit.documents.names import (
    all_plain,
    climbs_out,
    link_problems,
    mode_problems,
    path_problems,
    tool_settings,
)
from dten_audit.documents.source import Link
from dten_audit.documents.tree import tree_problems

LIMITS = Limits()
PATHS = [
    ("etc/cron.d/dten", ""),
    ("a b/c (1)/x+y.txt", ""),
    ("org/Outer$Inner.class", ""),
    ("usr/share/man/man3/Foo::Bar.3pm", ""),
    ("system-systemd\\x2dcryptsetup.slice", ""),
    ("straße/größe.txt", ""),
    ("文件/说明.txt", ""),
    (".hidden/..two", ""),
    ("../x", "path-traversal"),
    ("a/../../x", "path-traversal"),
    ("..\\..\\x", "path-traversal path-backslash"),
    ("a/../b", "path-dots"),
    ("/etc/passwd", "path-absolute"),
    ("C:\\Windows\\x", "path-absolute path-backslash"),
    ("c:x", "path-absolute"),
    ("\\\\server\\share", "path-absolute path-backslash"),
    ("a\nb", "path-control"),
    ("a\0.txt", "path-control"),
    ("a\x1b[2Jb", "path-control"),
    ("invoice\u202efdp.exe", "path-deceptive"),
    ("a\u200b.sh", "path-deceptive"),
    ("x/\uff0e\uff0e/y", "path-deceptive"),
    ("x\uff0fy", "path-deceptive"),
    ("aux", "path-windows"),
    ("lib/con.txt", "path-windows"),
    ("NUL .log", "path-windows"),
    ("dir /x", "path-windows"),
    ("x.", "path-windows"),
    ("a?b", "path-windows"),
    ("-rf", "path-option"),
    ("~/.ssh/authorized_keys", "path-option"),
    ("$(reboot).txt", "path-option"),
    ("`id`", "path-option"),
    ("", "path-empty"),
    ("x" * 256, "path-long"),
    ("x/" * 2100, "path-long"),
]


@pytest.mark.parametrize(("path", "issues"), PATHS)
def test_a_path_is_judged_by_its_parts(path: str, issues: str) -> None:
    alone = {problem.issue for problem in path_problems([path], LIMITS)}
    among = list(path_problems(["etc/x", path, "opt/y"], LIMITS))
    assert alone == {problem.issue for problem in among} == set(issues.split())
    assert {problem.path for problem in among} <= {path}
    assert not (among and all_plain(["etc/x", path, "opt/y"], LIMITS))


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), max_size=5), st.sampled_from([path for path, _ in PATHS]))
def test_no_path_hides_behind_others(others: list[str], path: str) -> None:
    alone = set(path_problems([path], LIMITS))
    assert alone <= set(path_problems([*others, path], LIMITS))


def test_settings_of_auditing_tools_are_told() -> None:
    (problem,) = tool_settings(["a/semgrepignore", "deploy/.semgrepignore", ".semgrepignore/x"])
    assert (problem.issue, problem.path) == ("tool-suppression", "deploy/.semgrepignore")


LINKS = [
    (Link("a/l", "../b"), ""),
    (Link("a/l", "../../b"), "link-escape"),
    (Link("l", "a/../../b"), "link-escape"),
    (Link("l", "..\\b"), "link-escape"),
    (Link("l", "/etc"), "link-absolute"),
    (Link("a/l", "a/b", hard=True), ""),
    (Link("a/l", "../b", hard=True), "link-escape"),
    (Link("l", "/etc/shadow", hard=True), "link-escape"),
    (Link("l", "x" * 5000), "path-long"),
]


@pytest.mark.parametrize(("link", "issues"), LINKS)
def test_a_link_is_judged_by_where_it_ends(link: Link, issues: str) -> None:
    assert {p.issue for p in link_problems(link, LIMITS)} == set(issues.split())


TREES: list[tuple[list[str], list[str], list[Link], str]] = [
    (["a", "b/c", "b/d"], ["b"], [], ""),
    (["a", "a.b", "a/b"], [], [], "path-conflict"),
    (["README", "readme"], [], [], "path-collision"),
    (["caf\u00e9", "cafe\u0301"], [], [], "path-collision"),
    (["a/b", "a//b"], [], [], "path-collision"),
    (["a/b", "a\\b"], [], [], "path-collision"),
    (["a/b"], ["A"], [], ""),
    (["l/x"], [], [Link("l", "/etc")], "path-through-link"),
    (["l/x"], [], [Link("l", "m")], "path-through-inner-link"),
    ([], ["l/x"], [Link("l", "..")], "path-through-link"),
    (["lx"], [], [Link("l", "/etc")], ""),
]


@pytest.mark.parametrize(("files", "folders", "links", "issues"), TREES)
def test_paths_are_judged_together(
    files: list[str], folders: list[str], links: list[Link], issues: str
) -> None:
    found = tree_problems(files, folders, links, plain=False)
    assert {problem.issue for problem in found} == set(issues.split())


MODES = [
    (0o644, False, True, ""),
    (0o4755, False, True, "mode-setuid"),
    (0o6755, False, True, "mode-setuid"),
    (0o2755, False, True, "mode-setgid"),
    (0o2775, True, True, ""),
    (0o777, True, True, "mode-world-writable"),
    (0o1777, True, True, ""),
    (0o666, False, True, "mode-world-writable"),
    (0o666, False, False, ""),
]


@pytest.mark.parametrize(("mode", "folder", "kept", "issues"), MODES)
def test_a_mode_is_judged_by_what_it_gives_away(
    mode: int, folder: bool, kept: bool, issues: str
) -> None:
    found = mode_problems("x", mode, folder=folder, kept=kept)
    assert {problem.issue for problem in found} == set(issues.split())


@pytest.mark.parametrize("path", ["a/..", "a/b/../..", "./..x", "a/./.."])
def test_going_up_inside_is_not_climbing_out(path: str) -> None:
    assert not climbs_out(path)


def test_many_deep_paths_take_linear_time() -> None:
    paths = [f"{number}/" + "a/" * 1000 + "x" for number in range(2000)]
    start = time.process_time()
    list(path_problems(paths, LIMITS))
    list(tree_problems(paths, [], [], plain=True))
    assert time.process_time() - start < 3
