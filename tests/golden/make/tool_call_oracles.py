"""Other people's comparisons of tool calls: BFCL's AST checker and NeMo's tool-calling metric."""
import asyncio
import json
import logging
import math
import sys
import types

# The checker wants one fact of its table of models (are dots in names written as underscores?), and the table drags
# every provider's client in. Ours keeps names as they are.
table = types.ModuleType("bfcl_eval.constants.model_config")
table.MODEL_CONFIG_MAPPING = {"recorded": types.SimpleNamespace(underscore_to_dot=False)}
sys.modules[table.__name__] = table

from bfcl_eval.constants.enums import Language
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker
from nemo_evaluator_sdk.metrics.protocol import CandidateOutput, MetricInput
from nemo_evaluator_sdk.metrics.tool_calling import ToolCallingMetric
from nemo_evaluator_sdk.values.protocol import DatasetRow

logging.disable(logging.WARNING)
BFCL_TYPES = {"object": "dict", "number": "float"}


def described(schema):
    """A JSON schema in BFCL's words."""
    out = {**schema, "type": BFCL_TYPES.get(schema.get("type"), schema.get("type", "any"))}
    if "properties" in schema:
        out["properties"] = {name: described(inner) for name, inner in schema["properties"].items()}
    if "items" in schema:
        out["items"] = described(schema["items"])
    return out


def described_tool(tool):
    function = tool["function"]
    parameters = {"type": "object", "properties": {}, "required": [], **(function.get("parameters") or {})}
    return {"name": function["name"], "description": "", "parameters": described(parameters)}


def allowed_values(arguments, schema):
    """A reference's arguments as BFCL's lists of allowed values; "" allows that a default is left out."""
    properties = schema.get("properties") or {}
    allowed = {}
    for name, value in arguments.items():
        allowed[name] = [allowed_value(value, properties.get(name) or {})]
        if properties.get(name, {}).get("default", allowed) == value:
            allowed[name].append("")
    for name, inner in properties.items():
        if name not in arguments and "default" in inner:
            allowed[name] = [inner["default"], ""]
    return allowed


def allowed_value(value, schema):
    if isinstance(value, dict):
        return allowed_values(value, schema)
    if isinstance(value, list):
        return [allowed_value(item, schema.get("items") or {}) if isinstance(item, dict) else item for item in value]
    return value


def decoded(message):
    """The calls as BFCL's handlers of chat completions decode them; None where they do not."""
    try:
        return [{call["function"]["name"]: json.loads(call["function"]["arguments"])}
                for call in message.get("tool_calls") or []]
    except (KeyError, TypeError, ValueError):
        return None


def bfcl(functions, ground_truth, message):
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


METRIC = ToolCallingMetric(reference="{{ item.reference | tojson }}")


def nemo(reference_calls, message):
    """(function_name_accuracy, function_name_and_args_accuracy); "NaN": no score; None: it raises."""
    response = {"choices": [{"message": json.loads(json.dumps(message))}]}
    try:
        result = asyncio.run(METRIC.compute_scores(MetricInput(row=DatasetRow(data={"reference": reference_calls}),
                                                               candidate=CandidateOutput(response=response))))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None, None
    return tuple("NaN" if math.isnan(output.value) else output.value for output in result.outputs)
