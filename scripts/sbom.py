#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Print the software bill of materials of a build, as CycloneDX 1.6 JSON: the
shared libraries that lunar.service and rockets link, and those that these link,
from the binaries and Debian's database of packages; and the npm packages in the
pages of the service, from the bundles themselves. What is embedded is compared
with the lock files and the binary. A linked library that docs/third-party.md
does not name, and an embedded package without its licence in the binary, are
errors. The same build has the same output; SOURCE_DATE_EPOCH gives it a date.

usage: scripts/sbom.py [--source DIR] BUILD
  BUILD         folder of the build, such as build/release
  --source DIR  the sources; default those of the build

Exit status: 0 printed, 1 something is missing or disagrees, 2 invalid command
line.

Example: scripts/sbom.py build/release >lunar.cdx.json
"""

import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse
import uuid

BINARIES = ("lunar.service", "rockets")
PACKAGE = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")


class Fault(Exception):
    """What is missing or disagrees; the text says what to do."""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_json(path):
    return json.loads(read(path))


def run(*command):
    # What the loader preloads here is no part of the binaries.
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("LD_")}
    environment["LC_ALL"] = "C"
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


class Build:
    """The folder of a build, and what CMake knows about it."""

    def __init__(self, folder, source):
        self.folder = folder
        self.cache = dict(re.findall(r"^(\w+):\w+=(.*)$",
                                     read(f"{folder}/CMakeCache.txt"), re.M))
        self.source = source or self.cache["CMAKE_HOME_DIRECTORY"]
        self.version = self.cache["CMAKE_PROJECT_VERSION"]

    def has(self, option):
        return self.cache.get(option) == "ON"

    def in_source(self, path):
        return f"{self.source}/{path}"


def licences(text):
    """An SPDX identifier or an SPDX expression."""
    if re.search(r" (AND|OR|WITH) ", text):
        return [{"expression": text}]
    return [{"license": {"id": text}}]


def component(kind, name, purl, licence, **more):
    entry = {"type": kind, "bom-ref": purl, "name": name}
    entry.update(more)
    if licence:
        entry["licenses"] = licences(licence)
    entry["purl"] = purl
    return entry


# Linked libraries

def loaded_files(binary):
    """The files that the loader loads, by the names that ELF files need."""
    found = re.findall(r"^\s*(\S+) => (/\S+) ", run("ldd", binary), re.M)
    return {name: path for name, path in found}


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", path))


def spellings(path):
    """/lib may be a link to /usr/lib: dpkg knows a file by one of the two."""
    for name in (path, os.path.realpath(path)):
        yield name
        yield name[4:] if name.startswith("/usr/") else "/usr" + name


def debian_packages(paths):
    """The package of each file."""
    names = [name for path in paths for name in spellings(path)]
    lines = run("dpkg-query", "-S", *names).splitlines()
    owners = {name: owner.partition(",")[0]
              for owner, _, name in (line.partition(": ") for line in lines)}
    packages = {}
    for path in paths:
        packages[path] = next(
            (owners[name] for name in spellings(path) if name in owners), None)
        if packages[path] is None:
            raise Fault(f"{path}: no Debian package owns this library")
    return packages


def table(build, title):
    """The licences in a table of docs/third-party.md, by the first column."""
    text = read(build.in_source("docs/third-party.md"))
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| (\S+) \| ([^|]+) \|", section, re.M))


def libraries(names, direct, known):
    """The components of Debian packages, by the names given."""
    fields = "${Package} ${source:Package} ${Version} ${Architecture}\n"
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', read("/etc/os-release"), re.M))
    quote = urllib.parse.quote
    found = {}
    for name in names:
        package, source, version, machine = run(
            "dpkg-query", "-W", "-f", fields, name).split()
        if name in direct and source not in known:
            raise Fault(f"{package} is linked, but docs/third-party.md has no "
                        f"row for {source}: add its licence")
        purl = (f"pkg:deb/{system['ID']}/{quote(package)}"
                f"@{quote(version, safe='')}?arch={machine}"
                f"&distro={system['ID']}-{system['VERSION_ID']}"
                f"&upstream={quote(source)}")
        found[name] = component("library", package, purl, known.get(source),
                                version=version)
    return found


def linked(build):
    """The libraries, and what depends on what."""
    files = {binary: loaded_files(f"{build.folder}/{binary}")
             for binary in BINARIES}
    paths = {name: path for loaded in files.values()
             for name, path in loaded.items()}
    owners = debian_packages(paths.values())
    packages = {name: owners[path] for name, path in paths.items()}
    users = {binary: [f"{build.folder}/{binary}"] for binary in BINARIES}
    for path, package in owners.items():
        users.setdefault(package, []).append(path)
    uses = {user: {packages[name] for path in its for name in needed(path)
                   if name in packages} - {user}
            for user, its in users.items()}
    direct = set().union(*(uses[binary] for binary in BINARIES))
    found = libraries(set(owners.values()), direct,
                      {**table(build, "Loaded with them"),
                       **table(build, "Linked")})
    refs = {name: entry["bom-ref"] for name, entry in found.items()}
    graph = {refs.get(user, user): {refs[name] for name in used}
             for user, used in uses.items()}
    return list(found.values()), graph


# Embedded packages

def npm_package(build, folder, name):
    """A package of folder's lock file that is installed as it says there."""
    lock = read_json(build.in_source(f"{folder}/package-lock.json"))
    try:
        locked = lock["packages"][f"node_modules/{name}"]
    except KeyError:
        raise Fault(f"{name} is embedded, but not in {folder}/package-lock.json")
    installed = read_json(
        build.in_source(f"{folder}/node_modules/{name}/package.json"))
    if installed["version"] != locked["version"]:
        raise Fault(f"{name} {installed['version']} is installed, but "
                    f"{folder}/package-lock.json has {locked['version']}: run "
                    f"npm ci --prefix {folder}, and build again")
    algorithm, _, digest = locked["integrity"].partition("-")
    hashes = [{"alg": algorithm.upper().replace("SHA", "SHA-"),
               "content": base64.b64decode(digest).hex()}]
    purl = npm_purl(name) + "@" + locked["version"]
    return component("library", name, purl, locked["license"],
                     version=locked["version"], hashes=hashes)


def npm_purl(name):
    return "pkg:npm/" + name.replace("@", "%40")


def must_contain(build, path):
    """Fails unless the binary contains the file."""
    with open(f"{build.folder}/{BINARIES[0]}", "rb") as binary, \
            open(path, "rb") as file:
        if file.read() not in binary.read():
            raise Fault(f"{BINARIES[0]} does not contain {path}: build it again")


def dashboard(build):
    bundle = f"{build.folder}/web/dashboard"
    texts = f"{build.folder}/assets/dashboard_licenses.txt"
    for path in (bundle + ".js", bundle + ".css", texts):
        must_contain(build, path)
    names = set()
    for output in read_json(bundle + ".json")["outputs"].values():
        names.update(PACKAGE.findall(path)[-1]
                     for path, part in output["inputs"].items()
                     if part["bytesInOutput"] > 0 and PACKAGE.search(path))
    packages = [npm_package(build, "web", name) for name in names]
    notices = read(texts)
    known = table(build, "Embedded")
    for name in names:
        licence = build.in_source(f"web/node_modules/{name}/LICENSE")
        if read(licence).strip() not in notices:
            raise Fault(f"{name} is in the dashboard, but its LICENSE is not in "
                        f"{texts}: add it to web/CMakeLists.txt")
        if not re.search(rf"(?<![\w@/-]){re.escape(name)}(?![\w/-])", notices):
            raise Fault(f"{name} is in the dashboard, but not in web/NOTICE")
        if name not in known:
            raise Fault(f"{name} is in the dashboard, but has no row in "
                        "docs/third-party.md")
    return packages


def swagger(build):
    """Swagger UI with the packages in its bundle, which have no versions."""
    folder = build.in_source("openapi/node_modules/swagger-ui-dist")
    texts = f"{build.folder}/assets/licenses.txt"
    names = set()
    for file in ("swagger-ui-bundle.js", "swagger-ui.css"):
        must_contain(build, f"{folder}/{file}")
        for path in read_json(f"{folder}/{file}.map")["sources"]:
            names.update(PACKAGE.findall(path)[-1:])
    must_contain(build, texts)
    known = dict(re.findall(r"^=== (\S+): (.+)$", read(texts), re.M))
    missing = sorted(names - set(known))
    if missing:
        raise Fault("Swagger UI's bundle contains packages without a licence in "
                    f"openapi/third-party.txt, add them: {' '.join(missing)}")
    entry = npm_package(build, "openapi", "swagger-ui-dist")
    entry["components"] = [
        component("library", name, npm_purl(name), known[name])
        for name in sorted(names)]
    return entry


# The document

def document(build):
    components, graph = linked(build)
    pages = []
    if build.has("LUNAR_WEB"):
        pages += dashboard(build)
    if build.has("LUNAR_SWAGGER"):
        pages.append(swagger(build))
    graph["lunar.service"].update(entry["bom-ref"] for entry in pages)
    graph["lunar"] = set(BINARIES)
    own = {"version": build.version, "licenses": licences("Apache-2.0")}
    programs = [{"type": "application", "bom-ref": name, "name": name, **own}
                for name in BINARIES]
    metadata = {
        "lifecycles": [{"phase": "build"}],
        "component": {"type": "application", "bom-ref": "lunar",
                      "name": "lunar", **own},
    }
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        moment = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
        metadata["timestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {
        "metadata": metadata,
        "components": programs + sorted(components + pages,
                                        key=lambda entry: entry["bom-ref"]),
        "dependencies": [{"ref": ref, "dependsOn": sorted(graph[ref])}
                         for ref in sorted(graph)],
    }
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Of the content, so that the same build has the same number.
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, digest).urn,
        "version": 1,
        **content,
    }


def main():
    if {"-h", "-help", "--help"} & set(sys.argv[1:]):
        print(__doc__.strip())
        return 0
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2],
                                     add_help=False)
    parser.add_argument("--source")
    parser.add_argument("build")
    arguments = parser.parse_args()
    try:
        build = Build(arguments.build, arguments.source)
        text = json.dumps(document(build), indent=1, ensure_ascii=False)
    except (Fault, OSError) as fault:
        print(f"sbom.py: {fault}", file=sys.stderr)
        return 1
    sys.stdout.reconfigure(encoding="utf-8")
    print(text)
    return 0


sys.exit(main())
