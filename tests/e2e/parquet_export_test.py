"""Datasets as Parquet files, read by two readers that others wrote: both find the rows of the same export as JSON lines."""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "gateway")]

import clients
import flywheel

# Prints every row of a file as JSON, a line each, as the named reader has it; then the number of row groups, the types
# of the columns and how often each column chunk has a dictionary.
READ = """
import json, sys
reader, path = sys.argv[1:]
import pyarrow.parquet as parquet
file = parquet.ParquetFile(path, page_checksum_verification=True)
if reader == "pyarrow":
    table = file.read()
    table.validate(full=True)
    rows = table.to_pylist()
else:
    import duckdb
    found = duckdb.sql(f"select * from read_parquet('{path}')")
    rows = (dict(zip(found.columns, row)) for row in found.fetchall())
for row in rows:
    print(json.dumps(row))
chunks = [file.metadata.row_group(g).column(c) for g in range(file.num_row_groups) for c in range(file.metadata.num_columns)]
print(json.dumps({
    "groups": file.num_row_groups,
    "rows": file.metadata.num_rows,
    "types": {field.name: str(field.type) for field in file.schema_arrow},
    "dictionaries": sorted({chunk.path_in_schema for chunk in chunks if chunk.has_dictionary_page}),
    "compression": sorted({chunk.compression for chunk in chunks}),
}))
"""


def call(number, arguments, **more):
    return {"id": f"call_{number}", "type": "function", "function": {"name": "get_order", "arguments": arguments}, **more}


TOOLS = [{"type": "function", "function": {"name": "get_order", "parameters": {"type": "object", "properties": {}}}}]
ODD_TEXTS = ["", " ", "Grüße, 你好, \U0001f600", "a\u0000b", "line\nline\r\n", "\"quoted\" \\ 'text'", "null", "\u200f\u0301", "x" * 70_000]


def odd_rows():
    """Conversations of every shape that a training file may hold."""
    for text in ODD_TEXTS:
        yield {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text + "."}]}
    yield {"messages": [{"role": "system", "content": "You route."}, {"role": "user", "name": "jane", "content": "Where is 4711?"},
                        {"role": "assistant", "content": "", "tool_calls": [call(1, {"id": 4711})]}], "tools": TOOLS}
    yield {"messages": [{"role": "user", "content": "both"},
                        {"role": "assistant", "content": None, "tool_calls": [call(1, "{}"), call(2, '{"id": "ü"}')]},
                        {"role": "tool", "tool_call_id": "call_1", "content": ""},
                        {"role": "tool", "tool_call_id": "call_2", "content": "{}"},
                        {"role": "assistant", "content": "done", "tool_calls": []},
                        {"role": "user", "content": "thanks"}, {"role": "assistant", "content": "Bye."}], "tools": TOOLS}
    # What no column is for: of a message, of a call, of its function; and what is null.
    yield {"messages": [{"role": "user", "content": "hm"},
                        {"role": "assistant", "reasoning_content": "thinks", "refusal": None, "content": "what?"},
                        {"role": "user", "content": "call"},
                        {"role": "assistant", "tool_calls": [call(1, "{}"), call(2, "{}", index=1)], "annotations": [{"x": [1, None]}]},
                        {"role": "tool", "tool_call_id": "call_1", "content": "a"},
                        {"role": "tool", "tool_call_id": "call_2", "content": "b"},
                        {"role": "assistant", "content": "so"}], "tools": TOOLS}


def repeated_rows(count):
    for number in range(count):
        yield {"messages": [{"role": "system", "content": "You route."}, {"role": "user", "content": f"Where is order {number}?"},
                            {"role": "assistant", "content": "", "tool_calls": [call(number, {"id": number})]}], "tools": TOOLS}


def merged(there, more):
    """`more` put into what is there, members and elements each to its own."""
    if isinstance(there, dict):
        return {**there, **{name: merged(there.get(name), value) for name, value in more.items()}}
    if isinstance(there, list):
        return [merged(one, other) for one, other in zip(there, more, strict=True)]
    return more


def as_said(value):
    """Without what is null, and with what a message holds beyond its columns at its place."""
    if isinstance(value, list):
        return [as_said(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("other"):
        other = json.loads(value["other"])
        value = merged({name: each for name, each in value.items() if name != "other"}, other)
    return {name: as_said(each) for name, each in value.items() if each is not None}


class ParquetExport(unittest.TestCase):
    def setUp(self):
        self.python = clients.python("table_readers.txt", "the readers of Parquet files")
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def dataset(self, rows):
        folder = self.folder / "rows"
        folder.mkdir(exist_ok=True)
        with open(folder / "train_data.jsonl", "w") as out:
            for row in rows:
                print(json.dumps(row), file=out)
        (folder / "eval_data.jsonl").write_text("")
        return folder

    def export(self, dataset, file_format, name, *more, code=0, **how):
        path = self.folder / name
        done = flywheel.run("dataset", "export", dataset, "--format", file_format, "--to", path, "--json", *more, **how)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return (json.loads(done.stdout) if code == 0 else done), path

    def read(self, reader, path):
        done = subprocess.run([self.python, "-c", READ, reader, path], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        *rows, about = done.stdout.split("\n")[:-1]
        return [json.loads(row) for row in rows], json.loads(about)

    def same_rows(self, rows, file_format):
        """Both readers find in the Parquet file what the lines say; returns what is said about the file."""
        dataset = self.dataset(rows)
        of_lines, lines = self.export(dataset, file_format, "rows.jsonl")
        of_table, table = self.export(dataset, file_format, "rows.parquet")
        self.assertEqual((of_lines["file_type"], of_table["file_type"]), ("jsonl", "parquet"))
        for key in ("rows", "written", "left_out", "changed"):
            self.assertEqual(of_table[key], of_lines[key])
        expected = [json.loads(line) for line in lines.read_text().split("\n")[:-1]]
        for row in expected:
            if not isinstance(row.get("tools", ""), str):
                row["tools"] = json.dumps(row["tools"])
        for reader in ("pyarrow", "duckdb"):
            found, about = self.read(reader, table)
            self.assertEqual((len(found), about["rows"]), (len(expected), of_table["written"]))
            for row in found:
                if row.get("tools") is not None:
                    row["tools"] = json.dumps(json.loads(row["tools"]))
            for place, (row, other) in enumerate(zip(found, expected)):
                if file_format == "sharegpt" and "tools" in other:
                    other = {**other, "tools": json.dumps(json.loads(other["tools"]))}
                self.assertEqual(as_said(row), as_said(other), f"{reader}, row {place}")
        return about

    def test_both_readers_find_the_rows_of_every_format(self):
        for file_format in ("chat", "openai", "prompt-completion", "sharegpt"):
            with self.subTest(file_format):
                self.same_rows(odd_rows(), file_format)

    def test_columns_are_those_that_trainers_read(self):
        text = "string"
        calls = "list<element: struct<id: string, type: string, function: struct<name: string, arguments: string>>>"
        message = f"role: string, content: string, tool_calls: {calls}, tool_call_id: string, name: string"
        self.assertEqual(self.same_rows(odd_rows(), "chat")["types"],
                         {"messages": f"list<element: struct<{message}, other: string>>", "tools": text})
        self.assertEqual(self.same_rows(odd_rows(), "openai")["types"],
                         {"messages": f"list<element: struct<{message}, weight: int64, other: string>>", "tools": text})
        self.assertEqual(self.same_rows(odd_rows(), "prompt-completion")["types"], {"prompt": text, "completion": text})
        self.assertEqual(self.same_rows(odd_rows(), "sharegpt")["types"],
                         {"conversations": "list<element: struct<from: string, value: string>>", "tools": text})

    def test_an_empty_text_and_one_that_is_absent_differ(self):
        dataset = self.dataset([{"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "x"}]},
                                {"messages": [{"role": "user"}, {"role": "assistant", "content": "x"}], "tools": TOOLS}])
        path = self.export(dataset, "chat", "rows.parquet")[1]
        for reader in ("pyarrow", "duckdb"):
            rows, _ = self.read(reader, path)
            self.assertEqual([row["messages"][0]["content"] for row in rows], ["", None])
            self.assertEqual([row["tools"] is None for row in rows], [True, False])

    def test_what_repeats_is_stored_once_and_many_rows_are_many_pages(self):
        about = self.same_rows(repeated_rows(20_000), "chat")
        self.assertIn("tools", about["dictionaries"])
        self.assertIn("messages.list.element.role", about["dictionaries"])
        self.assertEqual(about["compression"], ["ZSTD"])

    def test_messages_of_megabytes_make_several_row_groups(self):
        rows = ({"messages": [{"role": "user", "content": f"{n} " + "Ä5 " * (5 << 18)}, {"role": "assistant", "content": str(n)}]} for n in range(14))
        about = self.same_rows(rows, "chat")
        self.assertGreaterEqual(about["groups"], 2)

    def test_parts_of_text_are_one_text_and_images_are_left_out(self):
        parts = [{"type": "text", "text": "Look: "}, {"type": "text", "text": "a cat"}]
        image = [*parts, {"type": "image_url", "image_url": {"url": "data:,"}}]
        dataset = self.dataset([{"messages": [{"role": "user", "content": each}, {"role": "assistant", "content": "x"}]} for each in (parts, image)])
        report, path = self.export(dataset, "chat", "rows.parquet")
        self.assertEqual(report["left_out"], {"content that is no text": 1})
        self.assertEqual(report["changed"], {"a content of text parts as one text": 1})
        self.assertEqual(self.read("pyarrow", path)[0][0]["messages"][0]["content"], "Look: a cat")

    def test_the_type_is_told_by_the_files_ending_or_by_name(self):
        dataset = self.dataset(odd_rows())
        self.export(dataset, "chat", "a.parquet")
        self.export(dataset, "chat", "b", "--file-type", "parquet")
        self.assertEqual((self.folder / "a.parquet").read_bytes(), (self.folder / "b").read_bytes())
        self.export(dataset, "chat", "c.parquet", "--file-type", "jsonl")
        self.assertTrue((self.folder / "c.parquet").read_text().startswith('{"messages"'))
        piped = flywheel.run("dataset", "export", dataset, "--file-type", "parquet", "--to", "-")
        self.assertEqual((piped.returncode, piped.stdout), (2, ""))
        self.assertIn("name a file", piped.stderr)
        self.assertIn("there are jsonl and parquet", self.export(dataset, "chat", "d", "--file-type", "csv", code=2)[0].stderr)

    def test_no_row_is_no_file(self):
        with_calls = self.dataset(repeated_rows(3))
        self.assertIn("nothing was written", self.export(with_calls, "prompt-completion", "none.parquet", code=1)[0].stderr)
        self.export(self.dataset([]), "chat", "none.parquet", code=1)
        self.assertFalse((self.folder / "none.parquet").exists())

    def test_a_disk_that_is_full_leaves_the_file_as_it_was(self):
        dataset = self.dataset({"messages": [{"role": "user", "content": f"{n} {pathlib.Path('/proc/sys/kernel/random/uuid').read_text()}" * 9},
                                             {"role": "assistant", "content": "x"}]} for n in range(3000))
        (self.folder / "rows.parquet").write_text("before")
        for name in ("rows.parquet", "rows.jsonl"):
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
            done, path = self.export(dataset, "chat", name, code=1, preexec_fn=limit)
            self.assertIn("File too large", done.stderr)
            self.assertIn(name, done.stderr)
        self.assertEqual((self.folder / "rows.parquet").read_text(), "before")
        self.assertEqual(sorted(each.name for each in self.folder.iterdir()), ["rows", "rows.parquet"])
        full = flywheel.run("dataset", "export", dataset, "--file-type", "parquet", "--format", "chat", "--to", "/dev/full")
        self.assertEqual(full.returncode, 1)
        self.assertIn("No space left", full.stderr)


if __name__ == "__main__":
    unittest.main()
