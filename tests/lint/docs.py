#!/usr/bin/env python3
"""Holds what the papers say against the program: commands and options, configuration keys and their defaults, files of the
tree, paths of the API, environment variables.   docs.py BIN_DIR   Exit 1 with one line a finding."""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAPERS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md")]
CONFIGURATION = ROOT / "docs/configuration.md"
FREE_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json")


class Program:
    """`flywheel`, as its help tells of it."""

    def __init__(self, binary):
        self.binary = binary
        self.helps = {}

    def help(self, path):
        if path not in self.helps:
            done = subprocess.run([self.binary, *path, "--help"], capture_output=True, text=True, timeout=20)
            self.helps[path] = done.stdout
        return self.helps[path]

    def commands(self, path):
        """Names in the groups of commands: every indented first word outside options, positionals and examples."""
        names, group = set(), ""
        for line in self.help(path).splitlines():
            if line and not line.startswith(" "):
                group = line.rstrip(":")
            elif group not in ("Options", "Positionals", "Examples") and (word := re.match(r"  ([a-z][a-z-]*)\b", line)):
                names.add(word.group(1))
        return names

    def options(self, path):
        return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", self.help(path).split("Examples:")[0]))

    def all_options(self, path=()):
        found = self.options(path)
        for name in self.commands(path):
            found |= self.all_options((*path, name))
        return found

    def check_config(self, text):
        """(whether it is valid, errors, all settings as JSON)"""
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([self.binary, "config", "check", "--json", "--file-only", file.name], capture_output=True,
                                  text=True, timeout=20)
        answer = json.loads(done.stdout)
        settings = {key: value for key, value in answer.items()
                    if key in ("run", "server", "elasticsearch", "otlp", "log_store", "gateway", "auth", "promotion", "engines", "redact", "logging", "review")}
        return answer["valid"], answer.get("error", ""), settings


class Paper:
    def __init__(self, path):
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        self.code, self.prose = [], []  # (line number, text)
        language = None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            fence = re.match(r"\s*```(\w*)", line)
            if fence:
                language = None if language is not None else fence.group(1)
            elif language is not None:
                self.code.append((number, line, language))
            else:
                self.prose.append((number, line))

    def spans(self):
        """Inline code, with its line."""
        return [(number, span) for number, line in self.prose for span in re.findall(r"`([^`]+)`", line)]


def command_lines(paper):
    """(line, words) of everything that calls flywheel, in blocks and inline."""
    lines, held = [], ""
    for number, line, language in paper.code:
        if language not in ("sh", "bash", "console", ""):
            continue
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        lines.append((number, held + line))
        held = ""
    lines += [(number, span) for number, span in paper.spans()]
    for number, line in lines:
        for part in re.split(r"\|\||&&|[|;]|\$\(|<\(", line.strip()):
            try:
                words = shlex.split(re.sub(r"[)&]+\s*(#.*)?$", "", part.strip()), comments=True)
            except ValueError:
                continue
            while words and re.fullmatch(r"[A-Za-z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0] in ("flywheel", "build/release/bin/flywheel"):
                yield number, words[1:]


def is_value_of_option(words, index):
    return index > 0 and words[index - 1].startswith("--") and "=" not in words[index - 1]


def check_commands(program, paper):
    for number, words in command_lines(paper):
        path = ()
        for index, word in enumerate(words):
            if word in (">", ">>", "<", "2>"):
                break
            if word.startswith("--"):
                option = word.split("=")[0]
                if option not in program.options(path) | {"--help", "--version"}:
                    yield f"{paper.name}:{number}: flywheel {' '.join(path)} has no option {option}"
            elif program.commands(path) and not is_value_of_option(words, index) and not word.startswith(("-", "$")):
                if word.upper() == word:  # a placeholder
                    break
                if word not in program.commands(path) | {"help"}:
                    yield f"{paper.name}:{number}: flywheel {' '.join(path)} has no command {word}"
                    break
                path = (*path, word)


def check_lone_options(known, paper):
    for number, span in paper.spans():
        if re.fullmatch(r"--[a-z][a-z-]*( [A-Z_]+)?", span) and span.split()[0] not in known:
            yield f"{paper.name}:{number}: no program has an option {span}"


def foreign_options():
    """Options of the programs beside flywheel: whatever their sources spell."""
    found = set()
    for folder in ("scripts", "src/trainer", "src/modelops", "tests", "bench", "demo"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in ("", ".cc", ".h", ".py", ".sh", ".cmake", ".txt"):
                found |= set(re.findall(r"--[a-z][a-z-]*", path.read_text(errors="replace")))
    return found


def check_files(paper):
    for number, line in paper.prose:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", line):
            if "://" not in target and not (paper.path.parent / target).exists():
                yield f"{paper.name}:{number}: {target} is not there"
    for number, span in paper.spans():
        if not re.fullmatch(r"[\w.-]+(/[\w.*-]+)+/?", span) or span.startswith("build/"):
            continue
        for base in (ROOT, ROOT / "src", paper.path.parent):
            if (base / span.split("/")[0]).is_dir():
                if not list(base.glob(span.rstrip("/"))):
                    yield f"{paper.name}:{number}: there is no {span}"
                break


def check_paths(openapi, paper):
    patterns = [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) for path in openapi["paths"]]
    text = [(number, line) for number, line, _ in paper.code] + paper.spans()
    for number, line in text:
        for path in re.findall(r"(?<![\w.])(/api/[\w{}$./-]+|" + "|".join(FREE_PATHS) + r")(?![\w-])", line):
            path = path.rstrip("./") or path
            if not any(re.fullmatch(pattern, path) for pattern in patterns):
                yield f"{paper.name}:{number}: the API has no {path} (src/api/openapi.json)"


def check_environment(sources, paper):
    for number, line in [(n, t) for n, t, _ in paper.code] + paper.prose:
        for name in re.findall(r"\bFLYWHEEL_[A-Z_]+\b", line):
            if name not in sources:
                yield f"{paper.name}:{number}: nothing reads {name}"


def literal(text, keys=()):
    """A default as YAML, or None where the column describes it in words or names another key."""
    text = text.strip().strip("`")
    if text in keys or re.search(r"[a-z]\.[a-z]", text):
        return None
    if text in ("true", "false", "null") or re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text):
        return text
    if match := re.fullmatch(r"(\d+) MiB", text):
        return str(int(match.group(1)) << 20)
    return text if re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", text) and text not in ("none", "required", "all", "found") else None


TOP = ""  # the section of keys that stand in none


def configuration_rows():
    """(line, sections, keys, defaults, whether they have an effect) of every row of the tables of docs/configuration.md."""
    sections = outer = []
    for number, line in enumerate(CONFIGURATION.read_text().splitlines(), 1):
        if line.startswith("## "):
            sections = outer = re.findall(r"`(\w+)(?:\[\])?`", line) or ([TOP] if "top of the file" in line else [])
        elif (inner := re.match(r"`(\w+)(\[\])?`[^|]*:$", line)) or (inner := re.match(r"`(\w+)(\[\])`, ", line)):
            # A table of the keys within a key of the section.
            sections = [f"{section}.{inner[1]}{inner[2] or ''}" for section in outer]
        cells = [cell.strip() for cell in line.split("|")[1:-1]] if line.startswith("| `") else []
        if len(cells) >= 3 and sections:
            keys = re.findall(r"`(\w+)`", cells[0])
            defaults = [cell.strip() for cell in cells[1].split(",")]
            defaults = defaults if len(defaults) == len(keys) else [cells[1]] * len(keys)
            yield number, sections, keys, defaults, "no effect" not in cells[2]


# Sections within sections, with what else they need; a pair given twice is what is asked about.
WITHIN = {
    "gateway.upstreams[]": "gateway: {{upstreams: [{{url: 'http://127.0.0.1:9/v1', {pair}}}]}}\n",
    "gateway.routes[]": "gateway: {{upstream: 'http://127.0.0.1:9/v1', routes: [{{targets: [{{upstream: default}}], {pair}}}]}}\n",
    "log_store.elasticsearch": "log_store: {{elasticsearch: {{url: 'http://127.0.0.1:9', {pair}}}}}\n",
    "gateway.capture": "gateway: {{upstream: 'http://127.0.0.1:9/v1', capture: {{{pair}}}}}\n",
}


def minimal(section, key, value, is_local=False):
    """A configuration that has one key beside what every one needs."""
    config = {"nims": {"model_name": "a", **({"path": "a.gguf"} if is_local else {"url": "http://127.0.0.1:9/v1"})}}
    if section == "nims":
        config["nims"][key] = value
        if key == "path":
            config["nims"].pop("url", None)
    nim = ", ".join(f"{k}: {v}" for k, v in config["nims"].items())
    text = f"nims: [{{{nim}}}]\n"
    if section == "webhooks":
        text += f"webhooks: [{{{key}: {value}}}]\n"
    elif section == TOP:
        text += f"{key}: {value}\n"
    elif section in WITHIN:
        text += WITHIN[section].format(pair=f"{key}: {value}")
    elif section != "nims":
        text += f"{section}: {{{key}: {value}}}\n"
    return text


def other_values(value):
    """Values beside a default, some of which are allowed where it is."""
    if value in ("true", "false"):
        return ["false" if value == "true" else "true"]
    if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value):
        number = float(value)
        whole = [str(int(number) + 1), str(max(int(number) - 1, 1))] if number == int(number) else []
        return [*whole, repr(number / 2 if number else 0.25)]
    return ["1"] if value == "null" else []


def check_configuration(program):
    name = CONFIGURATION.relative_to(ROOT).as_posix()
    plain = [program.check_config(minimal("nims", "model_name", "a", is_local))[2] for is_local in (False, True)]
    # With one upstream, which the tables within `gateway` need.
    plain += [program.check_config(minimal(section, key, value, is_local))[2] for is_local in (False, True)
              for section, key, value in (("gateway.upstreams[]", "name", "upstream-1"), ("gateway.capture", "enabled", "true"),
                                   ("log_store.elasticsearch", "index", "flywheel"))]
    rows = list(configuration_rows())
    every_key = {key for _, _, keys, _, _ in rows for key in keys}
    for number, sections, keys, defaults, has_effect in rows:
        for key, default in zip(keys, defaults):
            value = literal(default, every_key)
            outcomes = [program.check_config(minimal(s, key, value if value is not None else "x", is_local))
                        for s in sections for is_local in (False, True)]
            known = [o for o in outcomes if f"{key}: unknown key" not in o[1]]
            if not known:
                yield f"{name}:{number}: the program knows no key {key} in {' or '.join(sections)}"
            elif value is not None and not any(settings in plain for valid, _, settings in known if valid):
                if any(valid for valid, _, _ in known):
                    yield f"{name}:{number}: {value} is not the default of {key}"
            elif value is not None and has_effect and (others := other_values(value)):
                answers = [program.check_config(minimal(s, key, other, is_local))
                           for s in sections for other in others for is_local in (False, True)]
                if not any(valid and settings not in plain for valid, _, settings in answers):
                    yield f"{name}:{number}: config check --json does not show {key}: its default cannot be checked"


def check_every_key_is_documented():
    """The other way round: what the sources read out of the file has its place in the paper."""
    paper = CONFIGURATION.read_text()
    for path in sorted((ROOT / "src/app/config").glob("*.cc")):
        for key in re.findall(r"(?:->|\.)(?:read\w*|section|list|has)\(\s*\"(\w+)\"", path.read_text()):
            if not re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", paper):
                yield f"{path.relative_to(ROOT)}: reads {key}, which docs/configuration.md does not name"


def blocks(paper, language):
    """(first line, text) of every block in a language."""
    out = []
    for number, line, its_language in paper.code:
        if its_language != language:
            continue
        if out and out[-1][0] + len(out[-1][1]) == number:
            out[-1][1].append(line)
        else:
            out.append((number, [line]))
    return [(number, "\n".join(lines) + "\n") for number, lines in out]


def check_examples(program, paper):
    """Every block of YAML is a configuration, or candidates of one."""
    for number, text in blocks(paper, "yaml"):
        if text.startswith("- "):
            text = "nims:\n" + "".join(f"  {line}\n" for line in text.splitlines())
        valid, error, _ = program.check_config(text)
        if not valid:
            yield f"{paper.name}:{number}: {error}"


FILE_NAME = r"[\w-]+\.(?:jsonl|json|sqlite|gguf|html|yaml|yml|jinja|url|safetensors|md|pem|log|txt|pin)"


def check_file_names(sources, tree, paper):
    """A file that the text names is one of the tree, or one that the sources name, or one of the paper's own examples."""
    code = "\n".join(line for _, line, _ in paper.code)
    for number, span in paper.spans():
        for name in re.findall(r"^(?:\S*/)?(" + FILE_NAME + r")$", span):
            # `VARIANT.jsonl` is put together of two words.
            if not any(name in names or name.split(".")[0] in names for names in (tree, sources, code)):
                yield f"{paper.name}:{number}: nothing has to do with a file {name}"


def check_metrics(sources, paper):
    for number, line in [(n, t) for n, t, _ in paper.code] + paper.prose:
        for name in re.findall(r"\bflywheel_[a-z][a-z_]+[a-z]\b", line):
            if name not in sources:
                yield f"{paper.name}:{number}: there is no {name}"


def main():
    binary = pathlib.Path(sys.argv[1]) / "flywheel"
    if not binary.exists():
        print(f"{binary} is not built; nothing was checked")
        return 77
    program = Program(binary)
    openapi = json.loads((ROOT / "src/api/openapi.json").read_text())
    known = program.all_options() | foreign_options()
    sources = "\n".join(path.read_text(errors="replace") for folder in ("src", "scripts", "tests", "cmake")
                        for path in (ROOT / folder).rglob("*") if path.is_file() and path.stat().st_size < 1 << 20)
    tree = {path.name for folder in ("src", "docs", "scripts", "tests", "demo", "bench") for path in (ROOT / folder).rglob("*")}
    findings = [*check_configuration(program), *check_every_key_is_documented()]
    for path in PAPERS + sorted((ROOT / "docs").rglob("*.md")):
        paper = Paper(path)
        findings += check_commands(program, paper)
        findings += check_lone_options(known, paper)
        findings += check_files(paper)
        findings += check_paths(openapi, paper)
        findings += check_environment(sources, paper)
        findings += check_examples(program, paper)
        findings += check_file_names(sources, tree, paper)
        findings += check_metrics(sources, paper)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
