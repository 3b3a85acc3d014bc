#pragma once

#include <map>
#include <mutex>

#include "modelops/embedder.h"
#include "net/client.h"

namespace fw::modelops {

/// `POST .../embeddings` of OpenAI-compatible servers: finds the address behind the base that the provider gives,
/// gives `input_type` to those that want it (NVIDIA's retrieval models), tries again where a server is busy. Any
/// thread; client and clock outlive it.
class OpenAiEmbedder final : public Embedder {
 public:
  OpenAiEmbedder(net::Client& client, const Clock& clock) : client_(client), clock_(clock) {}

  /// Errors of the connection; of an answer by its cause, with what to change; kDataLoss for one that holds no vectors.
  [[nodiscard]] Task<Result<Embeddings>> embed(Endpoint endpoint, std::vector<std::string> texts, EmbeddingUse use,
                                               Deadline deadline) override;

 private:
  /// What was learnt of an endpoint.
  struct Known {
    std::size_t at = 0;  ///< of its urls
    bool wants_use = false;
  };
  [[nodiscard]] Known known(const std::string& url);
  void learn(const std::string& url, Known what);

  net::Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by the endpoint's url
};

}  // namespace fw::modelops
