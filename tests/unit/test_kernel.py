"""What a PostgreSQL host's kernel should be set to, and when it must be left alone."""

import pytest
from ansible.module_utils.pgops.kernel import Machine, huge_pages, read_machine, report, wanted
from ansible.module_utils.pgops.sizes import GB, MB

import host_kernel_info

SMALL, LARGE = Machine(2 * GB, 2 * MB), Machine(64 * GB, 2 * MB)


def values(machine: Machine, shared_buffers: int) -> dict[str, str]:
    return {name: value for name, value, _ in wanted(machine, shared_buffers)}


@pytest.mark.parametrize(
    ("machine", "shared_buffers", "expected"),
    [
        pytest.param(SMALL, 512 * MB, ("90", "67108864", "268435456", None), id="2-GB"),
        pytest.param(LARGE, 16 * GB, ("86", "268435456", "1073741824", "8684"), id="64-GB"),
        pytest.param(Machine(64 * GB, GB), 16 * GB, ("86", "268435456", "1073741824", "17"), id="pages-of-1-GB"),
    ],
)
def test_the_values_fit_the_machine(machine, shared_buffers, expected):
    found = values(machine, shared_buffers)
    names = ("vm.overcommit_ratio", "vm.dirty_background_bytes", "vm.dirty_bytes", "vm.nr_hugepages")
    assert tuple(found.get(name) for name in names) == expected
    assert (found["vm.overcommit_memory"], found["vm.swappiness"]) == ("2", "1")


@pytest.mark.parametrize(("shared_buffers", "pages"), [(2 * GB - 1, 0), (2 * GB, 1086)])
def test_huge_pages_begin_at_two_gigabytes(shared_buffers, pages):
    assert huge_pages(LARGE, shared_buffers) == pages
    assert pages * 2 * MB >= shared_buffers or not pages


def test_what_may_be_promised_leaves_the_reserve():
    ratio = int(values(LARGE, 16 * GB)["vm.overcommit_ratio"])
    pages = int(values(LARGE, 16 * GB)["vm.nr_hugepages"]) * 2 * MB
    assert (64 * GB - pages) * ratio // 100 + pages <= 64 * GB * 9 // 10


def kernel(root, **files: str):
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text("MemTotal: 2097152 kB\nHugePages_Total: 0\nHugepagesize: 2048 kB\n")
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return report(read_machine(root), 512 * MB, root)


def test_it_says_what_runs_and_leaves_out_what_the_kernel_does_not_have(tmp_path):
    found = kernel(
        tmp_path, proc__sys__vm__swappiness="60\n", sys__kernel__mm__transparent_hugepage__enabled="[always] never\n"
    )
    assert found["settings"] == {"vm.swappiness": "1"}
    assert {row["name"]: row["running"] for row in found["table"]}["vm.swappiness"] == "60"
    assert (found["transparent_huge_pages"], found["not_ours"]) == ("always", None)


@pytest.mark.parametrize("file", ["run__systemd__container", "run__.containerenv"])
def test_the_kernel_of_a_container_is_left_alone(tmp_path, file):
    assert "has to be set there" in kernel(tmp_path, **{file: "podman\n"})["not_ours"]


def test_the_module_names_a_size_that_is_none(run_module):
    assert run_module(host_kernel_info, shared_buffers="much")["msg"].startswith("shared_buffers is 'much'.")
    assert "vm.nr_hugepages" in {row["name"] for row in run_module(host_kernel_info, shared_buffers="4GB")["table"]}
