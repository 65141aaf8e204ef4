"""Writes what is in the program: a bill of materials (CycloneDX 1.5) and the licences that have to go with it.

Called by scripts/dist with the target and the two files to write. Listed is what is linked into the file: crates that
are used when it is built, but aren't in it, are left out (build scripts, macros, tests). The parts in C that some of
the crates carry are components of their own, and so are the packages that static/vendor is made of. Nothing in it changes from one run to the next.
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

target, bill_path, licences_path = sys.argv[1], sys.argv[2], sys.argv[3]

# Parts in C: crate, name, where the version stands in the crate, licence.
BUNDLED = [
    ("libsqlite3-sys", "sqlite", "sqlite3/sqlite3.h", r'SQLITE_VERSION +"([\d.]+)"', "blessing"),
    ("libmimalloc-sys", "mimalloc", "c_src/mimalloc/v3/include/mimalloc.h", r"MI_MALLOC_VERSION +(\d+)", "MIT"),
    ("libwebp-sys", "libwebp", "vendor/configure.ac", r"AC_INIT\(\[libwebp\], *\[([\d.]+)\]", "BSD-3-Clause"),
]
LICENCE_FILE = re.compile(r"^(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)", re.IGNORECASE)


def metadata():
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version=1", "--locked", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def linked(data):
    """The packages that end up in the file, without our own."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]
    is_macro = lambda id: any("proc-macro" in target["kind"] for target in packages[id]["targets"])
    found, waiting = set(), [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            id = dependency["pkg"]
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_normal and id not in found and not is_macro(id):
                found.add(id)
                waiting.append(id)
    return packages[root], sorted((packages[id] for id in found), key=lambda p: (p["name"], p["version"]))


def checksums():
    lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text())
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def folder_of(package):
    return pathlib.Path(package["manifest_path"]).parent


def component(package, sums):
    name, version = package["name"], package["version"]
    entry = {"type": "library", "name": name, "version": version, "purl": f"pkg:cargo/{name}@{version}"}
    entry["bom-ref"] = entry["purl"]
    if package.get("license"):
        # An old way to write "or".
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if sums.get((name, version)):
        entry["hashes"] = [{"alg": "SHA-256", "content": sums[(name, version)]}]
    return entry


def bundled(packages):
    by_name = {package["name"]: package for package in packages}
    found = []
    for crate, name, file, pattern, licence in BUNDLED:
        if crate not in by_name:
            continue
        path = folder_of(by_name[crate]) / file
        match = re.search(pattern, path.read_text(errors="replace")) if path.exists() else None
        version = match.group(1) if match else "unknown"
        if re.fullmatch(r"\d{5}", version):
            # Major, and two digits each for minor and patch.
            version = f"{version[0]}.{int(version[1:3])}.{int(version[3:])}"
        entry = {"type": "library", "name": name, "version": version, "purl": f"pkg:generic/{name}@{version}"}
        found.append(entry | {"bom-ref": entry["purl"], "licenses": [{"license": {"id": licence}}]})
    return found


def browser_code():
    """The npm packages that static/vendor is made of, as scripts/vendor pins them."""
    lock = json.loads(pathlib.Path("scripts/vendor/package-lock.json").read_text())
    found = []
    for path, package in sorted(lock["packages"].items()):
        if not path or package.get("dev") or package.get("optional"):
            continue
        name, version = path.removeprefix("node_modules/"), package["version"]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
        entry = {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
        found.append(entry | {"licenses": [{"expression": package["license"]}]})
    return found


def write_bill(root, packages):
    sums = checksums()
    components = [component(package, sums) for package in packages] + bundled(packages) + browser_code()
    seed = hashlib.sha256(json.dumps([root["version"], target, components]).encode()).hexdigest()
    moment = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, seed)}",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "name": root["name"],
                "version": root["version"],
                "licenses": [{"expression": root["license"]}],
                "properties": [{"name": "target", "value": target}],
            },
        },
        "components": components,
    }
    pathlib.Path(bill_path).write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n")


def licence_texts(package):
    """The licence files of a crate, with those of the parts in C that it carries."""
    folder = folder_of(package)
    files = [path for path in folder.rglob("*") if LICENCE_FILE.match(path.name) and path.is_file()]
    return [path.read_text(errors="replace").strip() for path in sorted(files) if path.suffix not in {".rs", ".py"}]


def write_licences(packages):
    users, originals, missing = {}, {}, []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        texts = licence_texts(package)
        if not texts:
            missing.append(f"{name} ({package.get('license')}), {', '.join(package.get('authors') or ['its authors'])}")
        for text in texts:
            # The same words, however they are wrapped.
            key = " ".join(text.split())
            originals.setdefault(key, text)
            if name not in users.setdefault(key, []):
                users[key].append(name)
    lines = ["Holdall is licensed under MIT or Apache-2.0, as you like. It contains the following works of others."]
    lines += ["The source of each is in the public registry of Rust's packages, under the name and version given here."]
    for key, names in sorted(users.items(), key=lambda item: item[1]):
        lines += ["", "=" * 100, ", ".join(names), "=" * 100, "", originals[key]]
    if missing:
        lines += ["", "=" * 100, "Without a licence text in their packages; their licences are named by them as", "=" * 100]
        lines += ["", *missing]
    lines += ["", "=" * 100, "What the dashboard brings to browsers, from the public registry of npm", "=" * 100, ""]
    lines += [pathlib.Path("static/vendor/LICENCES.txt").read_text().rstrip()]
    pathlib.Path(licences_path).write_text("\n".join(lines) + "\n")


root, packages = linked(metadata())
write_bill(root, packages)
write_licences(packages)
