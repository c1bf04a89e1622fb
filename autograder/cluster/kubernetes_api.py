"""What `grade` asks of the API server of a Kubernetes cluster, by the maintained client.

Four requests, each of which is tried again while the server does not answer.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import kubernetes
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from autograder.checks.errors import GraderError, UsageError
from autograder.checks.wording import counted

__all__ = ["ApiServer", "connection"]

LOST_SECONDS = 600.0
ANSWER_SECONDS = 10.0


def connection() -> kubernetes.client.ApiClient:
    """A client of the cluster that `KUBECONFIG` or ~/.kube/config names, or of the one that this pod is in.

    Raises:
        UsageError: no cluster is known here.
    """
    configuration = kubernetes.client.Configuration()
    try:
        if os.environ.get("KUBERNETES_SERVICE_HOST") and not os.environ.get("KUBECONFIG"):
            kubernetes.config.load_incluster_config(client_configuration=configuration)
        else:
            kubernetes.config.load_kube_config(os.environ.get("KUBECONFIG"), client_configuration=configuration)
    except kubernetes.config.ConfigException as error:
        raise UsageError(
            f"--cluster kubernetes: no cluster is known here ({error}); set KUBECONFIG to the file that kubectl uses."
        ) from None
    configuration.retries = 0  # `_ask` tries again
    return kubernetes.client.ApiClient(configuration)


@dataclass(slots=True)
class ApiServer:
    """The Jobs and pods of one namespace. Each request returns None or False where there is no answer now.

    Raises:
        GraderError: the server refuses a request, or has not answered for ten minutes.
    """

    namespace: str
    client: kubernetes.client.ApiClient = field(default_factory=connection)
    _lost_since: float = field(init=False, default=0.0)

    def create(self, body: dict[str, Any]) -> bool:
        """Create a Job; False where that has to wait, for an answer or for the namespace's quota."""
        batch = kubernetes.client.BatchV1Api(self.client)
        try:
            return self._ask(lambda: batch.create_namespaced_job(self.namespace, body, **_patient())) is not None
        except ApiException as error:
            if error.status == 409:  # the answer to an earlier request was lost
                return True
            if error.status == 403 and "exceeded quota" in (error.body or ""):
                return False
            raise self._refused(error) from None

    def jobs(self, selector: str) -> Sequence[Any] | None:
        """The Jobs with a label."""
        return self._listed(kubernetes.client.BatchV1Api(self.client).list_namespaced_job, selector)

    def pods(self, selector: str) -> Sequence[Any] | None:
        """The pods with a label."""
        return self._listed(kubernetes.client.CoreV1Api(self.client).list_namespaced_pod, selector)

    def delete(self, selector: str) -> bool:
        """Delete the Jobs with a label, and their pods."""
        batch = kubernetes.client.BatchV1Api(self.client)
        about = {"label_selector": selector, "propagation_policy": "Background", **_patient()}
        try:
            return self._ask(lambda: batch.delete_collection_namespaced_job(self.namespace, **about)) is not None
        except ApiException as error:
            raise self._refused(error) from None

    def close(self) -> None:
        """End the connections."""
        self.client.close()

    def _listed(self, request: Callable[..., Any], selector: str) -> Sequence[Any] | None:
        try:
            found = self._ask(lambda: request(self.namespace, label_selector=selector, **_patient()))
        except ApiException as error:
            raise self._refused(error) from None
        return None if found is None else list(found.items)

    def _ask(self, request: Callable[[], Any]) -> Any:
        """The answer of the API server; None while it does not answer, or has too much to do.

        Raises:
            ApiException: it refuses the request.
            GraderError: it has not answered for ten minutes.
        """
        why = ""
        try:
            answer = request()
        except ApiException as error:
            if error.status and error.status != 429 and error.status < 500:
                raise
            why = f"{error.status} {error.reason}"
        except (HTTPError, OSError) as error:
            why = f"{type(error).__name__}"
        else:
            self._lost_since = 0.0
            return answer
        self._lost_since = self._lost_since or time.monotonic()
        if time.monotonic() - self._lost_since > LOST_SECONDS:
            waited = counted(int(LOST_SECONDS // 60), "minute")
            host = self.client.configuration.host
            raise GraderError(f"The Kubernetes cluster at {host} has not answered for {waited} ({why}).")
        return None

    def _refused(self, error: ApiException) -> GraderError:
        """What a refusal means, and what helps."""
        said = _message_of(error)
        if error.status == 401:
            return GraderError(f"The Kubernetes cluster does not know who asks: {said}; log in as for kubectl.")
        if error.status == 403:
            return GraderError(f"The Kubernetes cluster does not allow it: {said}; apply the Role in shared.yaml.")
        if error.status == 404:
            return GraderError(f"The Kubernetes cluster has no namespace {self.namespace}: {said}.")
        return GraderError(f"The Kubernetes cluster refuses the Job: {said}; correct the file of --job-template.")


def _patient() -> dict[str, Any]:
    return {"_request_timeout": ANSWER_SECONDS}


def _message_of(error: ApiException) -> str:
    """The server's own sentence in a refusal."""
    with suppress(ValueError, TypeError, AttributeError):
        if said := json.loads(error.body or "").get("message"):
            return str(said).rstrip(".")
    return f"{error.status} {error.reason}"
