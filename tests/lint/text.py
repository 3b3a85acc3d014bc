#!/usr/bin/env python3
"""House rules that are cheap to check on text: headers, READMEs, sizes, leftovers. Exit 1 with one line a finding."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
LONGEST_FILE = 600
LONGEST_LINE = 120
README_LINES = 40


def main():
    findings = []
    for path in sorted(p for p in SRC.rglob("*") if p.suffix in {".h", ".cc"}):
        relative = path.relative_to(ROOT)
        text = path.read_text()
        lines = text.splitlines()
        if path.suffix == ".h" and not text.lstrip().startswith("#pragma once"):
            findings.append(f"{relative}: a header begins with #pragma once")
        if len(lines) > LONGEST_FILE and "/tests/" not in relative.as_posix():
            findings.append(f"{relative}: {len(lines)} lines; near {LONGEST_FILE} a new concept wants a name")
        for number, line in enumerate(lines, 1):
            if len(line) > LONGEST_LINE and 'R"' not in line and '"' not in line and "http" not in line:
                findings.append(f"{relative}:{number}: {len(line)} columns")
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                findings.append(f"{relative}:{number}: unfinished work belongs into an issue")
            if re.match(r"\s*using namespace std;", line):
                findings.append(f"{relative}:{number}: using namespace std")
    for path in sorted(SRC.rglob("CMakeLists.txt")):
        folder = path.parent
        if "fw_module(" not in path.read_text():
            continue
        readme = folder / "README.md"
        if not readme.exists():
            findings.append(f"{folder.relative_to(ROOT)}: a module has a README.md")
        elif len(readme.read_text().splitlines()) > README_LINES:
            findings.append(f"{readme.relative_to(ROOT)}: more than {README_LINES} lines")
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
