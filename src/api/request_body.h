#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace fw::api {

/// What is wrong with one field of a request's body.
struct FieldProblem {
  std::string type;                   ///< `missing`, `string_type`, `json_invalid`, ...
  std::vector<std::string> location;  ///< `{"body", "client_id"}`, `{"query", "limit"}`
  std::string message;
  nlohmann::ordered_json input = nullptr;  ///< what was sent there; of a missing field the object that lacks it
};

/// 422 with the list of problems under `detail`, each `{type, loc, msg, input}`: what clients of the blueprint expect
/// of a request that does not fit. Long input is cut.
[[nodiscard]] net::Response unprocessable(const std::vector<FieldProblem>& problems);

/// The body as a JSON object of bounded depth, or the problem.
[[nodiscard]] bool parse_object(std::string_view body, nlohmann::ordered_json& out,
                                std::vector<FieldProblem>& problems);

/// A field that must be non-empty text of at most 256 bytes without control characters.
[[nodiscard]] std::string required_text(const nlohmann::ordered_json& body, const char* field,
                                        std::vector<FieldProblem>& problems);

/// A field that may be left out or null: text of at most `most` bytes; empty then.
[[nodiscard]] std::string optional_text(const nlohmann::ordered_json& body, const char* field, std::size_t most,
                                        std::vector<FieldProblem>& problems);

}  // namespace fw::api
