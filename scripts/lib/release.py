"""Writes release.json, which `holdall update check` reads: the newest version, and its files with their checksums.

Called by scripts/dist with the version and the folder. Keys that somebody has added by hand, such as `notes` or the
`url` of a file, stay.
"""

import datetime
import hashlib
import json
import os
import pathlib
import sys

version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
path = folder / "release.json"
known = json.loads(path.read_text()) if path.exists() else {}
if known.get("version") != version:
    known = {}
day = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).date()
release = {"format": "holdall-release", "version": version, "date": day.isoformat(), "notes": known.get("notes", "")}
prefix = f"holdall-{version}-"
files = {}
for file in sorted(folder.glob(f"{prefix}linux-*")):
    platform = file.name.removeprefix(prefix)
    old = known.get("files", {}).get(platform, {})
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    files[platform] = {"name": file.name, "url": old.get("url", ""), "sha256": sha256}
release["files"] = files
path.write_text(json.dumps(release, indent=2) + "\n")
