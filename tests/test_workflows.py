"""What GitHub runs: pinned actions, and no job of ours that may publish."""

import re

import pytest
import yaml

from tools.checker.chapters import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
JOBS = [
    pytest.param(job, id=f"{path.stem}-{name}")
    for path in WORKFLOWS
    for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items()
]
PUBLISHERS = ("actions/deploy-pages", "actions/download-artifact", "pypa/gh-action-")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit_beside_its_version(path):
    actions = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    assert actions != []
    for action in actions:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_grants_nothing_and_each_job_its_needs(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert all(job["permissions"] for job in workflow["jobs"].values())


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_may_publish_runs_no_code_of_ours(job):
    if job["permissions"] == {"contents": "read"}:
        return
    assert set(job["permissions"]) <= {"pages", "id-token"}
    assert job["needs"] == "build"
    assert all(step["uses"].startswith(PUBLISHERS) for step in job["steps"])


@pytest.mark.parametrize("job", JOBS)
def test_no_clone_keeps_the_credentials_of_the_job(job):
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_the_bot_updates_the_actions_and_the_locks():
    path = ROOT / ".github" / "dependabot.yml"
    for update in yaml.safe_load(path.read_text("utf-8"))["updates"]:
        assert (ROOT / update["directory"].lstrip("/")).is_dir()
