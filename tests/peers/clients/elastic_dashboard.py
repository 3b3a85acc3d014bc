"""What dashboards and tools ask of Elasticsearch, by its own Python client, 8 or 9. elastic_dashboard.py URL"""
import sys

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, helpers

INDEX = "flywheel"


def document(i, workload="router", client="dev"):
    return {"timestamp": 1_760_000_000 + i, "workload_id": workload, "client_id": client,
            "request": {"model": "big", "messages": [{"role": "user", "content": f"question {i}"}]},
            "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {i}"}}]}}


def actions(count=400):
    for i in range(count):
        yield {"_index": INDEX, "_id": f"document-{i:012}",
               "_source": document(i, "router" if i % 2 else "support", "dev" if i % 4 < 2 else "shop")}


def ids(hits):
    return [int(hit["_id"][-12:]) for hit in hits["hits"]["hits"]]


def load(es):
    assert all(ok for ok, _ in helpers.streaming_bulk(es, actions(200), chunk_size=30))
    assert all(ok for ok, _ in helpers.parallel_bulk(es, actions(), thread_count=3, chunk_size=50))
    es.indices.refresh(index=INDEX)  # where the log store is a cluster, it waits for that
    assert es.count(index=INDEX)["count"] == 400


def sort(es):
    assert ids(es.search(index=INDEX, sort=["_id"], size=5)) == [0, 1, 2, 3, 4]
    assert ids(es.search(index=INDEX, sort=[{"_id": "desc"}], from_=1, size=3)) == [398, 397, 396]
    assert ids(es.search(index=INDEX, sort=[{"timestamp": "desc"}, {"_id": "asc"}], size=2)) == [399, 398]
    for order in (["_doc"], ["_id"], [{"timestamp": "desc"}, {"_id": "desc"}], [{"timestamp": {"order": "asc", "unmapped_type": "date"}}, "_doc"]):
        seen, after = [], None
        while page := es.search(index=INDEX, sort=order, size=70, search_after=after)["hits"]["hits"]:
            seen += [hit["_id"] for hit in page]
            after = page[-1]["sort"]
        assert len(seen) == len(set(seen)) == 400, (order, len(seen))


def text_queries(es):
    for text, count in (("router", 200), ("workload_id:router AND client_id:shop", 100), ("shop", 200), ("router shop", 300),
                        ('workload_id:"router" -dev', 100), ("workload_id:(router OR support)", 400), ("rout*", 200), ("*", 400),
                        ("timestamp:[1760000000 TO 1760000009]", 10), ("nobody", 0)):
        assert es.search(index=INDEX, q=text, size=0, track_total_hits=True)["hits"]["total"]["value"] == count, text
        assert es.count(index=INDEX, q=text)["count"] == count, text
        assert es.count(index=INDEX, query={"query_string": {"query": text}})["count"] == count, text
    assert es.count(index=INDEX, q="router shop", default_operator="AND")["count"] == 100
    assert es.count(index=INDEX, query={"bool": {"filter": [{"term": {"workload_id": "router"}}]}})["count"] == 200


def shapes(es):
    hit = es.search(index=INDEX, sort=["_id"], size=1, source=False, version=True, docvalue_fields=["client_id"],
                    fields=["workload_id", "request.model", {"field": "timestamp", "format": "epoch_millis"}])["hits"]["hits"][0]
    assert "_source" not in hit and hit["_version"] == 1, hit
    assert hit["fields"] == {"workload_id": ["support"], "request.model": ["big"], "timestamp": ["1760000000000"], "client_id": ["dev"]}, hit
    for options, keys in (({"source": ["workload_id"]}, {"workload_id"}), ({"source": "client_id"}, {"client_id"}),
                          ({"source_includes": "workload_id,client_id"}, {"workload_id", "client_id"}),
                          ({"source_excludes": ["request", "response"]}, {"timestamp", "workload_id", "client_id"}),
                          ({"source": {"includes": ["*_id"], "excludes": ["client*"]}}, {"workload_id"}),
                          ({"source": True}, {"timestamp", "workload_id", "client_id", "request", "response"})):
        assert set(es.search(index=INDEX, size=1, **options)["hits"]["hits"][0]["_source"]) == keys, options
    name = "document-000000000007"
    assert set(es.get(index=INDEX, id=name, source_includes=["client_id"])["_source"]) == {"client_id"}
    docs = es.mget(docs=[{"_index": INDEX, "_id": name, "_source": ["client_id"]}, {"_index": INDEX, "_id": "no"},
                         {"_index": "nowhere", "_id": name}])["docs"]
    assert docs[0]["_source"] == {"client_id": "shop"} and docs[1]["found"] is False, docs
    assert docs[2]["error"]["type"] == "index_not_found_exception", docs


def many(es):
    answer = es.msearch(searches=[
        {"index": INDEX}, {"query": {"term": {"workload_id": "router"}}, "size": 2, "sort": ["_id"]},
        {}, {"query": {"fuzzy": {"workload_id": "router"}}},
        {"index": "nowhere"}, {},
        {"index": ["nowhere", INDEX], "ignore_unavailable": True}, {"size": 0, "track_total_hits": True}], index=INDEX)
    first, wrong, missing, rest = answer["responses"]
    assert first["status"] == 200 and ids(first) == [1, 3], first
    assert wrong["status"] == 400 and "fuzzy" in wrong["error"]["reason"], wrong
    assert missing["status"] == 404 and missing["error"]["type"] == "index_not_found_exception", missing
    assert rest["hits"]["total"]["value"] == 400, rest


def dashboard(es):
    """As Grafana asks for a panel."""
    answer = es.search(index=INDEX, size=0, query={"bool": {"filter": [
        {"range": {"timestamp": {"gte": 1_760_000_000_000, "lte": 1_760_000_399_000, "format": "epoch_millis"}}},
        {"query_string": {"analyze_wildcard": True, "query": "*"}}]}},
        aggs={"2": {"date_histogram": {"field": "timestamp", "min_doc_count": 0, "fixed_interval": "100s", "format": "epoch_millis",
                                       "extended_bounds": {"min": 1_759_999_900_000, "max": 1_760_000_499_000}}}})
    assert [bucket["doc_count"] for bucket in answer["aggregations"]["2"]["buckets"]] == [0, 100, 100, 100, 100, 0], answer
    properties = es.indices.get_mapping(index=INDEX)[INDEX]["mappings"]["properties"]
    assert properties["timestamp"]["type"] == "date" and properties["workload_id"]["type"] == "keyword", properties
    caps = es.field_caps(index=INDEX, fields="*")["fields"]
    assert caps["timestamp"]["date"]["aggregatable"] and "keyword" in caps["client_id"], caps


def counts(es):
    stats = es.indices.stats(index=INDEX, metric="docs")
    assert stats["indices"][INDEX]["primaries"]["docs"]["count"] == stats["_all"]["total"]["docs"]["count"] == 400, stats
    assert es.cat.count(index=INDEX, format="json")[0]["count"] == "400"
    rows = es.cat.indices(format="json", h="index,docs.count", s="docs.count:desc")
    assert {"index": INDEX, "docs.count": "400"} in list(rows), rows


def tools(es):
    wanted = {"query": {"term": {"workload_id": "router"}}}
    found = list(helpers.scan(es, index=INDEX, query=wanted, size=30, source=["workload_id"]))
    assert len(found) == 200 and found[0]["_source"] == {"workload_id": "router"}, found[:1]
    parts = [[hit["_id"] for hit in helpers.scan(es, index=INDEX, size=50, query={"slice": {"id": part, "max": 3}})] for part in range(3)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 400, list(map(len, parts))
    # What came in under a long id is known under every index: nothing is copied.
    assert helpers.reindex(es, INDEX, "copy", query=wanted) == (200, 0)
    es.indices.refresh(index="copy")
    assert es.count(index="copy")["count"] == 0 and es.count(index=INDEX)["count"] == 400


def say_no(es):
    for what, call in (("typed_keys", lambda: es.search(index=INDEX, typed_keys=True)),
                       ("min_score", lambda: es.search(index=INDEX, min_score=1)),
                       ("_seq_no", lambda: es.search(index=INDEX, sort=["_seq_no"])),
                       ("_id", lambda: es.search(index=INDEX, sort=["_id"], scroll="1m")),
                       ("store", lambda: es.indices.stats(index=INDEX, metric="store")),
                       ("store.size", lambda: es.cat.indices(h="store.size")),
                       ("max_docs", lambda: es.delete_by_query(index=INDEX, query={"match_all": {}}, max_docs=1)),
                       ("case_insensitive", lambda: es.count(index=INDEX, query={"term": {"workload_id": {"value": "R", "case_insensitive": True}}})),
                       ("request.model", lambda: es.search(index=INDEX, q="request.model:big")),
                       ("_update", lambda: es.update(index=INDEX, id="x", doc={})),
                       ("_reindex", lambda: es.reindex(source={"index": INDEX}, dest={"index": "b"}))):
        try:
            call()
            raise AssertionError(f"taken: {what}")
        except (BadRequestError, ApiError) as error:
            assert error.status_code == 400 and what in str(error.body), (what, error.body)
    assert es.count(index=INDEX)["count"] == 400, "nothing was removed"
    try:
        es.indices.stats(index="nowhere")
        raise AssertionError("an index that is not there has figures")
    except NotFoundError as error:
        assert error.error == "index_not_found_exception"


def main():
    es = Elasticsearch(sys.argv[1])
    for step in (load, sort, text_queries, shapes, many, dashboard, counts, tools, say_no):
        step(es)
        print(step.__name__, "ok")


if __name__ == "__main__":
    main()
