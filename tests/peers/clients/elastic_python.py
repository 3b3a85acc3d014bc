"""Drives the official Python client of Elasticsearch, 8 or 9, as the blueprint does and beyond. elastic_python.py URL"""
import sys

from elasticsearch import ApiError, BadRequestError, ConflictError, Elasticsearch, NotFoundError, helpers

INDEX = "flywheel"
# The blueprint's own index: what its loader makes before it loads.
MAPPING = {"settings": {"index.mapping.ignore_malformed": True},
           "mappings": {"dynamic": "strict",
                        "properties": {"workload_id": {"type": "keyword"}, "client_id": {"type": "keyword"},
                                       "timestamp": {"type": "date"},
                                       "request": {"type": "object", "dynamic": False},
                                       "response": {"type": "object", "dynamic": False}}}}


def document(i, workload="router", client="dev"):
    return {"timestamp": 1_760_000_000 + i, "workload_id": workload, "client_id": client,
            "request": {"model": "big", "messages": [{"role": "user", "content": f"question {i} \u00e9\u4e16\U0001f600"}]},
            "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {i}"}}]}}


def load(es):
    assert es.ping()
    assert es.info()["tagline"] == "You Know, for Search"
    assert not es.indices.exists(index=INDEX)
    es.indices.create(index=INDEX, **MAPPING)
    try:
        es.indices.create(index=INDEX, **MAPPING)
        raise AssertionError("an index was made twice")
    except BadRequestError as error:
        assert error.error == "resource_already_exists_exception", error
    assert es.indices.exists(index=INDEX)
    assert es.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["dynamic"] == "strict"
    actions = [{"_index": INDEX, "_source": document(i)} for i in range(1500)]
    actions += [{"_index": INDEX, "_source": document(i, "support")} for i in range(500)]
    assert helpers.bulk(es, actions, chunk_size=500) == (2000, [])
    assert helpers.bulk(es, actions, chunk_size=500) == (2000, [])  # a load that is repeated adds nothing
    es.indices.refresh(index=INDEX)
    assert es.count(index=INDEX)["count"] == 2000
    assert es.index(index=INDEX, id="mine", document=document(9000, "single"))["result"] == "created"
    assert es.index(index=INDEX, id="mine", document=document(9000, "single"))["result"] == "noop"
    try:
        es.create(index=INDEX, id="mine", document=document(9000, "single"))
        raise AssertionError("a document was created twice")
    except ConflictError as error:
        assert error.error == "version_conflict_engine_exception", error


def refuse(es):
    """What is no traffic is an error of its item alone; changes are refused."""
    operations = [{"index": {}}, document(9001, "mixed"), {"index": {}}, {"message": "no traffic"},
                  {"update": {"_id": "mine"}}, {"doc": {"client_id": "x"}}, {"delete": {"_id": "mine"}},
                  {"index": {}}, document(9002, "mixed")]
    answer = es.bulk(index=INDEX, operations=operations)
    items = [next(iter(item.items())) for item in answer["items"]]
    assert answer["errors"] and [item["status"] for _, item in items] == [201, 400, 400, 400, 201], answer
    assert items[1][1]["error"]["type"] == "document_parsing_exception", items[1]
    assert "update is refused" in items[2][1]["error"]["reason"], items[2]
    try:
        helpers.bulk(es, [{"_index": INDEX, "_source": {"message": "no traffic"}}])
        raise AssertionError("helpers.bulk took what is no traffic")
    except helpers.BulkIndexError as error:
        assert error.errors[0]["index"]["error"]["type"] == "document_parsing_exception"


def blueprint_query(workload):
    return {"bool": {"must": [{"match": {"client_id": "dev"}}, {"match": {"workload_id": workload}}]}}


def search(es):
    first = es.search(index=INDEX, query=blueprint_query("router"), sort=[{"timestamp": {"order": "desc"}}], size=1000,
                      scroll="2m")
    hits, scroll = first["hits"]["hits"], first["_scroll_id"]
    while page := es.scroll(scroll_id=scroll, scroll="2m")["hits"]["hits"]:  # the first id, again and again
        hits += page
    assert es.clear_scroll(scroll_id=scroll)["succeeded"]
    assert [hit["_source"] for hit in hits] == [document(i) for i in reversed(range(1500))]
    assert len(list(helpers.scan(es, index=INDEX, query={"query": blueprint_query("support")}, size=130))) == 500
    assert first["hits"]["total"] == {"value": 1500, "relation": "eq"}, first["hits"]["total"]

    page = es.search(index=INDEX, query={"range": {"timestamp": {"gte": 1_760_000_100, "lt": 1_760_000_110}}},
                     size=0, track_total_hits=True,
                     aggs={"w": {"terms": {"field": "workload_id"}, "aggs": {"newest": {"max": {"field": "timestamp"}}}},
                           "t": {"date_histogram": {"field": "timestamp", "fixed_interval": "5s"}}})
    assert page["hits"]["total"]["value"] == 20
    assert [(b["key"], b["doc_count"]) for b in page["aggregations"]["w"]["buckets"]] == [("router", 10), ("support", 10)]
    assert page["aggregations"]["w"]["buckets"][0]["newest"]["value"] == 1_760_000_109_000
    assert [b["doc_count"] for b in page["aggregations"]["t"]["buckets"]] == [10, 10]

    seen, after = [], None
    point = es.open_point_in_time(index=INDEX, keep_alive="1m")["id"]
    while True:
        page = es.search(query={"term": {"workload_id": "support"}}, sort=[{"timestamp": "asc"}], size=70,
                         pit={"id": point, "keep_alive": "1m"}, search_after=after, source=["request.messages"])
        if not page["hits"]["hits"]:
            break
        seen += [hit["_source"]["request"]["messages"][0]["content"] for hit in page["hits"]["hits"]]
        assert "workload_id" not in page["hits"]["hits"][0]["_source"]
        after = page["hits"]["hits"][-1]["sort"]
    assert es.close_point_in_time(id=point)["succeeded"]
    assert seen == [document(i)["request"]["messages"][0]["content"] for i in range(500)], len(seen)
    assert es.get(index=INDEX, id="mine")["_source"] == document(9000, "single")
    assert [d["found"] for d in es.mget(index=INDEX, ids=["mine", "yours"])["docs"]] == [True, False]


def say_no(es):
    for body, part in [({"query": {"fuzzy": {"workload_id": "x"}}}, "fuzzy"), ({"highlight": {}}, "highlight"),
                       ({"query": {"term": {"request.model": "big"}}}, "request.model"), ({"sort": ["price"]}, "price"),
                       ({"size": 20_000}, "window"), ({"aggs": {"x": {"percentiles": {"field": "timestamp"}}}}, "percentiles")]:
        try:
            es.search(index=INDEX, body=body) if hasattr(es, "_search_body") else es.perform_request(
                "POST", f"/{INDEX}/_search", headers={"content-type": "application/json", "accept": "application/json"},
                body=body)
            raise AssertionError(f"taken: {body}")
        except ApiError as error:
            assert error.status_code == 400 and part in str(error.body), (body, error.body)
    try:
        es.search(index="nowhere")
        raise AssertionError("an index that is not there was searched")
    except NotFoundError as error:
        assert error.error == "index_not_found_exception"


def delete(es):
    assert es.delete(index=INDEX, id="mine")["result"] == "deleted"
    assert not es.exists(index=INDEX, id="mine")
    gone = es.delete_by_query(index=INDEX, query={"bool": {"filter": [
        {"term": {"workload_id": "support"}}, {"range": {"timestamp": {"lt": 1_760_000_100}}}]}})
    assert gone["deleted"] == 100, gone
    assert es.count(index=INDEX, query={"term": {"workload_id": "support"}})["count"] == 400


def surroundings(es):
    assert es.cluster.health()["status"] == "green"
    assert es.cat.health(format="json")[0]["status"] == "green"
    assert any(row["index"] == INDEX for row in es.cat.indices(format="json"))
    assert es.nodes.info(metric="http")["_nodes"]["total"] == 1
    assert es.license.get()["license"]["status"] == "active"
    assert es.indices.put_index_template(name="t", index_patterns=["logs-*"])["acknowledged"]
    assert es.ilm.put_lifecycle(name="p", policy={"phases": {}})["acknowledged"]


def main():
    es = Elasticsearch(sys.argv[1], http_compress=len(sys.argv) > 2, retry_on_timeout=True, max_retries=3)
    for step in (load, refuse, search, say_no, delete, surroundings):
        step(es)
        print(step.__name__, "ok")


if __name__ == "__main__":
    main()
