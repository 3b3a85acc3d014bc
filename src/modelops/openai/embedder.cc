#include "modelops/openai/embedder.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "modelops/openai/credentials.h"
#include "modelops/openai/endpoint_url.h"
#include "modelops/openai/impl/endpoint_error.h"
#include "modelops/openai/impl/fitted_texts.h"
#include "modelops/openai/impl/refusal.h"
#include "modelops/openai/redaction.h"
#include "net/retry.h"

namespace fw::modelops {
namespace {

using Json = nlohmann::json;
using Vectors = std::vector<std::vector<float>>;

std::string body_of(const Endpoint& endpoint, const Json& input, std::optional<EmbeddingUse> use) {
  Json body{{"model", endpoint.model}, {"input", input}, {"encoding_format", "float"}};
  if (use) body["input_type"] = *use == EmbeddingUse::kQuery ? "query" : "passage";
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::vector<float>> vector_of(const Json& embedding) {
  if (!embedding.is_array() || embedding.empty()) return std::nullopt;
  std::vector<float> out;
  for (const Json& number : embedding) {
    if (!number.is_number() || !std::isfinite(number.get<float>())) return std::nullopt;
    out.push_back(number.get<float>());
  }
  return out;
}

/// Servers may answer in any order; `index` says of which text an entry is.
Result<Vectors> vectors_in(const std::string& body, std::size_t texts, const std::string& url) {
  const Error no_vectors = data_loss(url + " answers without a vector for each text: " + body.substr(0, 200));
  const Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_array()) return no_vectors;
  Vectors out(texts);
  std::size_t position = 0;
  for (const Json& entry : answer["data"]) {
    if (!entry.is_object() || !entry.contains("embedding")) return no_vectors;
    const auto index = entry.find("index");
    const std::size_t at = index != entry.end() && index->is_number_unsigned() ? index->get<std::size_t>() : position;
    auto vector = vector_of(entry["embedding"]);
    if (at >= texts || !out[at].empty() || !vector) return no_vectors;
    out[at] = std::move(*vector);
    ++position;
  }
  for (const auto& vector : out)
    if (vector.empty() || vector.size() != out.front().size()) return no_vectors;
  return out;
}

bool wants_input_type(const net::Response& response) {
  const auto error = error_in(response);
  return !response.is_success() && error &&
         (error->message + " " + error->parameter).find("input_type") != std::string::npos;
}

Error nothing_there(const std::vector<std::string>& urls) {
  std::string text = "nothing takes embeddings at " + shown_url(urls.front());
  for (std::size_t i = 1; i < urls.size(); ++i) text += ", nor at " + shown_url(urls[i]);
  return not_found(text +
                   "; give url as the provider documents it, and a server that serves an embedding model "
                   "(llama-server needs --embeddings)");
}

}  // namespace

OpenAiEmbedder::Known OpenAiEmbedder::known(const std::string& url) {
  const std::lock_guard lock(mutex_);
  return known_[url];
}

void OpenAiEmbedder::learn(const std::string& url, Known what) {
  const std::lock_guard lock(mutex_);
  known_[url] = what;
}

Task<Result<Embeddings>> OpenAiEmbedder::embed(Endpoint endpoint, std::vector<std::string> texts, EmbeddingUse use,
                                               Deadline deadline) {
  const net::RetryPolicy policy{.attempt_timeout = std::chrono::minutes(2)};
  Random random(0);
  FW_CO_ASSIGN(const auto credentials, credentials_of(endpoint, process_variables()));
  FW_CO_ASSIGN(const auto urls, embedding_urls(endpoint.url, credentials.query));
  FW_CO_ASSIGN(const auto fitted, co_await fit_texts(client_, endpoint, credentials.headers, texts, deadline));
  Known learnt = known(endpoint.url);
  while (true) {
    net::Request request{.method = net::Method::kPost, .target = urls[learnt.at], .headers = credentials.headers};
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Accept-Encoding", "identity");
    request.body = body_of(endpoint, fitted.input, learnt.wants_use ? std::optional(use) : std::nullopt);
    const auto answer = co_await net::send_with_retry(client_, std::move(request), policy, random, clock_, deadline);
    if (!answer.ok()) {
      Error error = answer.error();
      error.message = redact_keys(error.message, credentials.secrets);
      co_return error;
    }
    if (is_elsewhere(*answer)) {
      if (++learnt.at < urls.size()) continue;
      co_return nothing_there(urls);
    }
    if (!learnt.wants_use && wants_input_type(*answer)) {
      learnt.wants_use = true;
      continue;
    }
    if (!answer->is_success() || error_in(*answer))
      co_return answer_error(*answer, endpoint, shown_url(urls[learnt.at]), {}, credentials.secrets);
    learn(endpoint.url, learnt);
    FW_CO_ASSIGN(auto vectors, vectors_in(answer->body, texts.size(), shown_url(urls[learnt.at])));
    co_return Embeddings{std::move(vectors), fitted.cut};
  }
}

}  // namespace fw::modelops
