"""An application with the official OpenAI client, instrumented, whose spans go to our OTLP port.
otel_openai.py OTLP_URL MODEL_URL openllmetry|openinference"""
import sys

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

TOOL = {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {
    "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}}}


def main():
    otlp, model, kind = sys.argv[1:]
    provider = TracerProvider(resource=Resource.create({"service.name": "agent", "workload_id": f"router-{kind}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{otlp}/v1/traces")))
    trace.set_tracer_provider(provider)
    if kind == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    else:
        from openinference.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    client = OpenAI(base_url=model, api_key="none")
    with trace.get_tracer("app").start_as_current_span("handle a request"):
        client.chat.completions.create(model="big", temperature=0, messages=[
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who are you? é世😀"}])
        client.chat.completions.create(model="big", tools=[TOOL], messages=[
            {"role": "user", "content": "add 2 to 3"},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2, "b": 3}'}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "5"}])
    provider.shutdown()
    print("ok")


if __name__ == "__main__":
    main()
