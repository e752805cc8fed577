from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
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
    ("aux:", "path-windows"),
    ("x.txt::$DATA", "path-windows"),
    ("x.txt:stream", ""),
    ("\\\\?\\C:\\x", "path-absolute path-backslash path-windows"),
    ("//server/share/x", "path-absolute"),
    ("a/COM\u00b9.txt", "path-windows"),
    ("lpt0", "path-windows"),
    ("comma.txt", ""),
    ("PROGRA~1/x", ""),
    ("a\u2028b", "path-deceptive"),
    ("a\x7fb", "path-control"),
    ("x/\u2025/y", "path-deceptive"),
    ("...", "path-windows"),
    ("a/./b", ""),
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
    paths = ["a/semgrepignore", "deploy/.semgrepignore", ".semgrepignore/x", "etc/audit.toml"]
    (problem,) = tool_settings(paths)
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


def hard(path: str, target: str) -> Link:
    return Link(path, target, hard=True)


TREES: list[tuple[list[str], list[str], list[Link], str]] = [
    (["a", "b/c", "b/d"], ["b"], [], ""),
    (["a", "a.b", "a/b"], [], [], "path-conflict"),
    (["a"], ["a"], [], "path-conflict"),
    (["README", "readme"], [], [], "path-collision"),
    (["README"], ["readme"], [], "path-collision"),
    (["README", "readme/x"], [], [], "path-collision"),
    (["caf\u00e9", "cafe\u0301"], [], [], "path-collision"),
    (["\ufb01le", "file"], [], [], "path-collision"),
    (["stra\u00dfe", "STRASSE"], [], [], "path-collision"),
    (["a/b", "a//b"], [], [], "path-collision"),
    (["a/b", "a/./b"], [], [], "path-collision"),
    (["a/b", "a/x/../b"], [], [], "path-collision"),
    (["a/b", "a\\b"], [], [], "path-collision"),
    (["a", "a."], [], [], "path-collision"),
    (["a", "a "], [], [], "path-collision"),
    (["a", "a\0.txt"], [], [], "path-collision"),
    (["a.txt", "a.txt:hidden"], [], [], "path-collision"),
    (["a.txt", "a.txt::$DATA"], [], [], "path-collision"),
    (["Foo::Bar.3pm", "Foo::Baz.3pm", "0000:00", "0000:01"], [], [], ""),
    (["a/b"], ["A"], [], ""),
    (["l/x"], [], [Link("l", "/etc")], "path-through-link"),
    (["L/x"], [], [Link("l", "/etc")], "path-through-link"),
    (["L/x"], [], [Link("l", "m")], ""),
    (["l/x"], [], [Link("l", "m")], "path-through-inner-link"),
    ([], ["l/x"], [Link("l", "..")], "path-through-link"),
    (["lx"], [], [Link("l", "/etc")], ""),
    # A link and something else of the same name: what comes later is written through it.
    (["l"], [], [Link("l", "/etc/passwd")], "path-through-link"),
    (["l"], [], [Link("l", "m")], "duplicate-name"),
    ([], ["l"], [Link("l", "/etc")], "path-through-link"),
    ([], ["l"], [Link("l", "m")], "path-conflict"),
    (["l/x"], ["l"], [Link("l", "/etc")], "path-through-link"),
    ([], [], [Link("l", "m"), Link("l", "n")], "duplicate-name"),
    ([], [], [Link("l", "m"), Link("l", "m")], ""),
    (["l/x"], [], [Link("l", "/etc"), Link("l", "m")], "duplicate-name path-through-link"),
    # Links that leave through other links.
    ([], [], [Link("a", "b"), Link("b", "../..")], "link-escape"),
    ([], [], [Link("y", "."), Link("sub/x", "../y/../z")], "link-escape"),
    ([], [], [Link("sub/x", "../y/../z"), Link("y", ".")], "link-escape"),
    ([], [], [Link("y", "d"), Link("sub/x", "../y/../z")], ""),
    ([], [], [Link("a", "."), Link("a/l", "../b")], "link-escape path-through-inner-link"),
    ([], [], [Link("a", "x/y"), Link("a/l", "../../b")], "path-through-inner-link"),
    ([], [], [Link("a", "/etc"), Link("b", "a/passwd")], "link-absolute"),
    ([], [], [Link("a", "/etc"), hard("b", "a/passwd")], "link-escape"),
    ([], [], [Link("d/e/l", "../../x"), hard("h", "d/e/l")], "link-escape"),
    ([], [], [Link("d/e/l", "../../x"), hard("d/h", "d/e/l"), hard("h", "d/h")], "link-escape"),
    ([], [], [Link("d/l", "../x"), hard("d/h", "d/l")], ""),
    ([], [], [hard("h", "bin/tool")], ""),
    ([], [], [Link("a", "b"), Link("b", "a"), Link("c", "a/x")], ""),
    ([], [], [Link("a", "a")], ""),
    ([], [], [Link("x", "l/up/../.."), Link("d/up", "."), Link("l", "d")], "link-escape"),
    ([], [], [Link("1", "2"), Link("2", "3"), Link("3", "4"), Link("4", "5/..")], ""),
    ([], [], [Link("a\\b", "..\\c"), Link("l", "a/b/../..")], "link-escape"),
    (["x/f"], [], [Link("x", "y"), Link("y", "/etc")], "link-absolute path-through-link"),
    ([], [], [Link("usr/lib", "lib64"), Link("usr/bin/t", "../lib/t")], ""),
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


CHAIN = [Link(str(number), str(number + 1)) for number in range(20_000)]
PATHOLOGICAL: dict[str, list[Link]] = {
    "chain": CHAIN,
    "chain, last first": CHAIN[::-1],
    "circle": [*CHAIN, Link("20000", "0")],
    "deep": [Link(f"{number}/" + "a/" * 1000 + "l", "../" * 900 + "l") for number in range(400)],
    "through each other": [Link("a" + "/l" * n, "../" * n + "a" + "/l" * n) for n in range(900)],
    "one path": [Link("l", str(number)) for number in range(20_000)],
    "one path, hard": [
        link for number in range(9000) for link in (Link("l", f"{number}"), hard("h", "l"))
    ],
    "wide": [Link("d", "."), *(Link(f"d/{number}", "d/" * 2000) for number in range(300))],
}


@pytest.mark.parametrize("links", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
def test_links_are_followed_in_bounded_time(links: list[Link]) -> None:
    start = time.process_time()
    list(tree_problems([], [], links, plain=True))
    assert time.process_time() - start < 3


NAMES = st.sampled_from(["a", "b", "c", "..", "."])
WAYS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PLACES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(PLACES, WAYS), max_size=5, unique_by=lambda link: link[0]))
def test_links_lead_where_the_system_finds_them(
    tmp_path: Path, made: list[tuple[str, str]]
) -> None:
    """On a real file system, unpacked in order, the same links leave the folder."""
    top = Path(tempfile.mkdtemp(dir=tmp_path)) / "inner"
    top.mkdir()
    links = []
    for path, target in made:
        place = top / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if not within(place.parent, top):
                break
            place.symlink_to(target)
        except OSError:
            continue
        links.append(Link(path, target))
    told = {
        problem.path
        for problem in tree_problems([], [], links, plain=True)
        if problem.issue == "link-escape"
    }
    told |= {link.path for link in links if any(link_problems(link, LIMITS))}
    for link in links:
        if not within(top / link.path, top):
            assert link.path in told, links


def within(path: Path, top: Path) -> bool:
    """Tell whether a path, with all links followed, is below a folder, or is nowhere."""
    try:
        return path.resolve(strict=True).is_relative_to(top.resolve())
    except (OSError, RuntimeError):
        return True
