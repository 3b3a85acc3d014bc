"""The official Python client of Elasticsearch with keys of ours, in the ways in which it can send one. elastic_keys.py URL KEY READER"""
import sys

from elasticsearch import AuthenticationException, AuthorizationException, Elasticsearch, helpers

url, key, reader = sys.argv[1:4]
identity, secret = key.split("-")[1:]


def document(i, workload="router"):
    return {"timestamp": 1_760_000_000 + i, "workload_id": workload, "client_id": "claimed",
            "request": {"model": "big", "messages": [{"role": "user", "content": f"question {i}"}]},
            "response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {i}"}}]}}


def refused(es, error):
    try:
        es.info()
    except error as refusal:
        return refusal
    raise AssertionError(f"{error.__name__} was expected")


ways = [{"api_key": (identity, secret)}, {"api_key": (identity, key)}, {"basic_auth": ("shop", key)}, {"bearer_auth": key},
        {"headers": {"x-flywheel-key": key}}]
for number, way in enumerate(ways):
    es = Elasticsearch(url, **way)
    assert es.info()["tagline"] == "You Know, for Search"
    actions = [{"_index": "flywheel", "_source": document(100 * number + i)} for i in range(20)]
    assert helpers.bulk(es, actions) == (20, []), way
assert refused(Elasticsearch(url), AuthenticationException).error == "security_exception"
refused(Elasticsearch(url, api_key=(identity, "0" * 64)), AuthenticationException)
refused(Elasticsearch(url, basic_auth=("elastic", "changeme")), AuthenticationException)

es = Elasticsearch(url, api_key=(identity, secret))
mixed = [{"_index": "flywheel", "_source": document(9000)}, {"_index": "flywheel", "_source": document(9001, "payroll")}]
stored, errors = helpers.bulk(es, mixed, raise_on_error=False)
assert (stored, [e["index"]["status"] for e in errors]) == (1, [403]), errors
for call in (lambda: es.search(index="flywheel"), lambda: es.count(index="flywheel"),
             lambda: es.delete_by_query(index="flywheel", query={"match_all": {}}), lambda: es.indices.delete(index="flywheel")):
    try:
        call()
        raise AssertionError("a key that is bound to a tenant read or removed")
    except AuthorizationException as error:
        assert error.error == "security_exception", error
found = Elasticsearch(url, bearer_auth=reader).search(index="flywheel", size=200)["hits"]["hits"]
assert len(found) == 101, len(found)
assert {hit["_source"]["client_id"] for hit in found} == {"acme"}
