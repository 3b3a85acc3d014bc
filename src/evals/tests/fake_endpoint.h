#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fstream>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "async/pool.h"
#include "async/task_group.h"
#include "evals/loop.h"
#include "io/file.h"
#include "net/server.h"

namespace fw::evals {

using namespace std::chrono_literals;
using nlohmann::json;

inline std::string completion(const json& message, int prompt_tokens = 100, int completion_tokens = 10) {
  return json{{"choices", {{{"index", 0}, {"message", message}, {"finish_reason", "stop"}}}},
              {"usage", {{"prompt_tokens", prompt_tokens}, {"completion_tokens", completion_tokens}}}}
      .dump();
}
inline json with_reason(const json& message, const std::string& finish_reason) {
  return {{"choices", {{{"index", 0}, {"message", message}, {"finish_reason", finish_reason}}}}};
}
inline json says(const std::string& text) { return {{"role", "assistant"}, {"content", text}}; }
inline json calls(const std::string& name, const std::string& arguments) {
  return {
      {"role", "assistant"},
      {"content", nullptr},
      {"tool_calls", {{{"id", "1"}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}}}}};
}

/// One line of eval_data.jsonl whose reference calls `order` with the id, or no tool where it is negative.
inline json tool_row(const std::string& record, int id) {
  json message = {{"role", "assistant"}, {"content", id < 0 ? "Hello!" : ""}};
  if (id >= 0)
    message["tool_calls"] = {{{"type", "function"}, {"function", {{"name", "order"}, {"arguments", {{"id", id}}}}}}};
  return {{"record_id", record},
          {"label", id < 0 ? "no_tool" : "order"},
          {"template_in_training", true},
          {"timestamp", 1},
          {"request",
           {{"model", "production"},
            {"messages", {{{"role", "user"}, {"content", "order " + std::to_string(id)}}}},
            {"tools", {{{"type", "function"}, {"function", {{"name", "order"}}}}}},
            {"stream", true},
            {"temperature", 0.7}}},
          {"response", {{"choices", {{{"message", message}}}}}}};
}
inline json text_row(const std::string& record, const std::string& answer) {
  return {{"record_id", record},
          {"label", ""},
          {"template_in_training", false},
          {"request", {{"messages", {{{"role", "user"}, {"content", "write"}}}}, {"max_tokens", 77}}},
          {"response", {{"choices", {{{"message", says(answer)}}}}}}};
}

inline net::Response ok(const json& message) { return net::json_response(200, completion(message)); }

inline std::string text(const json& value) { return value.get<std::string>(); }

/// Calls the tool that the question asks for.
inline net::Response obey(const json& request, int) {
  const std::string question = text(request["messages"].back()["content"]);
  const std::string id = question.substr(6);
  return id == "-1" ? ok(says("Hi")) : ok(calls("order", "{\"id\": " + id + "}"));
}

inline std::vector<json> some_rows(int count) {
  std::vector<json> rows;
  for (int i = 0; i < count; ++i) rows.push_back(tool_row("r" + std::to_string(i), i));
  return rows;
}
inline net::Response raw(int status, std::string body) { return {.status = status, .body = std::move(body)}; }

/// An OpenAI-compatible server in this process whose behaviour a test writes down, and an evaluation against it.
class EvaluationTest : public testing::Test {
 protected:
  /// Answers request number n (from 0); throws or returns without an answer to misbehave.
  using Behaviour = std::function<Task<void>(json request, int n, net::ResponseWriter& out, Deadline deadline)>;

  ~EvaluationTest() override {
    if (server) server->stop_blocking(1s);
  }

  void serve(Behaviour behaviour) {
    answer_ = std::move(behaviour);
    server = std::make_unique<net::Server>(
        sockets.executor(), net::ServerOptions{},
        [this](net::IncomingRequest& in, net::ResponseWriter& out) { return handle(in, out); });
    ASSERT_TRUE(server->start().ok());
    job.target = {.url = server->url() + "/v1", .model = "candidate"};
  }

  /// The usual behaviour: a status and a body for each request.
  using Answers = std::function<net::Response(const json& request, int n)>;
  void serve_answers(Answers answers) {
    serve(
        [answers = std::move(answers)](json request, int n, net::ResponseWriter& out, Deadline deadline) -> Task<void> {
          (void)co_await out.send(answers(request, n), deadline);
        });
  }

  void write_rows(const std::vector<json>& rows) {
    std::ofstream file(job.rows);
    for (const json& row : rows) file << row.dump() << '\n';
  }

  Result<modelops::EvaluationResult> evaluate(Deadline deadline = Deadline::after(60s)) {
    return run(loop.evaluate(job, [this](const modelops::EvaluationProgress& p) { progress.push_back(p); }, deadline));
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(sockets.executor(), keep(std::move(task), result), boost::asio::use_future).get();
    return std::move(*result);
  }

  [[nodiscard]] std::vector<json> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  io::TemporaryFolder folder;
  Pool sockets{"sockets", 2};
  Pool work{"work", 1};
  SystemClock clock;
  EvaluationLoop loop{clock, work, {.first_retry_wait = 1ms, .outage_pauses = {1ms, 1ms, 1ms}}};
  modelops::EvaluationJob job{.rows = folder.path() / "rows.jsonl",
                              .results = folder.path() / "results/rows.jsonl",
                              .parallelism = 4,
                              .request_timeout = 10s,
                              .seed = 7,
                              .rows_alone = 1};
  std::unique_ptr<net::Server> server;
  std::vector<modelops::EvaluationProgress> progress;
  std::atomic<int> running = 0, most_running = 0;

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  Task<void> handle(net::IncomingRequest& in, net::ResponseWriter& out) {
    auto body = co_await net::read_all(*in.body, 1 << 20, in.deadline);
    const json request = json::parse(body.value());
    int n = 0;
    {
      const std::lock_guard lock(mutex_);
      n = static_cast<int>(seen_.size());
      seen_.push_back(request);
      seen_.back()["_path"] = std::string(in.path());
      if (const auto key = in.headers.find("Authorization")) seen_.back()["_authorization"] = std::string(*key);
      most_running = std::max<int>(most_running, ++running);
    }
    co_await answer_(request, n, out, in.deadline);
    --running;
  }

  Behaviour answer_;
  std::mutex mutex_;
  std::vector<json> seen_;
};

}  // namespace fw::evals
