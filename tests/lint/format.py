#!/usr/bin/env python3
"""Holds every C++ file against .clang-format. Exit 1 with the files that differ; the remedy is scripts/format."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    tool = shutil.which("clang-format-19")
    if tool is None:
        print("clang-format-19 is not installed; scripts/setup installs it")
        return 1
    files = sorted(p for folder in ("src", "bench", "cmake") for p in (ROOT / folder).rglob("*")
                   if p.suffix in {".h", ".cc"})
    done = subprocess.run([tool, "--dry-run", "--Werror", "--ferror-limit=1", *map(str, files)], capture_output=True,
                          text=True, cwd=ROOT)
    findings = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})
    for finding in findings:
        print(f"{finding}: differs from .clang-format; run scripts/format")
    print(f"{len(findings)} of {len(files)} files")
    return 1 if findings or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
