#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks deploy/compose.yaml and deploy/kubernetes.yaml for deploy.sh.

usage: deploy.py FOLDER BINARY VERSION

Kubernetes' files are checked by the schemas of the oldest and the newest Kubernetes
that kubernetes-validate has, in the strict form, which refuses unknown members; those
of compose by docker-compose. Schemas know nothing of this image and this service, so
the rest is checked here: the Pod Security Standard "restricted", and that ports,
users, folders, flags, times and the version agree. Each check is tried with a file
that it must refuse.
"""
import copy
import pathlib
import re
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml
from kubernetes_validate.utils import all_versions

USER = 65532
STOP_SECONDS = 9  # that a stop with -data may take after -drain: docs/operation.md


def compose_faults(folder, document):
    """What docker-compose says of the document."""
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".yaml") as file:
        yaml.safe_dump(document, file)
        file.flush()
        run = subprocess.run(["docker-compose", "-f", file.name, "config", "--quiet"],
                             capture_output=True, text=True, check=False)
    return [] if run.returncode == 0 else [run.stdout + run.stderr]


def schema_faults(documents, version):
    for document in documents:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {document['kind']}: {error.message}"


def restricted_faults(pod):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/"""
    secure = pod.get("securityContext", {})
    if secure.get("runAsNonRoot") is not True:
        yield "runAsNonRoot"
    if secure.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile"
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "a namespace of the host"
    for volume in pod.get("volumes", []):
        if set(volume) - {"name"} - {"configMap", "emptyDir", "persistentVolumeClaim",
                                     "projected", "secret"}:
            yield f"volume {volume['name']}"
    for container in pod["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if own.get("capabilities", {}) != {"drop": ["ALL"]}:
            yield "capabilities"
        if own.get("privileged") or own.get("runAsUser") == 0:
            yield "privileged"


def seconds(text):
    return int(str(text).removesuffix("s"))


def flag(arguments, name):
    found = [word.split("=", 1)[1] for word in arguments if word.startswith(f"-{name}=")]
    return found[0] if found else None


def image_of(folder):
    """The instructions of the Containerfile's last stage."""
    text = (folder / "Containerfile").read_text().replace("\\\n", " ")
    stage = text[text.rindex("\nFROM "):]
    found = dict(line.split(None, 1) for line in stage.splitlines()
                 if re.match("[A-Z]+ ", line))
    found["ENV"] = dict(word.split("=", 1) for word in found["ENV"].split())
    return found


def agreement_faults(binary, arguments, environment, drain_room, secret_folder):
    """The flags exist, by the binary itself, and the times and folders agree."""
    names = {"LUNAR_" + word.upper().replace("-", "_")
             for word in re.findall(r"^ +-([a-z-]+)", binary, re.MULTILINE)}
    used = set(environment) | {"LUNAR_" + word.lstrip("-").split("=")[0].upper()
                               .replace("-", "_") for word in arguments}
    for name in sorted(used - names):
        yield f"the service has no {name}"
    if drain_room <= seconds(flag(arguments, "drain") or 0) + STOP_SECONDS:
        yield f"killed after {drain_room} s, before its stop ends"
    if flag(arguments, "tokens") != f"{secret_folder}/tokens":
        yield "-tokens is not where the secret is"


def compose_agreement(document, image, binary, version):
    service = document["services"]["lunar"]
    yield from agreement_faults(
        binary, service["command"], image["ENV"], seconds(service["stop_grace_period"]),
        service["secrets"][0]["target"].rsplit("/", 1)[0])
    if service["image"] != f"localhost/lunar:{version}":
        yield f"image {service['image']} is not of version {version}"
    if service["ports"] != [f"127.0.0.1:8088:{image['EXPOSE']}"]:
        yield "ports"
    # docker-compose looks for it only when it starts the service.
    if service["secrets"][0]["source"] not in document["secrets"]:
        yield "no such secret"
    if service["volumes"] != [f"data:{image['VOLUME']}"]:
        yield "volumes"
    health = image["HEALTHCHECK"]
    if re.findall(r'"([^"]*)"', health) != service["healthcheck"]["test"][1:]:
        yield "another healthcheck than the image's"


def kubernetes_agreement(documents, image, binary, version):
    service, stateful = documents
    pod = stateful["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    yield from restricted_faults(pod)
    yield from agreement_faults(binary, container["args"], variables,
                                pod["terminationGracePeriodSeconds"], mounts["tokens"])
    if container["image"] != f"localhost/lunar:{version}":
        yield f"image {container['image']} is not of version {version}"
    if image["USER"] != f"{USER}:{USER}" or any(
            pod["securityContext"].get(name) != USER
            for name in ("runAsUser", "runAsGroup", "fsGroup")):
        yield "the user is not that of the image"
    if str(container["ports"][0]["containerPort"]) != image["EXPOSE"]:
        yield "the port is not that of the image"
    if pod["volumes"][0]["secret"]["defaultMode"] != 0o440:
        yield "others may read the secret"
    if not variables["LUNAR_DATA"].startswith(mounts["data"] + "/"):
        yield "the data is not in the volume, or at its root"
    if pod.get("enableServiceLinks") is not False:
        yield "LUNAR_PORT is set by the service named lunar"
    labels = stateful["spec"]["template"]["metadata"]["labels"]
    if service["spec"]["selector"].items() - labels.items() or \
            stateful["spec"]["selector"]["matchLabels"] != labels or \
            stateful["spec"]["serviceName"] != service["metadata"]["name"]:
        yield "the service does not select the pods"


def spoilt(document, path, value):
    """A copy in which the member at the path has the value; None: it is missing."""
    document = copy.deepcopy(document)
    place = document
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


POD = (1, "spec", "template", "spec")
CONTAINER = POD + ("containers", 0)
BAD_KUBERNETES = [  # the schemas, then ours
    ((1, "spec", "replica"), 1),
    ((1, "spec", "selector"), None),
    (CONTAINER + ("livenessProbe", "httpGet", "port"), None),
    (CONTAINER + ("resources", "limits", "memory"), [1]),
    (POD + ("terminationGracePeriodSeconds",), "30s"),
    (CONTAINER + ("securityContext", "capabilities"), None),
    (CONTAINER + ("securityContext", "allowPrivilegeEscalation"), True),
    (POD + ("securityContext", "seccompProfile"), None),
    (POD + ("securityContext", "fsGroup"), 999),
    (POD + ("volumes", 0), {"name": "tokens", "hostPath": {"path": "/etc"},
                            "secret": {"secretName": "t", "defaultMode": 0o440}}),
    (POD + ("volumes", 0, "secret", "defaultMode"), 0o644),
    (POD + ("terminationGracePeriodSeconds",), 20),
    (POD + ("enableServiceLinks",), None),
    (CONTAINER + ("args", 0), "-token=/secret/tokens"),
    (CONTAINER + ("args", 0), "-tokens=/run/tokens"),
    (CONTAINER + ("env", 0, "value"), "/data"),
    (CONTAINER + ("image",), "localhost/lunar:0.0.1"),
    (CONTAINER + ("ports", 0, "containerPort"), 80),
    ((0, "spec", "selector"), {"app": "lunar"}),
]
SERVICE = ("services", "lunar")
BAD_COMPOSE = [
    (SERVICE + ("read_olny",), True),
    (SERVICE + ("ports",), "8088"),
    (SERVICE + ("volumes", 0), "state:/data"),
    (("volumes",), None),
    (SERVICE + ("secrets", 0, "source"), "token"),
    (SERVICE + ("stop_grace_period",), "10s"),
    (SERVICE + ("healthcheck", "test"), ["CMD", "curl", "localhost"]),
    (SERVICE + ("command", 1), "-drian=5"),
    (SERVICE + ("image",), "localhost/lunar:latest"),
]


def main():
    folder, binary, version = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    text = subprocess.run([binary, "-help"], capture_output=True, text=True,
                          check=True).stdout
    image = image_of(folder)
    compose = yaml.safe_load((folder / "compose.yaml").read_text())
    kubernetes = list(yaml.safe_load_all((folder / "kubernetes.yaml").read_text()))
    versions = all_versions()
    versions = [name.removesuffix("-local") for name in (versions[0], versions[-1])]

    def of_compose(document):
        faults = compose_faults(folder, document)
        return faults or list(compose_agreement(document, image, text, version))

    def of_kubernetes(documents):
        faults = [fault for name in versions for fault in schema_faults(documents, name)]
        return faults or list(kubernetes_agreement(documents, image, text, version))

    failed = False
    for name in ("compose.yaml", "kubernetes.yaml"):
        shown = set(re.findall("localhost/lunar:([0-9.]+)", (folder / name).read_text()))
        if shown != {version}:
            print(f"{name}: shows versions {shown}, not {version}")
            failed = True
    for name, document, faults_of, bad in (
            ("compose.yaml", compose, of_compose, BAD_COMPOSE),
            ("kubernetes.yaml", kubernetes, of_kubernetes, BAD_KUBERNETES)):
        for fault in faults_of(document):
            print(f"{name}: {fault}")
            failed = True
        for path, value in bad:
            try:
                refused = faults_of(spoilt(document, path, value))
            except (KeyError, TypeError) as error:
                refused = [f"is not even read: {error!r}"]
                failed = True
                print(f"{name}: {path} = {value}: {refused[0]}")
            if not refused:
                print(f"{name}: accepted with {'.'.join(map(str, path))} = {value}")
                failed = True
    print(f"Kubernetes {' and '.join(versions)}; "
          f"{len(BAD_COMPOSE) + len(BAD_KUBERNETES)} spoilt files refused")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
