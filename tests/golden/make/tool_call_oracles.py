"""Other people's comparisons of tool calls: BFCL's AST checker and NeMo's tool-calling metric."""
import asyncio
import json
import logging
import math

from bfcl_checker import verdict as bfcl
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
