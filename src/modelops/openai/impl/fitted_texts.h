#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"
#include "base/result.h"
#include "modelops/model.h"
#include "net/client.h"

namespace fw::modelops {

/// What an embedding model is asked.
struct FittedTexts {
  nlohmann::json input;          ///< a list of texts, or of one that is too long the ids of its beginning
  std::vector<std::size_t> cut;  ///< indices of those
};

/// The texts as they are where `endpoint.input_tokens` is 0. Else they are cut to so many tokens, which its
/// llama-server counts (`POST /tokenize`); the token that ends every text of the model, if it has one, stays at the
/// end. What the server would do: refuse all texts of the request.
[[nodiscard]] Task<Result<FittedTexts>> fit_texts(net::Client& client, Endpoint endpoint, net::Headers headers,
                                                  std::vector<std::string> texts, Deadline deadline);

}  // namespace fw::modelops
