// Has the official Go client's bulk indexer write documents, index only in the path, packed.   go_bulk_indexer URL COUNT
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/elastic/go-elasticsearch/v9"
	"github.com/elastic/go-elasticsearch/v9/esapi"
	"github.com/elastic/go-elasticsearch/v9/esutil"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	client, err := elasticsearch.NewClient(elasticsearch.Config{Addresses: []string{os.Args[1]}, CompressRequestBody: true})
	check(err)
	indexer, err := esutil.NewBulkIndexer(esutil.BulkIndexerConfig{Client: client, Index: "flywheel", NumWorkers: 2, FlushBytes: 200_000})
	check(err)
	for i := 0; i < count; i++ {
		document := fmt.Sprintf(`{"timestamp":%d,"workload_id":"go","client_id":"dev","request":{"messages":[{"role":"user","content":"question %d"}]},"response":{"choices":[{"message":{"role":"assistant","content":"answer %d"}}]}}`, 1760000000+i, i, i)
		check(indexer.Add(context.Background(), esutil.BulkIndexerItem{Action: "create", Body: bytes.NewReader([]byte(document)),
			OnFailure: func(_ context.Context, _ esutil.BulkIndexerItem, item esutil.BulkIndexerResponseItem, err error) {
				fmt.Fprintln(os.Stderr, "failed", item.Status, item.Error.Reason, err)
				os.Exit(1)
			}}))
	}
	check(indexer.Close(context.Background()))
	request := esapi.BulkRequest{Body: bytes.NewReader([]byte("{\"create\":{\"_index\":\"flywheel\"}}\n{\"message\":\"no traffic\"}\n")),
		FilterPath: []string{"items.*._index", "items.*.status", "items.*.error.type", "items.*.error.reason"}}
	answer, err := request.Do(context.Background(), client)
	check(err)
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	check(err)
	expected := `{"items":[{"create":{"_index":"flywheel","status":400,"error":{"type":"document_parsing_exception","reason":"[1:1] not a known form of traffic (docs/traffic.md lists them)"}}}]}`
	if body.String() != expected {
		check(fmt.Errorf("unexpected answer: %s", body.String()))
	}
	fmt.Println("ok", indexer.Stats().NumFlushed)
}
