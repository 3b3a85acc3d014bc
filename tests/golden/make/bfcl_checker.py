"""BFCL's AST checker, as its package `bfcl-eval` has it, over a chat completion's message."""
import json
import sys
import types

# The checker wants one fact of its table of models (are dots in names written as underscores?), and the table drags
# every provider's client in. Ours keeps names as they are.
table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = {"recorded": types.SimpleNamespace(underscore_to_dot=False)}
sys.modules[table.__name__] = table

from bfcl_eval.constants.enums import Language
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker


def decoded(message):
    """The calls as BFCL's handlers of chat completions decode them; None where they do not."""
    try:
        return [{call["function"]["name"]: json.loads(call["function"]["arguments"])}
                for call in message.get("tool_calls") or []]
    except (KeyError, TypeError, ValueError):
        return None


def verdict(functions, ground_truth, message):
    """1 valid, 0 not; None where the checker itself fails. Questions without an answer: valid if no call was made."""
    calls = decoded(message)
    if not ground_truth:
        return int(not calls)
    if not calls:
        return 0
    try:
        result = ast_checker(functions, calls, ground_truth, Language.PYTHON, "parallel", "recorded")
    except (AttributeError, KeyError, TypeError, IndexError, UnboundLocalError):
        return None
    return int(result["valid"])
