#include "api/request_body.h"

#include "api/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxText = 256;
constexpr std::size_t kLongestInput = 2048;

/// Deeper than any request of this API; measured before parsing, since the parser recurses.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > kMaxDepth) return true;
  }
  return false;
}

/// A request may be large; what is wrong with it need not say all of it again.
Json shortened(const Json& input) {
  const std::string text = dump(input);
  return text.size() <= kLongestInput ? input : Json(text.substr(0, kLongestInput) + "...");
}

}  // namespace

net::Response unprocessable(const std::vector<FieldProblem>& problems) {
  Json detail = Json::array();
  for (const auto& p : problems) {
    detail.push_back({{"type", p.type}, {"loc", p.location}, {"msg", p.message}, {"input", shortened(p.input)}});
  }
  const Json body{{"detail", std::move(detail)}};
  return answer(422, body);
}

bool parse_object(std::string_view body, Json& out, std::vector<FieldProblem>& problems) {
  if (body.empty()) {
    problems.push_back({"missing", {"body"}, "Field required"});
    return false;
  }
  if (is_too_deep(body)) {
    problems.push_back({"json_invalid", {"body"}, "the body is nested deeper than 64 levels", Json::object()});
    return false;
  }
  out = Json::parse(body, nullptr, false);
  if (out.is_discarded()) {
    problems.push_back({"json_invalid", {"body"}, "the body is no JSON", Json::object()});
    return false;
  }
  if (!out.is_object()) {
    problems.push_back({"model_attributes_type", {"body"}, "the body is no JSON object", out});
    return false;
  }
  return true;
}

std::string required_text(const Json& body, const char* field, std::vector<FieldProblem>& problems) {
  const auto found = body.find(field);
  if (found == body.end()) {
    problems.push_back({"missing", {"body", field}, "Field required", body});
    return {};
  }
  if (!found->is_string()) {
    problems.push_back({"string_type", {"body", field}, "Input should be a valid string", *found});
    return {};
  }
  auto text = found->get<std::string>();
  const bool has_control = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (text.empty() || text.size() > kMaxText || has_control) {
    problems.push_back(
        {"value_error", {"body", field}, "expected 1 to 256 bytes of text without control characters", *found});
    return {};
  }
  return text;
}

std::string optional_text(const Json& body, const char* field, std::size_t most, std::vector<FieldProblem>& problems) {
  const auto found = body.find(field);
  if (found == body.end() || found->is_null()) return {};
  if (found->is_string() && found->get_ref<const std::string&>().size() <= most) return found->get<std::string>();
  problems.push_back({"string_type",
                      {"body", field},
                      std::string(field) + " is not a text of at most " + std::to_string(most) + " bytes",
                      *found});
  return {};
}

}  // namespace fw::api
