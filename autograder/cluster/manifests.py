"""What a site applies to a Kubernetes cluster so that it grades: an image, a volume, who may do what; and the Job that
is started for each bundle, which the site edits and `grade` reads.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from autograder import __version__
from autograder.checks.errors import UsageError
from autograder.checks.wording import reason_of

__all__ = ["JOB_FILE", "Site", "read_job", "unknown_fields", "write_manifests"]

JOB_FILE = "job.yaml"
CONTAINERFILE = f"""\
# The grader's image. Build it beside a wheel of the same version as the machine that runs `autograder grade`.
FROM docker.io/library/python:3.11-slim
COPY *.whl /tmp/
RUN pip install --no-cache-dir "$(ls /tmp/autograder_ml-{__version__}-*.whl)[torch,sklearn,plots]" && rm /tmp/*.whl
USER {{user}}
"""
SHARED = """\
# The folder that all pods see; the machine that runs `autograder grade` mounts it at the same path.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: autograder
  namespace: {namespace}
spec:
  accessModes: [ReadWriteMany]
  resources:
    requests:
      storage: 20Gi
---
# Pods of the grader reach nothing, and nothing reaches them: the volume is mounted by the node.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: autograder
  namespace: {namespace}
spec:
  podSelector:
    matchLabels:
      app: autograder
  policyTypes: [Ingress, Egress]
---
# What `autograder grade` may do, and nothing else.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: autograder
  namespace: {namespace}
rules:
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [create, list, delete, deletecollection]
  - apiGroups: [""]
    resources: [pods]
    verbs: [list]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: autograder
  namespace: {namespace}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: autograder
  namespace: {namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: autograder
subjects:
  - kind: ServiceAccount
    name: autograder
    namespace: {namespace}
"""
JOB = """\
# The Job of a bundle of submissions. `autograder grade` adds its name, command, deadlines and failure policy, and
# requests of processors and memory where none are written here. No privilege is needed.
apiVersion: batch/v1
kind: Job
metadata:
  namespace: {namespace}
spec:
  template:
    metadata:
      labels:
        app: autograder
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      # runtimeClassName: gvisor
      securityContext:
        runAsNonRoot: true
        runAsUser: {user}
        runAsGroup: {user}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: grader
          image: {image}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: shared
              mountPath: {mount}
      volumes:
        - name: shared
          persistentVolumeClaim:
            claimName: autograder
"""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Site:
    """What differs between clusters: the image, the namespace, and the path of the shared folder on all machines.

    Raises:
        UsageError: a namespace that is no name of Kubernetes, or a path that is not absolute.
    """

    image: str
    namespace: str = "autograder"
    mount: str = "/course"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.namespace):
            raise UsageError(f"--namespace {self.namespace!r}: only a to z, 0 to 9 and hyphens, 63 characters at most.")
        if not self.mount.startswith("/"):
            raise UsageError(f"--mount {self.mount!r} is no absolute path; name the shared folder, such as /course.")
        if not self.image or any(each.isspace() for each in self.image):
            what = f"--image {self.image!r} has a space in it" if self.image.strip() else "--image is empty"
            raise UsageError(f"{what}; name the grader's image, such as registry.example.org/autograder:1.")


def write_manifests(folder: Path, site: Site) -> tuple[Path, ...]:
    """Write `Containerfile`, `shared.yaml` and `job.yaml`; returns their paths.

    Raises:
        UsageError: one is there already, or cannot be written.
    """
    values = {
        "image": json.dumps(site.image),
        "namespace": site.namespace,
        "mount": json.dumps(site.mount),
        "user": os.getuid() or 1000,  # who writes results is who reads them
    }
    texts = {"Containerfile": CONTAINERFILE, "shared.yaml": SHARED, JOB_FILE: JOB}
    paths = tuple(folder / name for name in texts)
    for path in paths:
        if path.exists():
            raise UsageError(f"{path} is there already; remove it, or name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text.format(**values), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {reason_of(error)}.") from None
    return paths


def read_job(path: Path) -> dict[str, Any]:
    """The Job in a file, with every field known to the client's models.

    Raises:
        UsageError: there is none, it is something else, or it has a field that Kubernetes does not know.
    """
    try:
        job = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        advice = "`autograder cluster manifests` writes one"
        raise UsageError(f"--job-template {path} cannot be read: {reason_of(error)}; {advice}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}," if mark else ""
        raise UsageError(f"--job-template {path}{line} is no YAML.") from None
    if not isinstance(job, dict) or (job.get("apiVersion"), job.get("kind")) != ("batch/v1", "Job"):
        raise UsageError(f"--job-template {path} is no Job of batch/v1; `autograder cluster manifests` writes one.")
    if wrong := next(unknown_fields(job, "V1Job"), ""):
        raise UsageError(f"--job-template {path}: {wrong}.")
    containers = ((job.get("spec") or {}).get("template", {}).get("spec") or {}).get("containers")
    if not containers or not containers[0].get("image"):
        raise UsageError(f"--job-template {path}: spec.template.spec.containers has no image; name the grader's.")
    return job


def unknown_fields(value: Any, kind: str, where: str = "") -> Iterator[str]:
    """What in a manifest is not as the client's model of it, in words.

    Args:
        value: the manifest, or a part of it.
        kind: the name of its model, such as ``"V1Job"``, or ``"List[V1Volume]"``, ``"Dict[str, str]"``, ``"int"``.
        where: the path that led to it.
    """
    from kubernetes import client

    if value is None:
        return
    if found := re.fullmatch(r"(List|Dict)\[(?:str, )?(.+)\]", kind, re.IGNORECASE):
        outer, inner = (list if found[1].lower() == "list" else dict), found[2]
        if not isinstance(value, outer):
            yield f"{where} is {value!r}; expected {'a list' if outer is list else 'names with values'}"
            return
        parts = enumerate(value) if isinstance(value, list) else value.items()
        for key, part in parts:
            yield from unknown_fields(part, inner, f"{where}[{key}]" if outer is list else f"{where}.{key}")
        return
    model = getattr(client, kind, None)
    if model is None:
        if kind in _PLAIN and not _PLAIN[kind](value):
            yield f"{where} is {value!r}; expected {_NAMES[kind]}"
        return
    if not isinstance(value, Mapping):
        yield f"{where or 'It'} is {value!r}; expected names with values"
        return
    types = {name: model.openapi_types[own] for own, name in model.attribute_map.items()}
    for key, part in value.items():
        path = f"{where}.{key}".lstrip(".")
        if key not in types:
            yield f"{path} is no field of Kubernetes' {kind}"
        else:
            yield from unknown_fields(part, types[key], path)


_PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, (str, int, float)) and not isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
}
_NAMES = {"str": "a text", "int": "a whole number", "bool": "true or false"}
