"""Golden vectors of tool-call comparison: truths by hand, and answers to BFCL's questions that are wrong or right by
construction, with what BFCL's AST checker and NeMo's tool-calling metric say of each. README.md has the environment.

usage: tool_call_cases.py OUT      writes OUT/metrics/tool_calls_and_args_match.json
"""
import collections
import copy
import json
import pathlib
import random
import re
import sys

from jsonschema import Draft202012Validator

import tool_call_oracles as oracles
import tool_call_truths as truths
from tool_call_rule import MISTAKES, Request, calls_of, compare, leaves

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "traffic"))
import bfcl

LONGEST_TOOLS = 1200  # characters, so that the file stays readable
EACH = 6              # cases a kind of perturbation


class Drawn:
    """A question of BFCL: what was asked, the tools, production's calls [(name, arguments)], BFCL's allowed values."""

    def __init__(self, question):
        self.id, self.messages, self.tools = question["id"], question["messages"], question["tools"]
        self.truth = question["ground_truth"] or []
        self.functions = [{"description": "", **each} for each in question["described"]]
        self.calls = bfcl.reference_calls(self.truth)
        self.schemas = {each["function"]["name"]: each["function"]["parameters"] for each in self.tools}
        self.request = Request(self.messages, self.tools)

    def is_fit(self):
        """Short, every value said in the request, production's calls valid: the truth then follows from the change."""
        return (len(json.dumps(self.tools)) <= LONGEST_TOOLS and len(self.messages) == 1 and
                all(self.request.has(leaf) for _, arguments in self.calls for leaf in leaves(arguments)) and
                all(Draft202012Validator(self.schemas[name]).is_valid(arguments) for name, arguments in self.calls))

    def properties(self, name):
        return self.schemas[name].get("properties") or {}

    def required(self, name):
        return self.schemas[name].get("required") or []

    def has_required_argument(self, name, arguments):
        return any(key in arguments and "default" not in self.properties(name).get(key, {})
                   for key in self.required(name))

    def words(self):
        """Words of the request's text, longest first."""
        found = set(re.findall(r"[A-Za-z]{4,}", self.messages[-1]["content"]))
        return sorted(found, key=lambda word: (-len(word), word))


def arguments_where(drawn, holds):
    """(call's place, key) of the arguments for which `holds(value, schema, allowed)`."""
    for place, (name, arguments) in enumerate(drawn.calls):
        for key, value in arguments.items():
            if holds(value, drawn.properties(name).get(key, {}), drawn.truth[place][name][key]):
                yield place, key


def changed(drawn, place, key, value):
    calls = copy.deepcopy(drawn.calls)
    calls[place][1][key] = value
    return calls


def is_valid(drawn, name, arguments):
    return name in drawn.schemas and Draft202012Validator(drawn.schemas[name]).is_valid(arguments)


def invalid(drawn, name, arguments):
    return [] if is_valid(drawn, name, arguments) else ["invalid by schema"]


# Each perturbation: question -> (calls or text, mistakes), or None where it cannot be made of this question.

def as_production(d):
    return (d.calls, []) if d.calls else None


def in_another_order(d):
    return (d.calls[::-1], []) if len({json.dumps(call) for call in d.calls}) > 1 else None


def call_dropped(d):
    return (d.calls[:-1], ["missing call"]) if len(d.calls) > 1 else None


def call_repeated(d):
    return (d.calls + d.calls[:1], ["surplus call"]) if d.calls else None


def call_of_another_tool_added(d):
    extra = made_call(d, [name for name in d.schemas if name not in {name for name, _ in d.calls}])
    return (d.calls + [extra], ["surplus call"]) if d.calls and extra else None


def whole_number_as_fraction(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) is int and s.get("type") == "integer"):
        return changed(d, place, key, float(d.calls[place][1][key])), []


def fraction_as_whole_number(d):
    is_whole = lambda v, s, _: type(v) is float and v == int(v) and s.get("type") == "number"
    for place, key in arguments_where(d, is_whole):
        return changed(d, place, key, int(d.calls[place][1][key])), []


def number_as_text(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) is int and s.get("type") in ("integer", "number")):
        return changed(d, place, key, str(d.calls[place][1][key])), ["wrong argument", "invalid by schema"]


def default_left_out(d):
    is_default = lambda v, s, allowed: "" in allowed and s.get("default") == v and type(s.get("default")) is type(v)
    for place, key in arguments_where(d, is_default):
        calls = copy.deepcopy(d.calls)
        del calls[place][1][key]
        return calls, []


def default_spelled_out(d):
    for place, (name, arguments) in enumerate(d.calls):
        for key, schema in d.properties(name).items():
            default = schema.get("default")
            if key not in arguments and default not in (None, "") and default in d.truth[place][name].get(key, []) and \
                    is_valid(d, name, {**arguments, key: default}):
                return changed(d, place, key, default), []


def unheard_text(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) is str and "enum" not in s):
        return changed(d, place, key, "qwxz unheard"), ["wrong argument", "made-up value"]


def text_outside_the_enumeration(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) is str and "enum" in s):
        return changed(d, place, key, "qwxz unheard"), ["wrong argument", "made-up value", "invalid by schema"]


def other_text_of_the_request(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) is str and "enum" not in s):
        known = {str(value).lower() for _, arguments in d.calls for value in leaves(arguments)}
        word = next((word for word in d.words() if all(word.lower() not in value for value in known)), None)
        if word:
            return changed(d, place, key, word), ["wrong argument"]


def text_in_other_case(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) is str and "enum" not in s and v != v.swapcase()):
        return changed(d, place, key, d.calls[place][1][key].swapcase()), ["wrong argument"]


def unheard_number(d):
    for place, key in arguments_where(d, lambda v, s, _: type(v) in (int, float) and "enum" not in s):
        return changed(d, place, key, 86753), ["wrong argument", "made-up value"]


def another_tool(d):
    if len(d.calls) != 1 or len(d.schemas) < 2:
        return None
    name = next(each for each in d.schemas if each != d.calls[0][0])
    return [(name, d.calls[0][1])], ["wrong tool"] + invalid(d, name, d.calls[0][1])


def unknown_tool(d):
    if d.calls:
        return [("qwxz." + name, arguments) for name, arguments in d.calls], ["wrong tool", "invalid by schema"]


def argument_more(d):
    if not d.calls:
        return None
    calls = changed(d, 0, "qwxz", True)
    return calls, ["extra argument"]


def required_argument_missing(d):
    for place, (name, arguments) in enumerate(d.calls):
        for key in d.required(name):
            if key in arguments and "default" not in d.properties(name).get(key, {}):
                calls = copy.deepcopy(d.calls)
                del calls[place][1][key]
                return calls, ["missing argument", "invalid by schema"]


def arguments_nested_once_more(d):
    if not d.calls or not d.has_required_argument(*d.calls[0]):
        return None
    name, arguments = d.calls[0]
    calls = [(name, {"arguments": arguments})] + d.calls[1:]
    return calls, ["missing argument", "extra argument", "invalid by schema"]


def text_instead_of_calls(d):
    return ("I am on it.", ["answered where production called"]) if d.calls else None


def text_as_production(d):
    return ("Nothing here can do that.", []) if not d.calls else None


def call_instead_of_text(d):
    call = None if d.calls else made_call(d, d.schemas)
    return ([call], ["called where production answered"]) if call else None


def made_call(d, names):
    """A valid call of one of the tools with words of the request only."""
    for name in names:
        kinds = [d.properties(name).get(key, {}) for key in d.required(name)]
        if d.words() and all(kind.get("type") == "string" and set(kind) <= {"type", "description"} for kind in kinds):
            return name, {key: d.words()[0] for key in d.required(name)}
    return None


# Where BFCL's rule is another than ours, and why ours is right; everywhere else both must agree.
DISPUTED = {text_in_other_case: truths.STANDARDIZED, whole_number_as_fraction: truths.WHOLE_NUMBERS}
KINDS = (as_production, in_another_order, call_dropped, call_repeated, call_of_another_tool_added,
         whole_number_as_fraction, fraction_as_whole_number, number_as_text, default_left_out, default_spelled_out,
         unheard_text, text_outside_the_enumeration, other_text_of_the_request, text_in_other_case, unheard_number,
         another_tool, unknown_tool, argument_more, required_argument_missing, arguments_nested_once_more,
         text_instead_of_calls, text_as_production, call_instead_of_text)


def message_of(answer):
    if isinstance(answer, str):
        return {"role": "assistant", "content": answer}
    return {"role": "assistant", "content": None,
            "tool_calls": [truths.call(name, json.dumps(arguments, ensure_ascii=False), number)
                           for number, (name, arguments) in enumerate(answer)]}


def drawn_cases():
    pool = [drawn for drawn in map(Drawn, bfcl.questions(bfcl.fetch())) if drawn.is_fit()]
    random.Random(11).shuffle(pool)
    used = set()
    for kind in KINDS:
        made = 0
        for drawn in pool:
            result = None if drawn.id in used else kind(drawn)
            if result is None or made == EACH:
                continue
            used.add(drawn.id)
            made += 1
            answer, mistakes = result
            yield kind, drawn, {
                "name": f"{kind.__name__.replace('_', ' ')}: {drawn.id}",
                "messages": drawn.messages, "tools": drawn.tools,
                "reference_tool_calls": [truths.call(*each, number) for number, each in enumerate(drawn.calls)],
                "answer_message": message_of(answer), "exact": int(not mistakes), "mistakes": mistakes,
                "rule": "by construction, out of BFCL's question"}
        assert made, kind


def judged(case, functions, ground_truth):
    name_score, exact_score = oracles.nemo(case["reference_tool_calls"], case["answer_message"])
    return {"bfcl": oracles.bfcl(functions, ground_truth, case["answer_message"]), "nemo_function_name": name_score,
            "nemo_function_name_and_args": exact_score}


def disagreeing(case):
    """Oracles that call a right answer wrong or cannot judge it, or call a wrong one right."""
    found = []
    for oracle in ("bfcl", "nemo_function_name_and_args"):
        said = case["oracle"][oracle]
        if (case["exact"] == 1) != (said == 1):
            found.append(oracle)
    return found


def finished(case, oracle, notes):
    """Adds what the oracles say and, where they disagree, why the truth is right: `notes` by oracle."""
    case["oracle"] = oracle
    against = disagreeing(case)
    case["note"] = "; ".join(filter(None, [case.pop("rule"), *dict.fromkeys(notes[each] for each in against)]))
    assert compare(case["messages"], case["tools"], case["reference_tool_calls"], case["answer_message"]) == \
        case["mistakes"], case["name"]
    return against


def notes_of(kind):
    by_schema = truths.DEFAULTS if kind in (default_left_out, default_spelled_out) else truths.BY_NAME
    return {"bfcl": DISPUTED.get(kind), "nemo_function_name_and_args": by_schema}


def main():
    out, counts, cases = pathlib.Path(sys.argv[1]), collections.Counter(), []
    for case in copy.deepcopy(truths.CASES):
        schemas = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in case["tools"]}
        calls = calls_of(case["reference_tool_calls"])
        allowed = [{name: oracles.allowed_values(arguments, schemas[name])} for name, arguments in calls]
        oracle = judged(case, [oracles.described_tool(tool) for tool in case["tools"]], allowed)
        against = finished(case, oracle, collections.defaultdict(lambda: truths.NOTES[case["name"]]))
        assert bool(against) == (case["name"] in truths.NOTES), case["name"]
        counts.update(["by hand", *(f"by hand, against {each}" for each in against)])
        cases.append(case)
    for kind, drawn, case in drawn_cases():
        oracle = judged(case, drawn.functions, drawn.truth)
        against = finished(case, oracle, notes_of(kind))
        assert kind in DISPUTED or "bfcl" not in against, (case["name"], oracle)
        counts.update(["drawn", *(f"drawn, against {each}" for each in against)])
        cases.append(case)
    assert len({case["name"] for case in cases}) == len(cases)
    assert {kind for case in cases for kind in case["mistakes"]} == set(MISTAKES)
    path = out / "metrics/tool_calls_and_args_match.json"
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(*(f"{count:5} {name}" for name, count in sorted(counts.items())), sep="\n")


if __name__ == "__main__":
    main()
