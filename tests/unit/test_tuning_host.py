"""How cores and the kind of a disk are read from the kernel's own files."""

import os

import pytest
from ansible.module_utils.pgops.tuning_host import cpu_quota, storage_of


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"cpu.max": "150000 100000\n"}, 1.5, id="version-2"),
        pytest.param({"cpu.max": "max 100000\n"}, None, id="version-2-no-limit"),
        pytest.param({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0, id="version-1"),
        pytest.param({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None, id="version-1-no-limit"),
        pytest.param({}, None, id="no-control-group"),
    ],
)  # fmt: skip
def test_the_quota_of_the_control_group(tmp_path, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cpu_quota(tmp_path) == expected


@pytest.mark.parametrize(
    ("disk", "partition", "rotational", "expected"),
    [
        pytest.param("nvme0n1", "nvme0n1p1", "0\n", "ssd", id="partition-of-an-ssd"),
        pytest.param("sda", "", "1\n", "hdd", id="whole-rotating-disk"),
        pytest.param("vda", "vda1", "1\n", None, id="virtual-disk-that-claims-to-rotate"),
        pytest.param("vda", "vda1", "0\n", "ssd", id="virtual-disk-that-does-not"),
        pytest.param("sda", "sda1", None, None, id="kernel-that-does-not-tell"),
    ],
)
def test_the_kind_of_a_disk(tmp_path, disk, partition, rotational, expected):
    folder = tmp_path / "devices" / disk
    (folder / "queue").mkdir(parents=True)
    if rotational:
        (folder / "queue/rotational").write_text(rotational)
    (folder / partition).mkdir(exist_ok=True)
    device = os.stat(tmp_path).st_dev
    link = tmp_path / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(folder / partition)
    assert storage_of(tmp_path / "not/yet/there", root=tmp_path) == expected


def test_a_disk_that_the_kernel_does_not_list_is_unknown(tmp_path):
    assert storage_of(tmp_path, root=tmp_path) is None
