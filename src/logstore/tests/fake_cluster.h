#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "logstore/elasticsearch/elasticsearch_log_store.h"
#include "net/body.h"
#include "net/server.h"

namespace fw::logstore {

/// Documents that hold nothing but their id, for tests of what a cluster answers.
class BareDocuments final : public Documents {
 public:
  [[nodiscard]] std::string write(const record::Interaction&, Unit, bool) const override { return "{}"; }
  [[nodiscard]] Result<record::Interaction> read(std::string_view id, std::string_view) const override {
    record::Interaction record;
    record.id = record::RecordId(std::string(id));
    return record;
  }
};

/// An index in the blueprint's mapping on a server that answers everything else as the test says.
class FakeCluster final {
 public:
  using Answer = std::function<net::Response(const std::string& target, const std::string& body)>;

  explicit FakeCluster(Answer answer) : answer_(std::move(answer)) {
    const auto handler = [this](net::IncomingRequest& request, net::ResponseWriter& out) -> Task<void> {
      auto body = co_await net::read_all(*request.body, std::size_t{64} << 20, request.deadline);
      const bool is_mapping = request.target.find("/_mapping") != std::string::npos;
      auto answer =
          is_mapping ? net::json_response(200, mapping) : answer_(request.target, std::move(body).value_or(""));
      (void)co_await out.send(std::move(answer), request.deadline);
    };
    server_ = std::make_unique<net::Server>(threads_.get_executor(), net::ServerOptions{}, handler);
    if (!server_->start().ok()) std::abort();
  }
  ~FakeCluster() { server_->stop_blocking(std::chrono::milliseconds(0)); }
  FakeCluster(const FakeCluster&) = delete;
  FakeCluster& operator=(const FakeCluster&) = delete;

  /// A store in it that gives up at once.
  [[nodiscard]] std::unique_ptr<LogStore> open(
      const std::string& index = "calls",
      std::shared_ptr<const Documents> documents = std::make_shared<BareDocuments>()) const {
    ElasticsearchOptions options;
    options.urls = {server_->url()};
    options.index = index;
    options.retry_for = Duration{};
    auto store = open_elasticsearch_log_store(std::move(options), std::move(documents));
    return std::move(store).value();
  }

  std::string mapping = R"({"calls": {"mappings": {"properties": {"workload_id": {"type": "keyword"},
      "client_id": {"type": "keyword"}, "timestamp": {"type": "date", "format": "epoch_second"},
      "flywheel": {"type": "object"}}}}})";

 private:
  Answer answer_;
  boost::asio::thread_pool threads_{1};
  std::unique_ptr<net::Server> server_;
};

}  // namespace fw::logstore
