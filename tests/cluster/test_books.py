"""The books of a class that a cluster grades, in PostgreSQL: only the machine that runs `grade` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from clusters import ClusterClass
from kubernetes_server import kubernetes_server

from autograder.cluster.kubernetes import engines
from autograder.cluster.manifests import Site, write_manifests


@pytest.mark.long  # a database server, and a pod that imports everything that grades
def test_the_books_of_a_cluster_may_be_in_postgresql(
    tmp_path: Path, postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that pods grade is in PostgreSQL, everybody once; pods know nothing of that address; and a second run
    starts no pod, for everything is known."""
    graded = ClusterClass(tmp_path, 2)
    graded.address = postgres_address
    template = write_manifests(tmp_path / "k8s", Site("i", "grading"))[-1]
    with kubernetes_server(tmp_path) as (cluster, config):
        monkeypatch.setenv("KUBECONFIG", str(config))
        begin = engines(graded.jobs, 2, template)
        assert graded.right(graded.grade(engines=begin))
        started = len(cluster.created)
        assert started == 2
        assert postgres_address not in str(cluster.created)
        assert graded.right(graded.grade(engines=begin))
        assert len(cluster.created) == started
