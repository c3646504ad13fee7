"""The files in tools/deploy/ are read by programs that no test starts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "tools" / "deploy"
sys.path.insert(0, str(DEPLOY))

import search  # noqa: E402


def test_the_kubernetes_file_is_a_dask_cluster() -> None:
    cluster = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    assert (cluster["apiVersion"], cluster["kind"]) == (
        "kubernetes.dask.org/v1",
        "DaskCluster",
    )
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    assert set(spec) == {"worker", "scheduler"}
    assert spec["worker"]["replicas"] >= 1
    for role in ("worker", "scheduler"):
        (container,) = spec[role]["spec"]["containers"]
        assert container["name"] == role
        assert container["args"][:2] == ["dask", role]
        assert all(isinstance(word, str) for word in container["args"])
        assert set(container["resources"]) == {"requests", "limits"}
    service = spec["scheduler"]["service"]
    assert service["selector"] == {
        "dask.org/cluster-name": name,
        "dask.org/component": "scheduler",
    }
    (container,) = spec["scheduler"]["spec"]["containers"]
    open_ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"] for port in service["ports"]} == set(open_ports)
    assert all(open_ports[port["name"]] == port["port"] for port in service["ports"])


def test_the_slurm_settings_are_those_of_dask_jobqueue() -> None:
    settings = yaml.safe_load((DEPLOY / "slurm.yaml").read_text("utf-8"))
    slurm = settings["jobqueue"]["slurm"]
    assert set(slurm) == {
        *("queue", "cores", "processes", "memory", "walltime"),
        *("local-directory", "job-script-prologue"),
    }
    assert slurm["cores"] == slurm["processes"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", slurm["walltime"])
    assert all(line.startswith("export ") for line in slurm["job-script-prologue"])


def test_the_job_script_is_one_that_bash_and_sbatch_read() -> None:
    script = DEPLOY / "slurm.sh"
    lines = script.read_text("utf-8").splitlines()
    assert lines[0] == "#!/bin/bash"
    orders = [number for number, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+=\S+", lines[k]) for k in orders)
    first_command = next(k for k, line in enumerate(lines) if line[:1] not in ("#", ""))
    assert max(orders) < first_command  # sbatch stops reading there
    if bash := shutil.which("bash"):
        subprocess.run([bash, "-n", "slurm.sh"], cwd=DEPLOY, check=True)


def test_every_file_that_the_page_names_is_there() -> None:
    page = (DEPLOY / "README.md").read_text("utf-8")
    named = {"README.md", *re.findall(r"deploy/([\w.]+)", page)}
    assert named == {path.name for path in DEPLOY.iterdir() if path.is_file()}


def test_the_search_runs_on_a_cluster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from distributed import Client

    from softmax_lib.datasets import CIFAR10Data

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 5)).astype(np.float32), np.arange(40) % 3
    data = CIFAR10Data(X, y, X, y, X, y, X, y)
    monkeypatch.setattr(search, "get_CIFAR10_data", lambda rng: data)
    with Client(processes=False, dashboard_address=":0") as client:
        found = search.connect(client.scheduler.address)
        search.search(found, num_iters=2)
        found.close()
    *trials, best = capsys.readouterr().out.splitlines()
    assert len(trials) == 9
    assert best.startswith("best: Trial(learning_rate=")
