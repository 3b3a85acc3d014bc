#!/usr/bin/env python3
"""Every header under src/ compiles alone. Usage: headers.py BUILD_FOLDER. Exit 1 with one line a finding.

A header that is the first include of some source file is compiled alone by the build. The others are compiled here, with
the flags of a source file of their module.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


def first_includes(sources):
    """Headers that stand first in a source file."""
    found = set()
    for path in sources:
        match = re.search(r'^#include ["<]([^">]+)[">]', path.read_text(), re.M)
        if match:
            found.add(match.group(1))
    return found


def flags_by_folder(build):
    """Folder of a compiled source -> its command without input, output and dependency options."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        compiler = next(i for i, word in enumerate(words) if "clang++" in word)
        kept, skip = [], False
        for word in words[compiler:]:
            if skip or word in ("-c", "-MD", "-MMD") or word == entry["file"]:
                skip = False
            elif word in ("-o", "-MF", "-MT"):
                skip = True
            else:
                kept.append(word)
        flags.setdefault(pathlib.Path(entry["file"]).parent, (kept, entry["directory"]))
    return flags


def flags_for(header, flags):
    """The flags of the nearest folder at or above the header that has sources, or of one below."""
    folder = header.parent
    while folder != SRC:
        near = [f for f in flags if f == folder or folder in f.parents]
        if near:
            return flags[min(near, key=lambda f: len(f.parts))]
        folder = folder.parent
    return next(iter(flags.values()))


def compile_alone(header, flags, build):
    command, directory = flags_for(header, flags)
    name = header.relative_to(SRC).as_posix()
    unit = build / "headers" / (name.replace("/", "_") + ".cc")
    unit.parent.mkdir(exist_ok=True)
    text = f'#include "{name}"\n'
    if not unit.exists() or unit.read_text() != text:
        unit.write_text(text)
    cache = [shutil.which("ccache")] if shutil.which("ccache") else []
    done = subprocess.run([*cache, *command, "-O0", "-c", str(unit), "-o", str(unit.with_suffix(".o"))],
                          capture_output=True, text=True, cwd=directory)
    return None if done.returncode == 0 else f"{name} does not compile alone:\n{done.stderr[:1500]}"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    sources = [*SRC.rglob("*.cc"), *(ROOT / "bench").rglob("*.cc")]
    proven = first_includes(sources)
    headers = sorted(h for h in SRC.rglob("*.h") if h.relative_to(SRC).as_posix() not in proven)
    flags = flags_by_folder(build)
    compiled = {pathlib.Path(f).relative_to(SRC).parts[0] for f in flags if SRC in f.parents}
    headers = [h for h in headers if h.relative_to(SRC).parts[0] in compiled]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [f for f in pool.map(lambda h: compile_alone(h, flags, build), headers) if f]
    print("\n".join(findings))
    print(f"{len(findings)} of {len(headers)} headers; {len(proven)} others stand first in a source file")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
