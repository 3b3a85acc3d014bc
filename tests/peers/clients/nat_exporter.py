"""Has NVIDIA's exporter (nvidia-nat-data-flywheel) write its records, as a toolkit's workflow does. nat_exporter.py URL"""
import asyncio
import sys

from nat.plugins.data_flywheel.observability.exporter.dfw_elasticsearch_exporter import DFWElasticsearchExporter
from nat.plugins.data_flywheel.observability.schema.sink.elasticsearch.dfw_es_record import DFWESRecord


def record(i):
    call = {"type": "function", "function": {"name": "add", "arguments": {"a": i, "b": 2}}}
    return DFWESRecord.model_validate({
        "contract_version": "1.1", "timestamp": 1_760_000_000 + i, "workload_id": "agent", "client_id": "toolkit",
        "request": {"model": "big", "messages": [{"role": "human", "content": f"add 2 to {i}"}]},
        "response": {"choices": [{"index": 0, "finish_reason": "tool_calls",
                                  "message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}})


async def main():
    exporter = DFWElasticsearchExporter(endpoint=sys.argv[1], index="flywheel", elasticsearch_auth=("elastic", "elastic"),
                                        client_id="toolkit")
    await exporter.export_processed([record(i).model_dump(mode="json", by_alias=True) for i in range(100)])
    await exporter.export_processed(record(100).model_dump(mode="json", by_alias=True))
    await exporter._elastic_client.close()
    print("ok")


if __name__ == "__main__":
    asyncio.run(main())
