"""The files for a Kubernetes cluster, the site's own Job, and every sentence about what is wrong with them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import refused, run_here
from tiny_course import make_course

from autograder.checks.errors import UsageError
from autograder.cluster.manifests import Site, read_job, unknown_fields, write_manifests

MODELS = {
    "PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "NetworkPolicy": "V1NetworkPolicy",
    "Role": "V1Role",
    "RoleBinding": "V1RoleBinding",
    "ServiceAccount": "V1ServiceAccount",
    "Job": "V1Job",
}


def test_every_manifest_has_only_fields_that_kubernetes_knows(tmp_path: Path) -> None:
    """What `cluster manifests` writes fits the client's models, field by field, and the network policy lets nothing
    out: it names egress, and has no rule for it."""
    said = run_here("cluster", "manifests", "k8s", "--image", "r.example.org/autograder:1", cwd=tmp_path)
    assert said.stdout.split() == ["k8s/Containerfile", "k8s/shared.yaml", "k8s/job.yaml"]
    parts: list[dict[str, Any]] = [*yaml.safe_load_all((tmp_path / "k8s" / "shared.yaml").read_text())]
    parts.append(read_job(tmp_path / "k8s" / "job.yaml"))
    assert {each["kind"] for each in parts} == set(MODELS)
    assert [wrong for each in parts for wrong in unknown_fields(each, MODELS[each["kind"]])] == []
    (policy,) = (each["spec"] for each in parts if each["kind"] == "NetworkPolicy")
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy
    again = run_here("cluster", "manifests", "k8s", "--image", "i", cwd=tmp_path)
    refused(again, "k8s/Containerfile is there already; remove it, or name another folder")


def test_a_wrong_site_is_refused(tmp_path: Path) -> None:
    """A namespace, a path and an image that no cluster takes are one sentence each."""
    for about, sentence in (
        (("i", "Grading"), "only a to z"),
        (("i", "grading", "course"), "no absolute path"),
        ((" ",), "--image is empty"),
        (("two words",), "--image .two words. has a space in it; name the grader"),
    ):
        with pytest.raises(UsageError, match=sentence):
            Site(*about)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file/k8s cannot be written"):
        write_manifests(tmp_path / "file" / "k8s", Site("i"))


CHANGES = [
    ("restartPolicy: Never\n      nodeselector: {a: b}", "nodeselector is no field of Kubernetes' V1PodSpec"),
    ("restartPolicy: [Never]", "restartPolicy is .'Never'.; expected a text"),
    ("terminationGracePeriodSeconds: soon", "terminationGracePeriodSeconds is 'soon'; expected a whole number"),
    ("hostNetwork: 1", "hostNetwork is 1; expected true or false"),
    ("tolerations: all", "tolerations is 'all'; expected a list"),
    ("affinity: near", "affinity is 'near'; expected names with values"),
    ("nodeSelector: [gpu]", "nodeSelector is .'gpu'.; expected names with values"),
    ("nodeSelector: {a: b", "no YAML"),
]


def test_a_wrong_job_is_refused_with_its_field(tmp_path: Path) -> None:
    """A field that is misspelt or of another kind is named by its path before anything is sent."""
    text = write_manifests(tmp_path / "k8s", Site("i"))[-1].read_text()
    path = tmp_path / "job.yaml"
    for line, sentence in CHANGES:
        path.write_text(text.replace("enableServiceLinks: false", line))
        with pytest.raises(UsageError, match=sentence):
            read_job(path)
    path.write_text("kind: Pod\n")
    with pytest.raises(UsageError, match="no Job of batch/v1"):
        read_job(path)
    path.write_text(text.replace('image: "i"', "imagePullPolicy: Always"))
    with pytest.raises(UsageError, match="no image; name the grader's"):
        read_job(path)


def test_what_cannot_be_graded_on_kubernetes_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, an option of another engine, a cluster that nobody knows and a missing package are one sentence
    each."""
    root = make_course(tmp_path)
    (root / "submissions").mkdir()
    write_manifests(root / "k8s", Site("i"))
    call = ("grade", "tiny", "submissions", "--out", "out")
    job = ("--job-template", "k8s/job.yaml")
    kubernetes = (*call, "--cluster", "kubernetes")
    refused(run_here(*call, *job, cwd=root), "add --cluster kubernetes")
    refused(run_here(*call, *job, "--cluster", "dask", cwd=root), "leave it out with dask")
    refused(run_here(*kubernetes, *job, "--keys", "keys", cwd=root), "leave them out with kubernetes")
    refused(run_here(*kubernetes, cwd=root), "needs --job-template job.yaml; `autograder cluster manifests` writes it")
    refused(run_here(*kubernetes, "--job-template", "no.yaml", cwd=root), "no.yaml cannot be read")
    missing = str(tmp_path / "none")
    refused(run_here(*kubernetes, *job, cwd=root, KUBECONFIG=missing), "no cluster is known here", "set KUBECONFIG")
    for name in [name for name in sys.modules if name.partition(".")[0] == "kubernetes"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("kubernetes", "kubernetes_api"):
        monkeypatch.delitem(sys.modules, f"autograder.cluster.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    refused(run_here(*kubernetes, *job, cwd=root), "needs kubernetes", "pip install 'autograder-ml[kubernetes]'")
