"""Cases of tool-call comparison whose truth is written by hand: the request, production's calls, an answer, mistakes.

A case without mistakes is exact. NOTES says, for every case in which an oracle disagrees, why the truth is right.
"""
import json

REFUND_REASONS = ["damaged", "late", "other"]


def tool(name, properties, required=(), **more):
    parameters = {"type": "object", "properties": properties, "required": list(required), **more}
    function = {"name": name, "description": name.replace("_", " "), "parameters": parameters}
    return {"type": "function", "function": function}


TEXT, WHOLE, NUMBER, FLAG = ({"type": each} for each in ("string", "integer", "number", "boolean"))
TOOLS = {each["function"]["name"]: each for each in [
    tool("get_order", {"order_id": TEXT, "items": {"type": "boolean", "default": False}}, ["order_id"]),
    tool("cancel_order", {"order_id": TEXT}, ["order_id"]),
    tool("refund", {"order_id": TEXT, "amount": NUMBER, "reason": {"type": "string", "enum": REFUND_REASONS},
                    "currency": {"type": "string", "default": "EUR"}}, ["order_id", "amount"]),
    tool("set_timer", {"minutes": WHOLE, "label": TEXT}, ["minutes"]),
    tool("get_weather", {"city": TEXT, "days": {"type": "integer", "default": 1},
                         "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"}},
         ["city"]),
    tool("list_airports", {}),
    tool("show_log", {"lines": {"type": "integer", "default": 10}}),
    tool("search", {"query": TEXT, "filters": {"type": "object"}, "tags": {"type": "array", "items": TEXT}}, ["query"]),
    tool("book", {"flight": TEXT, "passengers": {"type": "array", "items": {
        "type": "object", "properties": {"name": TEXT, "age": WHOLE}, "required": ["name"]}},
        "seat": {"type": "object", "properties": {"row": WHOLE, "window": {"type": "boolean", "default": True}}}},
         ["flight"]),
    tool("open_ticket", {"title": TEXT, "urgent": FLAG}, ["title"], additionalProperties=False),
    tool("note", {"text": TEXT, "owner": {"type": "string", "default": ""}}, ["text"]),
]}
RAW = {"type": "function", "function": {"name": "ping"}}
TOOLS["ping"] = RAW
CASES = []


def call(name, arguments="{}", number=0):
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def case(name, asked, tools, reference, answer, mistakes=(), rule=""):
    """`reference`: [(tool, arguments)]. `answer`: text, or [(tool, arguments)]; arguments as text are sent as is."""
    messages = asked if isinstance(asked, list) else [{"role": "user", "content": asked}]
    if isinstance(answer, str):
        message = {"role": "assistant", "content": answer}
    elif isinstance(answer, dict):
        message = answer
    else:
        made = [call(called, given if isinstance(given, str) else json.dumps(given, ensure_ascii=False), number)
                for number, (called, given) in enumerate(answer)]
        message = {"role": "assistant", "content": None, "tool_calls": made}
    CASES.append({"name": name, "messages": messages, "tools": [TOOLS[each] for each in tools.split()],
                  "reference_tool_calls": [call(*each, number) for number, each in enumerate(reference)],
                  "answer_message": message,
                  "exact": int(not mistakes), "mistakes": list(mistakes), "rule": rule})


WHERE = "Where is order 4711?"
A, B = ("get_order", {"order_id": "4711"}), ("get_order", {"order_id": "4712"})
CANCEL = ("cancel_order", {"order_id": "4711"})
TWO = "Where are orders 4711 and 4712?"
ORDERS = "get_order cancel_order"

# --- the same calls -------------------------------------------------------------------------------------------------
case("one call, the same", WHERE, ORDERS, [A], [A])
case("two calls of two tools", "Show order 4711 and cancel it.", ORDERS, [A, CANCEL], [A, CANCEL])
case("two calls of two tools in another order", "Show order 4711 and cancel it.", ORDERS, [A, CANCEL], [CANCEL, A])
case("two calls of one tool", TWO, ORDERS, [A, B], [A, B])
case("two calls of one tool in another order", TWO, ORDERS, [A, B], [B, A])
case("three calls in another order", TWO + " Cancel 4711.", ORDERS, [A, B, CANCEL], [CANCEL, B, A])
case("the same call wanted twice", "Ping two times.", "ping", [("ping", {}), ("ping", {})],
     [("ping", {}), ("ping", {})])
case("keys in another order", "Refund 9.5 for order 4711.", "refund", [("refund", {"order_id": "4711", "amount": 9.5})],
     [("refund", {"amount": 9.5, "order_id": "4711"})])
case("white space in arguments", WHERE, ORDERS, [A], [("get_order", ' {\n  "order_id" :\t"4711" }\n')])
case("escaped characters", "Weather in Zürich?", "get_weather", [("get_weather", {"city": "Zürich"})],
     [("get_weather", '{"city": "Z\\u00fcrich"}')])
case("text beside the calls", WHERE, ORDERS, [A], {"role": "assistant", "content": "Let me look.",
                                                   "tool_calls": [call("get_order", '{"order_id": "4711"}')]})
case("ids of calls do not matter", WHERE, ORDERS, [A], {"role": "assistant", "content": None, "tool_calls": [
    {**call("get_order", '{"order_id": "4711"}'), "id": "another"}]})
case("no call is wanted, none is made", "Thank you!", ORDERS, [], "You are welcome.",
     rule="the calls agree; the text is scored as text")
case("no call is wanted, an empty list is made", "Thank you!", ORDERS, [],
     {"role": "assistant", "content": "You are welcome.", "tool_calls": []})
case("no call is wanted, null stands for none", "Thank you!", ORDERS, [],
     {"role": "assistant", "content": "You are welcome.", "tool_calls": None})

# --- JSON values ----------------------------------------------------------------------------------------------------
TIMER = "Set a timer of 5 minutes."
case("5.0 for 5 of an integer", TIMER, "set_timer", [("set_timer", {"minutes": 5})],
     [("set_timer", '{"minutes": 5.0}')])
case("5 for 5.0 of an integer", TIMER, "set_timer", [("set_timer", {"minutes": 5.0})],
     [("set_timer", '{"minutes": 5}')])
case("5e0 for 5", TIMER, "set_timer", [("set_timer", {"minutes": 5})], [("set_timer", '{"minutes": 5e0}')])
case("10 for 10.0 of a number", "Refund 10 for order 4711.", "refund",
     [("refund", {"order_id": "4711", "amount": 10.0})],
     [("refund", '{"order_id": "4711", "amount": 10}')])
case("10.0 for 10 of a number", "Refund 10 for order 4711.", "refund", [("refund", {"order_id": "4711", "amount": 10})],
     [("refund", '{"order_id": "4711", "amount": 10.0}')])
case("9.50 for 9.5", "Refund 9.5 for order 4711.", "refund", [("refund", {"order_id": "4711", "amount": 9.5})],
     [("refund", '{"order_id": "4711", "amount": 9.50}')])
case("0 and -0.0", "Refund 0 for order 4711.", "refund", [("refund", {"order_id": "4711", "amount": 0})],
     [("refund", '{"order_id": "4711", "amount": -0.0}')])
case("text for a number", TIMER, "set_timer", [("set_timer", {"minutes": 5})], [("set_timer", {"minutes": "5"})],
     ["wrong argument", "invalid by schema"])
case("a number for text", WHERE, ORDERS, [A], [("get_order", {"order_id": 4711})],
     ["wrong argument", "invalid by schema"])
case("true for 1", "Set a timer of 1 minute.", "set_timer", [("set_timer", {"minutes": 1})],
     [("set_timer", {"minutes": True})], ["wrong argument", "invalid by schema"], "a truth value is no number")
case("0 for false", "Open a ticket named Printer, 0 urgency.", "open_ticket",
     [("open_ticket", {"title": "Printer", "urgent": False})], [("open_ticket", {"title": "Printer", "urgent": 0})],
     ["wrong argument", "invalid by schema"])
case("text 'true' for true", "Open an urgent ticket named Printer. true", "open_ticket",
     [("open_ticket", {"title": "Printer", "urgent": True})], [("open_ticket", {"title": "Printer", "urgent": "true"})],
     ["wrong argument", "invalid by schema"])
case("whole numbers beyond 2^53 stay apart", "Set a timer of 9007199254740993 minutes, not 9007199254740992.",
     "set_timer",
     [("set_timer", {"minutes": 9007199254740993})], [("set_timer", {"minutes": 9007199254740992})], ["wrong argument"],
     "ids of such size differ in their last digits only")
case("whole numbers beyond 2^53, the same", "Set a timer of 9007199254740993 minutes.", "set_timer",
     [("set_timer", {"minutes": 9007199254740993})], [("set_timer", {"minutes": 9007199254740993})])
case("another number", "Set a timer of 5 minutes, then one of 6.", "set_timer", [("set_timer", {"minutes": 5})],
     [("set_timer", {"minutes": 6})], ["wrong argument"])
case("another case of letters", "Weather in Bern?", "get_weather", [("get_weather", {"city": "Bern"})],
     [("get_weather", {"city": "bern"})], ["wrong argument"])
case("another punctuation", "Where is order A-47-11?", ORDERS, [("get_order", {"order_id": "A-47-11"})],
     [("get_order", {"order_id": "A-4711"})], ["wrong argument", "made-up value"])
case("space around text", "Weather in Bern?", "get_weather", [("get_weather", {"city": "Bern"})],
     [("get_weather", {"city": "Bern "})], ["wrong argument"])
case("empty text for a value", "Weather in Bern?", "get_weather", [("get_weather", {"city": "Bern"})],
     [("get_weather", {"city": ""})], ["wrong argument"], "nothing was made up: nothing was said")
LIST = "Search lamps tagged red and small."
case("a list in its order", LIST, "search", [("search", {"query": "lamps", "tags": ["red", "small"]})],
     [("search", {"query": "lamps", "tags": ["red", "small"]})])
case("a list in another order", LIST, "search", [("search", {"query": "lamps", "tags": ["red", "small"]})],
     [("search", {"query": "lamps", "tags": ["small", "red"]})], ["wrong argument"],
     "the order of a JSON list is part of it")
case("a list that lacks an item", LIST, "search", [("search", {"query": "lamps", "tags": ["red", "small"]})],
     [("search", {"query": "lamps", "tags": ["red"]})], ["wrong argument"])
case("a list with an item twice", LIST, "search", [("search", {"query": "lamps", "tags": ["red"]})],
     [("search", {"query": "lamps", "tags": ["red", "red"]})], ["wrong argument"])
case("a value for a list of one", LIST, "search", [("search", {"query": "lamps", "tags": ["red"]})],
     [("search", {"query": "lamps", "tags": "red"})], ["wrong argument", "invalid by schema"])
FILTER = "Search lamps, colour red, price at most 30."
case("an object, keys in another order", FILTER, "search",
     [("search", {"query": "lamps", "filters": {"colour": "red", "price": 30}})],
     [("search", {"query": "lamps", "filters": {"price": 30.0, "colour": "red"}})])
case("an object that lacks a key", FILTER, "search",
     [("search", {"query": "lamps", "filters": {"colour": "red", "price": 30}})],
     [("search", {"query": "lamps", "filters": {"colour": "red"}})], ["wrong argument"],
     "arguments are the members of the outermost object; what differs within one makes it wrong")
case("an object with a key more", FILTER, "search", [("search", {"query": "lamps", "filters": {"colour": "red"}})],
     [("search", {"query": "lamps", "filters": {"colour": "red", "price": 30}})], ["wrong argument"])
case("an object nested once more", FILTER, "search", [("search", {"query": "lamps", "filters": {"colour": "red"}})],
     [("search", {"query": "lamps", "filters": {"filters": {"colour": "red"}}})], ["wrong argument"])
case("an object as text", FILTER, "search", [("search", {"query": "lamps", "filters": {"colour": "red"}})],
     [("search", {"query": "lamps", "filters": "colour"})], ["wrong argument", "invalid by schema"])
FLIGHT = "Book flight HAT001 for Ann, 34, and Bob, 9; row 12, no window."
case("objects in a list", FLIGHT, "book",
     [("book", {"flight": "HAT001", "passengers": [{"name": "Ann", "age": 34}, {"name": "Bob"}]})],
     [("book", {"flight": "HAT001", "passengers": [{"age": 34, "name": "Ann"}, {"name": "Bob"}]})])
case("objects in a list, one differs", FLIGHT, "book",
     [("book", {"flight": "HAT001", "passengers": [{"name": "Ann", "age": 34}]})],
     [("book", {"flight": "HAT001", "passengers": [{"name": "Ann", "age": 9}]})], ["wrong argument"])
case("objects in a list, in another order", FLIGHT, "book",
     [("book", {"flight": "HAT001", "passengers": [{"name": "Ann"}, {"name": "Bob"}]})],
     [("book", {"flight": "HAT001", "passengers": [{"name": "Bob"}, {"name": "Ann"}]})], ["wrong argument"])
case("objects in a list, a required member is missing", FLIGHT, "book",
     [("book", {"flight": "HAT001", "passengers": [{"name": "Ann", "age": 34}]})],
     [("book", {"flight": "HAT001", "passengers": [{"age": 34}]})], ["wrong argument", "invalid by schema"])

# --- defaults and empty arguments -----------------------------------------------------------------------------------
case("a default is left out", WHERE, ORDERS, [("get_order", {"order_id": "4711", "items": False})], [A])
case("a default is spelled out", WHERE, ORDERS, [A], [("get_order", {"order_id": "4711", "items": False})])
case("another value than the default", WHERE, ORDERS, [A], [("get_order", {"order_id": "4711", "items": True})],
     ["extra argument"])
case("a value other than the default is left out", "Show order 4711 with items.", ORDERS,
     [("get_order", {"order_id": "4711", "items": True})], [A], ["missing argument"])
case("two defaults left out", "Weather in Bern?", "get_weather",
     [("get_weather", {"city": "Bern", "days": 1, "unit": "celsius"})],
     [("get_weather", {"city": "Bern"})])
case("one default left out, another spelled out", "Weather in Bern?", "get_weather",
     [("get_weather", {"city": "Bern", "days": 1})], [("get_weather", {"city": "Bern", "unit": "celsius"})])
case("a default as another form of the number", "Weather in Bern?", "get_weather", [("get_weather", {"city": "Bern"})],
     [("get_weather", '{"city": "Bern", "days": 1.0}')])
case("a default within an object", FLIGHT, "book", [("book", {"flight": "HAT001", "seat": {"row": 12}})],
     [("book", {"flight": "HAT001", "seat": {"row": 12, "window": True}})])
case("not the default within an object", FLIGHT, "book", [("book", {"flight": "HAT001", "seat": {"row": 12}})],
     [("book", {"flight": "HAT001", "seat": {"row": 12, "window": False}})], ["wrong argument"])
case("an empty default spelled out", "Note: call Ann", "note", [("note", {"text": "call Ann"})],
     [("note", {"text": "call Ann", "owner": ""})])
case("null where there is no default", TIMER, "set_timer", [("set_timer", {"minutes": 5})],
     [("set_timer", {"minutes": 5, "label": None})], ["extra argument", "invalid by schema"],
     "null is a value; only arguments as a whole may be null")
NOTHING = {"empty text": "", "null": "null", "an empty object": "{}", "an object with space": " { } "}
for words, given in NOTHING.items():
    case(f"no arguments as {words}", "Which airports?", "list_airports", [("list_airports", {})],
         [("list_airports", given)])
    case(f"defaults only, arguments as {words}", "Show the log.", "show_log", [("show_log", {"lines": 10})],
         [("show_log", given)])
case("no arguments at all", "Which airports?", "list_airports", [("list_airports", {})],
     {"role": "assistant", "content": None,
      "tool_calls": [{"id": "c", "type": "function", "function": {"name": "list_airports"}}]})
case("null instead of arguments", "Which airports?", "list_airports", [("list_airports", {})],
     {"role": "assistant", "content": None, "tool_calls": [call("list_airports", None)]})
case("production's arguments are empty text", "Which airports?", "list_airports", [("list_airports", "")],
     [("list_airports", "{}")])
case("production's arguments are null", "Which airports?", "list_airports", [("list_airports", None)],
     [("list_airports", "{}")])
case("a tool without parameters", "Ping.", "ping", [("ping", {})], [("ping", "")])
case("empty text where arguments are needed", WHERE, ORDERS, [A], [("get_order", "")],
     ["missing argument", "invalid by schema"])
case("an argument for a tool that has none", "Which airports?", "list_airports", [("list_airports", {})],
     [("list_airports", {"country": True})], ["extra argument"])

# --- the ways models write arguments --------------------------------------------------------------------------------
case("arguments as an object", WHERE, ORDERS, [A],
     {"role": "assistant", "content": None, "tool_calls": [call("get_order", {"order_id": "4711"})]})
case("fenced arguments", WHERE, ORDERS, [A], [("get_order", '```json\n{"order_id": "4711"}\n```')])
case("fenced arguments without a language", WHERE, ORDERS, [A], [("get_order", '```\n{"order_id": "4711"}\n```')])
case("arguments after a word", WHERE, ORDERS, [A], [("get_order", 'Arguments: {"order_id": "4711"}')])
case("arguments after a byte order mark", WHERE, ORDERS, [A], [("get_order", '\ufeff{"order_id": "4711"}')])
case("arguments cut short", WHERE, ORDERS, [A], [("get_order", '{"order_id": "47')], ["invalid by schema"],
     "what cannot be read has no arguments to be wrong or missing")
case("arguments as a list", WHERE, ORDERS, [A], [("get_order", '["4711"]')], ["invalid by schema"])
case("arguments as a sentence", WHERE, ORDERS, [A], [("get_order", "order 4711")], ["invalid by schema"])
case("one of two calls cannot be read", TWO, ORDERS, [A, B], [A, ("get_order", '{"order_id": ')], ["invalid by schema"])

# --- calls too many, too few, of another tool -----------------------------------------------------------------------
case("called where production answered", "Thank you for order 4711!", ORDERS, [], [A],
     ["called where production answered"])
case("called twice where production answered", "Thanks for 4711 and 4712!", ORDERS, [], [A, B],
     ["called where production answered"])
case("called without need, with a made-up value", "Thank you!", ORDERS, [], [("get_order", {"order_id": "990017"})],
     ["called where production answered", "made-up value"])
case("called an unknown tool where production answered", "Thank you!", ORDERS, [], [("say_thanks", {})],
     ["called where production answered", "invalid by schema"])
case("answered where production called", WHERE, ORDERS, [A], "It is on its way.", ["answered where production called"])
case("answered where production called twice", TWO, ORDERS, [A, B], "They are on their way.",
     ["answered where production called"])
case("nonsense where production called", WHERE, ORDERS, [A], "banana banana banana",
     ["answered where production called"])
case("the call written as text", WHERE, ORDERS, [A], '{"name": "get_order", "arguments": {"order_id": "4711"}}',
     ["answered where production called"], "an application that expects a call gets none")
case("nothing at all", WHERE, ORDERS, [A], {"role": "assistant", "content": None}, ["answered where production called"])
case("one of two calls is missing", TWO, ORDERS, [A, B], [A], ["missing call"])
case("the other of two calls is missing", TWO, ORDERS, [A, B], [B], ["missing call"])
case("two of three calls are missing", TWO + " Cancel 4711.", ORDERS, [A, B, CANCEL], [B], ["missing call"])
case("one of two equal calls is missing", "Ping two times.", "ping", [("ping", {}), ("ping", {})], [("ping", {})],
     ["missing call"])
case("a repeated call", WHERE, ORDERS, [A], [A, A], ["surplus call"])
case("a call three times", WHERE, ORDERS, [A], [A, A, A], ["surplus call"])
case("one of two calls is repeated", TWO, ORDERS, [A, B], [A, B, B], ["surplus call"])
case("one call twice instead of two calls", TWO, ORDERS, [A, B], [A, A], ["wrong argument"],
     "the second call has the first's argument")
case("a surplus call of another tool", WHERE, ORDERS, [A], [A, CANCEL], ["surplus call"])
case("four wrong calls before the right one", WHERE, ORDERS, [A],
     [CANCEL, CANCEL, CANCEL, CANCEL, A], ["surplus call"])
case("a surplus call of the same tool", TWO, ORDERS, [A], [A, B], ["surplus call"])
case("a surplus call with a made-up value", WHERE, ORDERS, [A], [A, ("get_order", {"order_id": "990017"})],
     ["surplus call", "made-up value"])
case("a surplus call of an unknown tool", WHERE, ORDERS, [A], [A, ("track_parcel", {"order_id": "4711"})],
     ["surplus call", "invalid by schema"])
case("another tool", WHERE, ORDERS, [A], [CANCEL], ["wrong tool"])
case("an unknown tool", WHERE, ORDERS, [A], [("fetch_order", {"order_id": "4711"})],
     ["wrong tool", "invalid by schema"])
case("another case of letters in the name", WHERE, ORDERS, [A], [("Get_Order", {"order_id": "4711"})],
     ["wrong tool", "invalid by schema"])
case("space in the name", WHERE, ORDERS, [A], [("get_order ", {"order_id": "4711"})],
     ["wrong tool", "invalid by schema"])
case("a prefix before the name", WHERE, ORDERS, [A], [("functions.get_order", {"order_id": "4711"})],
     ["wrong tool", "invalid by schema"])
case("another tool with a made-up value", WHERE, ORDERS, [A], [("cancel_order", {"order_id": "990017"})],
     ["wrong tool", "made-up value"])
case("another tool whose arguments do not fit", WHERE, "get_order set_timer", [A],
     [("set_timer", {"order_id": "4711"})],
     ["wrong tool", "invalid by schema"])
case("another tool in one of two calls", "Show order 4711 and cancel it.", "get_order cancel_order note",
     [A, CANCEL], [A, ("note", {"text": "4711"})], ["wrong tool"])
case("another tool, and a call is missing", TWO, ORDERS, [A, B], [CANCEL], ["wrong tool", "missing call"])
case("another tool, and a call is repeated", WHERE, ORDERS, [A], [CANCEL, CANCEL], ["wrong tool", "surplus call"])
case("a wrong argument, and a call is missing", TWO + " Cancel 4711.", ORDERS, [A, CANCEL],
     [B], ["missing call", "wrong argument"])
case("wrong and surplus", TWO, ORDERS, [A], [B, CANCEL], ["surplus call", "wrong argument"])

# --- arguments ------------------------------------------------------------------------------------------------------
case("a wrong argument that was said", TWO, ORDERS, [A], [B], ["wrong argument"])
case("a wrong argument that nobody said", WHERE, ORDERS, [A], [("get_order", {"order_id": "990017"})],
     ["wrong argument", "made-up value"])
case("a wrong number that nobody said", TIMER, "set_timer", [("set_timer", {"minutes": 5})],
     [("set_timer", {"minutes": 77})],
     ["wrong argument", "made-up value"])
case("digits within another number are not said", "Set a timer of 5 minutes for order 47711.", "set_timer",
     [("set_timer", {"minutes": 5})], [("set_timer", {"minutes": 77})], ["wrong argument", "made-up value"])
case("a wrong value out of a tool's result", [
    {"role": "user", "content": "Cancel my order."},
    {"role": "assistant", "content": None, "tool_calls": [call("note", '{"text": "orders"}')]},
    {"role": "tool", "tool_call_id": "call_0", "content": '{"orders": ["4711", "4712"]}'}], "cancel_order note",
     [CANCEL],
     [("cancel_order", {"order_id": "4712"})], ["wrong argument"])
case("a wrong value out of an earlier call's arguments", [
    {"role": "user", "content": "Cancel the second."},
    {"role": "assistant", "content": None, "tool_calls": [call("get_order", '{"order_id": "4712"}')]},
    {"role": "tool", "tool_call_id": "call_0", "content": "unknown, did you mean 4711"}], ORDERS, [CANCEL],
     [("cancel_order", {"order_id": "4712"})], ["wrong argument"])
case("a wrong value out of the system message",
     [{"role": "system", "content": "The test order is 1000."}, {"role": "user", "content": WHERE}], ORDERS,
     [A], [("get_order", {"order_id": "1000"})], ["wrong argument"])
case("a wrong value out of a list of parts",
     [{"role": "user", "content": [{"type": "text", "text": "Order 4711 or 4712?"}]}], ORDERS,
     [A], [("get_order", {"order_id": "4712"})], ["wrong argument"])
case("a wrong value out of the tools", "Refund 9.5 for order 4711, it came late.", "refund",
     [("refund", {"order_id": "4711", "amount": 9.5, "reason": "late"})],
     [("refund", {"order_id": "4711", "amount": 9.5, "reason": "damaged"})],
     ["wrong argument"], "the tools are a part of the request")
case("a value outside the enumeration", "Refund 9.5 for order 4711, it came late.", "refund",
     [("refund", {"order_id": "4711", "amount": 9.5, "reason": "late"})],
     [("refund", {"order_id": "4711", "amount": 9.5, "reason": "came late"})],
     ["wrong argument", "invalid by schema"])
case("a value computed by production", "Refund half of 19 for order 4711.", "refund",
     [("refund", {"order_id": "4711", "amount": 9.5})],
     [("refund", {"order_id": "4711", "amount": 9.5})], (), "it stands in no part of the request, but it is right")
case("a missing argument that is required", "Refund 9.5 for order 4711.", "refund",
     [("refund", {"order_id": "4711", "amount": 9.5})],
     [("refund", {"order_id": "4711"})], ["missing argument", "invalid by schema"])
case("a missing argument that may be left out", "Set a timer of 5 minutes named tea.", "set_timer",
     [("set_timer", {"minutes": 5, "label": "tea"})], [("set_timer", {"minutes": 5})], ["missing argument"])
case("an extra argument that was said", "Set a timer of 5 minutes for tea.", "set_timer",
     [("set_timer", {"minutes": 5})],
     [("set_timer", {"minutes": 5, "label": "tea"})], ["extra argument"])
case("an extra argument that nobody said", TIMER, "set_timer", [("set_timer", {"minutes": 5})],
     [("set_timer", {"minutes": 5, "label": "zebra"})], ["extra argument", "made-up value"])
case("an extra argument that the tool lacks", TIMER, "set_timer", [("set_timer", {"minutes": 5})],
     [("set_timer", {"minutes": 5, "loud": True})], ["extra argument"],
     "a schema without additionalProperties allows it")
case("an extra argument that the schema forbids", "Open a ticket named Printer.", "open_ticket",
     [("open_ticket", {"title": "Printer"})],
     [("open_ticket", {"title": "Printer", "loud": True})], ["extra argument", "invalid by schema"])
case("a misspelled argument", TIMER, "set_timer", [("set_timer", {"minutes": 5})], [("set_timer", {"minute": 5})],
     ["missing argument", "extra argument", "invalid by schema"])
case("arguments within an argument", WHERE, ORDERS, [A], [("get_order", {"arguments": {"order_id": "4711"}})],
     ["missing argument", "extra argument", "invalid by schema"])
case("two arguments exchanged", "Book flight HAT001; note: HAT002", "note",
     [("note", {"text": "HAT001", "owner": "HAT002"})],
     [("note", {"text": "HAT002", "owner": "HAT001"})], ["wrong argument"])
case("wrong, missing and extra at once", "Refund 9.5 for order 4711, not 4712, it came late.", "refund",
     [("refund", {"order_id": "4711", "amount": 9.5, "reason": "late"})],
     [("refund", {"order_id": "4712", "amount": 9.5, "currency": "late"})],
     ["wrong argument", "missing argument", "extra argument"])
case("wrong arguments in both of two calls", TWO + " Or 4713 and 4714?", ORDERS, [A, B],
     [("get_order", {"order_id": "4713"}), ("get_order", {"order_id": "4714"})], ["wrong argument"])
case("pairs are those that differ least", "Timers: 5 tea, 6 rice; or 7.", "set_timer",
     [("set_timer", {"minutes": 5, "label": "tea"}), ("set_timer", {"minutes": 6, "label": "rice"})],
     [("set_timer", {"minutes": 7, "label": "rice"}), ("set_timer", {"minutes": 5, "label": "tea"})],
     ["wrong argument"])
case("production breaks the schema, the answer does the same", TIMER, "set_timer", [("set_timer", {"minutes": "5"})],
     [("set_timer", {"minutes": "5"})], (), "the candidate is measured against production")
case("production breaks the schema, the answer keeps it", TIMER, "set_timer", [("set_timer", {"minutes": "5"})],
     [("set_timer", {"minutes": 5})], ["wrong argument"], "the application may live by what production does")

# --- where the oracles disagree -------------------------------------------------------------------------------------
BY_NAME = "NeMo's metric keeps one call a name, the last: it cannot tell two calls of one tool apart, nor count them"
DEFAULTS = "NeMo's metric does not read the schema: a default left out means the same as one spelled out"
WHOLE_NUMBERS = "BFCL looks at Python's types: JSON has one kind of number, and 5.0 is a whole one to JSON Schema"
PYTHON_EQUALITY = "NeMo's metric compares by Python's ==, to which true is 1: to whoever parses JSON they are two types"
STANDARDIZED = "BFCL ignores case, spaces and punctuation of text: ids and codes may differ by nothing else"
NO_ARGUMENTS = "servers write no arguments as empty text, null or nothing; the application's call is the same"
READ = "the oracles parse the text as it is; engines wrap arguments so, the product reads them as applications do"
NOTES = {name: note for note, names in {
    BY_NAME: ["two calls of one tool in another order", "three calls in another order",
              "the other of two calls is missing", "one of two equal calls is missing", "a repeated call",
              "a call three times", "one of two calls is repeated"],
    DEFAULTS: ["a default is left out", "a default is spelled out", "two defaults left out",
               "a default within an object",
               "one default left out, another spelled out", "an empty default spelled out",
               "defaults only, arguments as an empty object", "defaults only, arguments as an object with space"],
    WHOLE_NUMBERS: ["5.0 for 5 of an integer", "5e0 for 5"],
    WHOLE_NUMBERS + "; " + DEFAULTS: ["a default as another form of the number"],
    PYTHON_EQUALITY: ["true for 1", "0 for false"],
    STANDARDIZED: ["another case of letters", "another punctuation", "space around text"],
    NO_ARGUMENTS: ["no arguments as empty text", "defaults only, arguments as empty text", "no arguments as null",
                   "defaults only, arguments as null", "no arguments at all", "null instead of arguments",
                   "production's arguments are empty text", "production's arguments are null",
                   "a tool without parameters"],
    READ: ["arguments as an object", "fenced arguments", "fenced arguments without a language",
           "arguments after a word", "arguments after a byte order mark"],
}.items() for name in names}
