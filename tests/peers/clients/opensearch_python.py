"""Drives the official Python client of OpenSearch. opensearch_python.py URL"""
import sys

from opensearchpy import OpenSearch, helpers


def document(i):
    return {"timestamp": 1_760_000_000 + i, "workload_id": "opensearch", "client_id": "dev",
            "request": {"messages": [{"role": "user", "content": f"question {i}"}]},
            "response": {"choices": [{"message": {"role": "assistant", "content": f"answer {i}"}}]}}


def main():
    client = OpenSearch(sys.argv[1], http_compress=True)
    assert client.ping() and client.info()["version"]["number"]
    if not client.indices.exists(index="traffic"):
        client.indices.create(index="traffic", body={"settings": {"number_of_shards": 1}})
    actions = [{"_index": "traffic", "_id": f"document-{i:012}", "_source": document(i)} for i in range(1000)]
    assert helpers.bulk(client, actions, chunk_size=250, refresh=True) == (1000, [])
    assert helpers.bulk(client, actions, chunk_size=400) == (1000, [])
    assert client.count(index="traffic")["count"] == 1000
    hits = list(helpers.scan(client, index="traffic", query={"query": {"match_all": {}}}, size=300))
    assert {hit["_id"] for hit in hits} == {action["_id"] for action in actions}
    found = client.search(index="traf*", body={"query": {"ids": {"values": ["document-000000000007"]}}})
    assert found["hits"]["hits"][0]["_source"] == document(7), found
    page = next(helpers.scan(client, index="traffic", query={}, _source=["client_id"]))  # parameters of the first request count
    assert page["_source"] == {"client_id": "dev"}, page
    assert client.search(index="traffic", q="client_id:dev AND workload_id:opensearch", size=0)["hits"]["total"]["value"] == 1000
    assert [hit["_id"] for hit in client.search(index="traffic", sort="_id:desc", size=1)["hits"]["hits"]] == ["document-000000000999"]
    several = client.msearch(body=[{"index": "traffic"}, {"size": 0}, {"index": "traffic"}, {"sort": ["price"]}])["responses"]
    assert [one["status"] for one in several] == [200, 400] and "price" in several[1]["error"]["reason"], several
    assert client.indices.stats(index="traffic")["_all"]["total"]["docs"]["count"] == 1000
    assert client.cat.count(index="traffic", format="json")[0]["count"] == "1000"
    point = client.create_pit(index="traffic", params={"keep_alive": "1m"})["pit_id"]
    page = client.search(body={"pit": {"id": point}, "sort": [{"timestamp": "desc"}], "size": 3})
    assert [hit["_source"] for hit in page["hits"]["hits"]] == [document(i) for i in (999, 998, 997)]
    client.delete_pit(body={"pit_id": [point]})
    assert client.delete_by_query(index="traffic", body={"query": {"range": {"timestamp": {"gte": 1_760_000_990}}}})["deleted"] == 10
    print("ok")


if __name__ == "__main__":
    main()
