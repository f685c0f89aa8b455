"""Layers on disk: against a straightforward oracle, as root and as an ordinary user, and against attacks."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar_oci.errors import CorruptImage, ImageError, UnsafeLayer
from scar_oci.tar import TarReader
from scar_oci.tree import remove_tree
from scar_oci.unpack import Unpacker
from tests.oci.layers import Member, file, folder, hardlink, symlink
from tests.oci.layers import tar as make_tar

_NOBODY = 65534

State = dict[str, tuple[str, str]]
"""What is at each path: its kind, and content or target."""


@pytest.fixture(params=["self", "nobody"] if os.getuid() == 0 else ["self"])
def place(request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty folder, as whoever runs the tests, and, if that is root, as an ordinary user too."""
    path = Path(tempfile.mkdtemp(prefix="scar-unpack-"))
    drop = request.param == "nobody"
    if drop:
        os.chown(path, _NOBODY, _NOBODY)
        os.setresgid(_NOBODY, _NOBODY, 0)
        os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield path
    finally:
        if drop:
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
        shutil.rmtree(path)


def unpack(place: Path, *layers: tuple[Member, ...]) -> Path:
    """The layers' tree."""
    root = place / "root"
    root.mkdir()
    unpacker = Unpacker(os.fsencode(root))
    for members in layers:
        unpacker.begin_layer()
        reader = TarReader(iter([make_tar(*members)]), "test")
        for entry in reader:
            unpacker.add(entry, reader.data())
    unpacker.finish()
    return root


def state(root: Path) -> State:
    """What is on disk, with links as they would be seen from the root."""
    found: State = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder", "")
        else:
            found[name] = ("file", path.read_text())
    return found


# --- The oracle ---


def oracle(*layers: tuple[Member, ...]) -> State:
    """The specification's words: whiteouts hide what is below, then the layer's entries are put on top."""
    result: State = {}
    for members in layers:
        for member in members:
            head, _, name = member.name.rpartition("/")
            prefix = f"{head}/" if head else ""
            if name == ".wh..wh..opq":
                drop(result, prefix)
            elif name.startswith(".wh."):
                hidden = prefix + name.removeprefix(".wh.")
                result.pop(hidden, None)
                drop(result, f"{hidden}/")
        for member in members:
            if not member.name.rpartition("/")[2].startswith(".wh."):
                put(result, member)
    return result


def drop(result: State, prefix: str) -> None:
    for name in [name for name in result if name.startswith(prefix)]:
        del result[name]


def put(result: State, member: Member) -> None:
    parts = member.name.split("/")
    for length in range(1, len(parts)):
        result.setdefault("/".join(parts[:length]), ("folder", ""))
    if member.kind == tarfile.DIRTYPE:
        if result.get(member.name, ("", ""))[0] != "folder":
            result[member.name] = ("folder", "")
        return
    if member.kind == tarfile.LNKTYPE:
        content = result[member.link]
    else:
        content = ("link", member.link) if member.kind == tarfile.SYMTYPE else ("file", member.data.decode())
    drop(result, f"{member.name}/")
    result[member.name] = content


def stack(seed: int) -> list[tuple[Member, ...]]:
    """Some layers over few names, so that everything meets everything: whiteouts before and after entries,
    files where folders were, folders where links were. Nothing goes below what is not a folder."""
    choose = random.Random(seed)
    layers: list[tuple[Member, ...]] = []
    for _ in range(choose.randint(1, 4)):
        members: list[Member] = []
        for number in range(choose.randint(1, 9)):
            members.append(some_member(choose, f"{len(layers)}.{number}"))
            if not is_possible([*layers, tuple(members)]):
                members.pop()
        layers.append(tuple(members))
    return layers


def some_member(choose: random.Random, content: str) -> Member:
    name = "/".join(choose.choices("abc", k=choose.randint(1, 3)))
    head, _, last = name.rpartition("/")
    prefix = f"{head}/" if head else ""
    kinds = {
        "file": file(name, content.encode()),
        "folder": folder(name),
        "symlink": symlink(name, choose.choice(["x", "nowhere/y"])),
        "hardlink": hardlink(name, "/".join(choose.choices("abc", k=choose.randint(1, 2)))),
        "whiteout": file(f"{prefix}.wh.{last}"),
        "opaque": file(f"{prefix}.wh..wh..opq"),
    }
    return kinds[choose.choices(list(kinds), weights=[6, 3, 2, 2, 3, 1])[0]]


def is_possible(layers: list[tuple[Member, ...]]) -> bool:
    """False if an entry has a parent that is no folder, or a hard link has no file to link to."""
    last = layers[-1][-1]
    name = last.name.rpartition("/")[2]
    before = oracle(*layers[:-1], layers[-1][:-1])
    parts = last.name.split("/")
    parents = ["/".join(parts[:length]) for length in range(1, len(parts))]
    if any(before.get(parent, ("folder", ""))[0] != "folder" for parent in parents):
        return False
    if name.startswith(".wh."):
        return keeps_targets(layers)
    if last.kind == tarfile.LNKTYPE:
        inside = last.link.startswith(f"{last.name}/")
        return before.get(last.link, ("", ""))[0] == "file" and not inside
    return True


def keeps_targets(layers: list[tuple[Member, ...]]) -> bool:
    """A whiteout must not pull away what a hard link of the same layer needs."""
    return not any(member.kind == tarfile.LNKTYPE for member in layers[-1])


@pytest.mark.parametrize("batch", range(5))
def test_random_stacks_come_out_as_the_specification_says(place: Path, batch: int) -> None:
    for seed in range(batch * 50, batch * 50 + 50):
        layers = stack(seed)
        root = unpack(place, *layers)
        assert state(root) == oracle(*layers), (seed, layers)
        remove_tree(os.fsencode(root))


# --- One by one ---


def test_a_whiteout_hides_only_lower_layers_wherever_it_stands(place: Path) -> None:
    base = (folder("d"), file("d/old"), file("f", b"old"), folder("e"), file("e/old"))
    above = (
        file("d/new"),
        file("d/.wh..wh..opq"),
        file(".wh.f"),
        file("f", b"new"),
        file("e/new"),
        file(".wh.e"),
    )
    assert set(state(unpack(place, base, above))) == {"d", "d/new", "f", "e", "e/new"}


def test_a_whiteout_in_the_lowest_layer_hides_nothing(place: Path) -> None:
    assert set(state(unpack(place, (file("f"), file(".wh.f"), file(".wh..wh..opq"))))) == {"f"}


def test_an_opaque_root_hides_all_that_was(place: Path) -> None:
    assert set(state(unpack(place, (folder("d"), file("d/f")), (file(".wh..wh..opq"), file("g"))))) == {"g"}


def test_the_builders_own_whiteout_names_are_ignored(place: Path) -> None:
    assert set(state(unpack(place, (file("f"),), (file(".wh..wh.plnk"), file(".wh..wh.aufs"))))) == {"f"}


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "d/.wh..."])
def test_a_whiteout_of_no_name_is_refused(place: Path, name: str) -> None:
    with pytest.raises(UnsafeLayer):
        unpack(place, (folder("d"),), (file(name),))


def test_a_hard_link_reaches_a_lower_layer_and_is_not_written_through(place: Path) -> None:
    root = unpack(place, (file("a", b"old"),), (hardlink("b", "a"), file("a", b"new")))
    assert state(root) == {"a": ("file", "new"), "b": ("file", "old")}


def test_a_hard_link_to_itself_is_left_alone(place: Path) -> None:
    assert state(
        unpack(place, (file("a", b"x"), hardlink("a", "./a"), hardlink("b", "a"), hardlink("b", "a")))
    ) == {
        "a": ("file", "x"),
        "b": ("file", "x"),
    }


@pytest.mark.parametrize("target", ["missing", "d", "", "/", "d/missing", "f/below"])
def test_a_hard_link_to_nothing_is_refused(place: Path, target: str) -> None:
    with pytest.raises(CorruptImage, match="hard link"):
        unpack(place, (folder("d"), file("f"), hardlink("h", target)))


@pytest.mark.parametrize(
    ("name", "target", "on_disk"),
    [
        ("l", "/etc/x", "etc/x"),
        ("a/b/l", "/etc//x/./y/", "../../etc/x/y"),
        ("a/l", "/", ".."),
        ("l", "/", "."),
        ("a/l", "/../../etc/x", "../etc/x"),
        ("a/l", "../../../etc/x", "../etc/x"),
        ("a/l", "../../..", ".."),
        ("a/l", "../x", "../x"),
        ("a/l", "./b/../c", "./b/../c"),
        ("dev/stdout", "/proc/self/fd/1", "/proc/self/fd/1"),
        ("a/log", "/dev/stderr", "/dev/stderr"),
        ("a/l", "/dev/../etc/x", "../dev/../etc/x"),
        ("l", "/process", "process"),
    ],
)
def test_links_stay_inside_when_the_kernel_follows_them(
    place: Path, name: str, target: str, on_disk: str
) -> None:
    root = unpack(place, (symlink(name, target),))
    assert os.readlink(root / name) == on_disk


def test_a_link_behind_a_link_is_relative_to_where_it_really_is(place: Path) -> None:
    root = unpack(place, (folder("usr/lib/deep"), symlink("lib", "usr/lib/deep"), symlink("lib/l", "/etc/x")))
    assert os.readlink(root / "usr/lib/deep/l") == "../../../etc/x"


def test_entries_behind_links_go_where_the_links_lead_inside(place: Path) -> None:
    layers = (
        (
            symlink("abs", "/real"),
            symlink("dangling", "made/here"),
            symlink("up", "../../real"),
            folder("real"),
        ),
        (file("abs/1"), file("dangling/2"), file("up/3"), file("/rooted"), file("./a//b/./c")),
    )
    names = {name for name, (kind, _) in state(unpack(place, *layers)).items() if kind == "file"}
    assert names == {"real/1", "made/here/2", "real/3", "rooted", "a/b/c"}


def test_links_in_a_circle_are_refused(place: Path) -> None:
    with pytest.raises(UnsafeLayer, match="circle"):
        unpack(place, (symlink("a", "b"), symlink("b", "a"), file("a/f")))


def test_an_entry_below_a_file_is_refused(place: Path) -> None:
    with pytest.raises(CorruptImage, match="no folder"):
        unpack(place, (file("f"), file("f/below")))


def test_what_replaces_a_folder_that_was_just_used_is_noticed(place: Path) -> None:
    layers = ((folder("d"), file("d/1"), symlink("d", "e"), file("d/2"), folder("d"), file("d/3")),)
    assert {name for name, (kind, _) in state(unpack(place, *layers)).items() if kind == "file"} == {
        "e/2",
        "d/3",
    }


def test_modes_times_and_names_that_are_not_text(place: Path) -> None:
    root = unpack(
        place,
        (
            folder("closed", mode=0o000, mtime=1_000_000_000),
            file("closed/inside"),
            file("secret", mode=0o000),
            file("shared", mode=0o666),
            file("su", mode=0o4711),
            folder("tmp", mode=0o1777),
            folder("group", mode=0o2775),
            file(b"latin-\xe9".decode(errors="surrogateescape"), mtime=1_100_000_000),
            file("future", mtime=2**70),
        ),
    )
    modes = {
        name: stat.S_IMODE((root / name).stat().st_mode)
        for name in ("closed", "secret", "shared", "su", "tmp", "group")
    }
    assert modes == {
        "closed": 0o700,
        "secret": 0o600,
        "shared": 0o666,
        "su": 0o711,
        "tmp": 0o777,
        "group": 0o775,
    }
    assert (root / "closed").stat().st_mtime == 1_000_000_000
    assert os.stat(os.fsencode(root) + b"/latin-\xe9").st_mtime == 1_100_000_000


def test_devices_are_left_out_and_hide_what_was_there(place: Path) -> None:
    root = unpack(
        place,
        (file("dev/null"), file("dev/keep")),
        (
            Member("dev/null", tarfile.CHRTYPE),
            Member("dev/pipe", tarfile.FIFOTYPE),
            Member("dev/b", tarfile.BLKTYPE),
        ),
    )
    assert set(state(root)) == {"dev", "dev/keep"}


def test_folders_nested_deeper_than_python_recurses(place: Path) -> None:
    deep = "/".join("d" * 1100)
    root = unpack(place, (file(f"{deep}/f"),), (file(f"{deep}/g"), file(".wh.d")))
    assert not (root / deep / "f").exists()
    assert (root / deep / "g").exists()
    remove_tree(os.fsencode(root))


# --- Attacks ---

_ATTACKS: dict[str, list[tuple[Member, ...]]] = {
    "dot dot": [(file("../outside/victim", b"evil"),)],
    "dot dot inside": [(folder("a"), file("a/../../outside/victim", b"evil"))],
    "absolute": [(file("/outside/victim", b"evil"),)],
    "through a relative link": [(symlink("l", "../outside"), file("l/victim", b"evil"))],
    "through an absolute link": [(symlink("l", "{outside}"), file("l/victim", b"evil"))],
    "through a link of a lower layer": [(symlink("l", "{outside}"),), (file("l/victim", b"evil"),)],
    "through two links": [
        (symlink("a", "."), symlink("a/b", ".."), symlink("c", "a/b/outside"), file("c/victim", b"evil"))
    ],
    "link into proc": [(symlink("l", "/proc/self/root{outside}"), file("l/victim", b"evil"))],
    "onto a link": [(symlink("l", "{outside}/victim"), file("l", b"evil"))],
    "folder onto a link": [
        (symlink("l", "{outside}"), folder("l", mode=0o777, mtime=1), file("l/victim", b"evil"))
    ],
    "hard link out": [(hardlink("l", "../outside/victim"), file("l", b"evil"))],
    "hard link to an absolute path": [(hardlink("l", "{outside}/victim"), file("l", b"evil"))],
    "hard link through a link": [(symlink("d", "{outside}"), hardlink("l", "d/victim"), file("l", b"evil"))],
    "hard link onto a link": [(symlink("l", "{outside}/victim"), hardlink("h", "l"), file("h", b"evil"))],
    "whiteout out": [(file("f"),), (file("../outside/.wh.victim"),)],
    "whiteout through a link": [(symlink("l", "{outside}"),), (file("l/.wh.victim"),)],
    "opaque through a link": [(symlink("l", "{outside}"),), (file("l/.wh..wh..opq"),)],
    "whiteout of the parent": [(file("f"),), (file(".wh..."),)],
    "whiteout of a link": [(symlink("l", "{outside}"),), (file(".wh.l"),)],
    "folder, then a link, then its time": [(folder("d"), folder("d/outside", mtime=1), symlink("d", ".."))],
    "folder used, then a link": [
        (folder("d"), file("d/a"), symlink("d", "{outside}"), file("d/victim", b"evil"))
    ],
    "link to a folder beside with the same beginning": [
        (symlink("l", "../root-sibling"), file("l/f", b"evil"))
    ],
    "device of the host": [(Member("outside", tarfile.BLKTYPE), file("outside/victim", b"evil"))],
}


@pytest.mark.parametrize("attack", list(_ATTACKS))
def test_nothing_outside_the_tree_changes(place: Path, attack: str) -> None:
    outside = place / "outside"
    outside.mkdir()
    victim = outside / "victim"
    victim.write_text("untouched")
    os.utime(victim, (1_500_000_000, 1_500_000_000))
    os.utime(outside, (1_500_000_000, 1_500_000_000))
    layers = [tuple(aimed(member, str(outside)) for member in members) for members in _ATTACKS[attack]]
    before = [snapshot(path) for path in (outside, victim)]
    with contextlib.suppress(ImageError):  # refusing is as good as containing
        unpack(place, *layers)
    assert [snapshot(path) for path in (outside, victim)] == before
    assert victim.read_text() == "untouched"
    assert sorted(os.listdir(place)) == ["outside", "root"]


def aimed(member: Member, outside: str) -> Member:
    return Member(**{**vars(member), "link": member.link.replace("{outside}", outside)})


def snapshot(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_mode, status.st_nlink, status.st_mtime_ns, status.st_size


@pytest.mark.parametrize("name", ["../f", "a/../f", "a/..", ".."])
def test_names_that_lead_out_are_refused(place: Path, name: str) -> None:
    with pytest.raises(UnsafeLayer):
        unpack(place, (folder("a"), file(name)))


# --- Removal ---


def test_a_tree_that_its_owner_closed_is_removed(place: Path) -> None:
    (place / "t/a/b").mkdir(parents=True)
    (place / "t/a/b/f").write_text("")
    (place / "t/a/b").chmod(0o000)
    (place / "t/a").chmod(0o500)
    remove_tree(os.fsencode(place / "t"))
    assert os.listdir(place) == []


def test_removal_does_not_follow_links(place: Path) -> None:
    (place / "outside").mkdir()
    (place / "outside/victim").write_text("")
    (place / "t").mkdir()
    (place / "t/link").symlink_to(place / "outside")
    remove_tree(os.fsencode(place / "t"))
    (place / "link").symlink_to(place / "outside")
    remove_tree(os.fsencode(place / "link"))
    assert os.listdir(place / "outside") == ["victim"]
    assert os.listdir(place) == ["outside"]


def test_removing_nothing_is_an_error(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remove_tree(os.fsencode(place / "missing"))
