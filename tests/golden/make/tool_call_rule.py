"""How the tool calls of an answer are compared with production's: the plain form of the rule, for the vectors' makers.

Calls are a multiset. Two calls are equal when their tools' names are equal and their arguments are equal JSON values
under the tool's schema. README.md, beside this file, has the rule in words.
"""
import itertools
import json
import re

from jsonschema import Draft202012Validator

MISTAKES = ("called where production answered", "answered where production called", "wrong tool", "missing call",
            "surplus call", "wrong argument", "missing argument", "extra argument", "made-up value",
            "invalid by schema")
UNREADABLE = object()
MOST_PAIRED = 6


def arguments_of(given):
    """Arguments as a JSON object; UNREADABLE where they are none."""
    if isinstance(given, str):
        text = given.lstrip("\ufeff").strip()
        fenced = re.fullmatch(r"```\w*\n(.*?)\n?```", text, re.DOTALL)
        text = fenced[1] if fenced else text
        prefixed = re.fullmatch(r"[^{}\[\]\"]*(\{.*\})", text, re.DOTALL)
        text = prefixed[1] if prefixed else text
        try:
            given = json.loads(text) if text else None
        except ValueError:
            return UNREADABLE
    if given is None:
        return {}
    return given if isinstance(given, dict) else UNREADABLE


def calls_of(message_or_calls):
    calls = message_or_calls
    if isinstance(calls, dict):
        calls = calls.get("tool_calls") or []
    return [(call["function"]["name"], arguments_of(call["function"].get("arguments"))) for call in calls]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_equal(a, b, schema):
    if isinstance(a, dict) and isinstance(b, dict):
        return not differing_keys(a, b, schema)
    if isinstance(a, list) and isinstance(b, list):
        items = schema.get("items") or {}
        return len(a) == len(b) and all(is_equal(x, y, items) for x, y in zip(a, b))
    if is_number(a) and is_number(b):
        return a == b  # Python compares whole numbers with fractions exactly, also beyond 2^53
    return type(a) is type(b) and a == b


def differing_keys(reference, answer, schema):
    """{key: kind} of an object's members that differ; a member that only one side has may be its default."""
    properties, kinds = schema.get("properties") or {}, {}
    for key in [*reference, *(key for key in answer if key not in reference)]:
        inner = properties.get(key) or {}
        if key in reference and key in answer:
            if not is_equal(reference[key], answer[key], inner):
                kinds[key] = "wrong argument"
        elif "default" not in inner or not is_equal({**answer, **reference}[key], inner["default"], inner):
            kinds[key] = "missing argument" if key in reference else "extra argument"
    return kinds


def leaves(value):
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


class Request:
    """What was asked: a value of an answer that stands in no part of it is made up."""

    def __init__(self, messages, tools):
        self.text = json.dumps([messages, tools], ensure_ascii=False).lower().replace("\\\"", '"').replace("\\n", "\n")
        self.numbers = {float(found) for found in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])", self.text)}

    def has(self, value):
        if isinstance(value, bool) or value is None or value == "":
            return True
        if is_number(value):
            return float(value) in self.numbers
        return value.strip().lower() in self.text


def compare(messages, tools, reference_calls, answer):
    """The mistakes of an answer, in the order of MISTAKES; none where its calls are production's."""
    schemas = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}
    reference, made = calls_of(reference_calls), calls_of(answer)
    known = {repr(leaf) for _, arguments in reference for leaf in leaves(arguments)}
    left_over, unmatched = list(reference), []
    for call in made:
        same = next((r for r in left_over if r[0] == call[0] and call[1] is not UNREADABLE and
                     not differing_keys(r[1], call[1], schemas.get(call[0], {}))), None)
        if same:
            left_over.remove(same)
        else:
            unmatched.append(call)
    if not left_over and not unmatched:
        return []
    found, doubtful = kinds_of(bool(reference), bool(made), left_over, unmatched, schemas)
    request = Request(messages, tools)
    if any(not request.has(leaf) and repr(leaf) not in known for leaf in doubtful):
        found.add("made-up value")
    if any(breaks_schema(call, schemas) for call in unmatched):
        found.add("invalid by schema")
    return [kind for kind in MISTAKES if kind in found]


def breaks_schema(call, schemas):
    name, arguments = call
    return name not in schemas or arguments is UNREADABLE or not Draft202012Validator(schemas[name]).is_valid(arguments)


def kinds_of(has_reference, has_made, left_over, unmatched, schemas):
    """Kinds of mistake, and the values that nothing of the reference explains."""
    values = lambda calls: [leaf for _, arguments in calls if arguments is not UNREADABLE for leaf in leaves(arguments)]
    if not has_reference:
        return {"called where production answered"}, values(unmatched)
    if not has_made:
        return {"answered where production called"}, []
    found, doubtful = set(), []
    for wanted, call in paired_by_name(left_over, unmatched, schemas):
        left_over = without(left_over, wanted)
        unmatched = without(unmatched, call)
        if call[1] is UNREADABLE:
            continue
        kinds = differing_keys(wanted[1], call[1], schemas.get(call[0], {}))
        found |= set(kinds.values())
        doubtful += [leaf for key, kind in kinds.items() if kind != "missing argument" for leaf in leaves(call[1][key])]
    if left_over and unmatched:
        found.add("wrong tool")
    if len(left_over) > len(unmatched):
        found.add("missing call")
    if len(unmatched) > len(left_over):
        found.add("surplus call")
    return found, doubtful + values(unmatched)


def without(calls, call):
    place = next(i for i, each in enumerate(calls) if each is call)
    return calls[:place] + calls[place + 1:]


def paired_by_name(left_over, unmatched, schemas):
    """Calls of one tool, paired so that the fewest arguments differ."""
    pairs = []
    for name in dict.fromkeys(name for name, _ in left_over):
        wanted, made = ([call for call in calls if call[0] == name] for calls in (left_over, unmatched))
        assert max(len(wanted), len(made)) <= MOST_PAIRED, "every pairing is tried"
        short, long = sorted((wanted, made), key=len)
        cost = lambda chosen: sum(distance(a, b, schemas.get(name, {})) for a, b in zip(short, chosen))
        best = min(itertools.permutations(long, len(short)), key=cost)
        pairs += [(a, b) if short is wanted else (b, a) for a, b in zip(short, best)]
    return pairs


def distance(a, b, schema):
    return 99 if UNREADABLE in (a[1], b[1]) else len(differing_keys(a[1], b[1], schema))
