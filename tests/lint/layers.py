#!/usr/bin/env python3
"""Holds every include under src/ against the modules' declared dependencies and layers. Exit 1 with one line a finding."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
LAYERS = ["base", "tools", "engines", "wheel", "faces", "app"]


def arguments(text, call):
    """The argument lists of every `call(...)` in a CMake file, comments removed."""
    text = re.sub(r"#[^\n]*", "", text)
    return [match.group(1).split() for match in re.finditer(rf"\b{call}\(([^)]*)\)", text)]


def keyword(args, name):
    keywords = {"LAYER", "SOURCES", "DEPS", "LIBS", "SUFFIX", "LABELS", "TIMEOUT", "SOURCE"}
    if name not in args:
        return []
    out = []
    for arg in args[args.index(name) + 1:]:
        if arg in keywords:
            break
        out.append(arg)
    return out


def read_modules():
    modules = {}
    for path in sorted(SRC.rglob("CMakeLists.txt")):
        text = path.read_text()
        for args in arguments(text, "fw_module"):
            extra = set()
            for other in arguments(text, "fw_tests") + arguments(text, "fw_fuzz"):
                extra |= set(keyword(other, "DEPS"))
            modules[args[0]] = {
                "folder": path.parent.relative_to(SRC).as_posix(),
                "layer": keyword(args, "LAYER")[0],
                "deps": set(keyword(args, "DEPS")),
                "test_deps": extra,
            }
    return modules


def reachable(modules, name):
    seen, todo = set(), [name]
    while todo:
        for dep in modules.get(todo.pop(), {"deps": ()})["deps"]:
            if dep not in seen:
                seen.add(dep)
                todo.append(dep)
    return seen


def main():
    modules = read_modules()
    by_folder = sorted(((m["folder"], name) for name, m in modules.items()), key=lambda x: -len(x[0]))
    owner = lambda path: next((n for f, n in by_folder if path == f or path.startswith(f + "/")), None)
    findings = []
    for name, module in modules.items():
        for dep in sorted(module["deps"] | module["test_deps"]):
            if dep not in modules:
                findings.append(f"{name} depends on {dep}, which is no module")
            elif LAYERS.index(modules[dep]["layer"]) > LAYERS.index(module["layer"]) and dep in module["deps"]:
                findings.append(f"{name} ({module['layer']}) depends upwards on {dep} ({modules[dep]['layer']})")
        if name in reachable(modules, name):
            findings.append(f"{name} depends on itself in a circle")
    for path in sorted(list(SRC.rglob("*.h")) + list(SRC.rglob("*.cc"))):
        relative = path.relative_to(SRC).as_posix()
        me = owner(relative)
        if me is None:
            findings.append(f"src/{relative} belongs to no module")
            continue
        is_test = "/tests/" in relative or "/fuzz/" in relative or "/bench/" in relative
        allowed = {me} | reachable(modules, me)
        if is_test:
            for dep in modules[me]["test_deps"]:
                allowed |= {dep} | reachable(modules, dep)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            match = re.match(r'\s*#include "([^"]+)"', line)
            if not match:
                continue
            target = match.group(1)
            if "/" not in target:
                continue  # ours always name their folder; what has none is another project's header
            other = owner(target)
            place = f"src/{relative}:{number}"
            if other is None:
                if not (is_test and (path.parent / target).exists()):
                    findings.append(f'{place}: "{target}" is in no module')
            elif other not in allowed:
                findings.append(f"{place}: {me} includes {target} but does not depend on {other}")
            elif "/impl/" in target and other != me:
                findings.append(f"{place}: {target} is private to {other}")
    for finding in findings:
        print(finding)
    print(f"{len(modules)} modules, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
