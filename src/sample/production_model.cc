#include "sample/production_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "codec/json_member.h"
#include "sample/impl/domain.h"
#include "sample/impl/row.h"
#include "sample/impl/understand.h"

namespace fw::sample {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kQuestion = "Question: ";
constexpr std::string_view kResult = "\nTool result: ";
constexpr std::string_view kLost = "Sorry, I did not understand that. I can look up orders, products and stock.";

Json spoken(std::string_view text) { return {{"role", "assistant"}, {"content", text}}; }

/// The text of a message: a string, or parts.
std::string content_of(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end() || !content->is_array()) return codec::text_at(message, "content");
  std::string out;
  for (const Json& part : *content) out += codec::text_at(part, "text");
  return out;
}

class Reply {
 public:
  Reply(const Domain& domain, const Json& request) : domain_(domain), request_(request) {
    for (const Json& message : request["messages"]) read(message);
    turns_ = understand(domain, said_);
  }

  [[nodiscard]] Json message() const {
    if (turns_.empty()) return spoken(kLost);
    if (!result_.empty()) return to_result(turns_.back(), result_);
    if (system_ == domain_.rewriter_prompt) return spoken(turns_.back().standalone);
    if (said_.back().starts_with(kQuestion)) return to_question(said_.back());
    return may_call() ? routed(turns_.back()) : talked(turns_.back());
  }

 private:
  void read(const Json& message) {
    const std::string role = codec::text_at(message, "role");
    if (role == "system" || role == "developer") system_ = content_of(message);
    if (role == "user") said_.push_back(content_of(message));
    result_ = role == "tool" ? content_of(message) : "";
  }

  [[nodiscard]] bool may_call() const {
    const auto tools = request_.find("tools");
    return tools != request_.end() && tools->is_array() && !tools->empty() &&
           codec::text_at(request_, "tool_choice") != "none";
  }

  [[nodiscard]] bool has_tool(std::string_view name) const {
    return std::ranges::any_of(request_["tools"], [&](const Json& tool) {
      return tool.is_object() && tool.contains("function") && codec::text_at(tool["function"], "name") == name;
    });
  }

  [[nodiscard]] Json to_result(const Turn& turn, const std::string& result) const {
    return spoken(answer_to(domain_, turn, result).value_or("Here is what I found: " + result));
  }

  [[nodiscard]] Json to_question(std::string_view text) const {
    const auto at = text.find(kResult);
    if (at == std::string_view::npos) return spoken(kLost);
    const std::string question(text.substr(kQuestion.size(), at - kQuestion.size()));
    return to_result(understand(domain_, {question}).back(), std::string(text.substr(at + kResult.size())));
  }

  [[nodiscard]] Json routed(const Turn& turn) const {
    if (turn.tool != nullptr && has_tool(turn.tool->name)) {
      const std::uint64_t number = 100'000'000 + hash64(request_["messages"].dump()) % 900'000'000;
      Json call{{"id", "call_" + std::to_string(number)},
                {"type", "function"},
                {"function", {{"name", turn.tool->name}, {"arguments", turn.arguments_json}}}};
      return {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", Json::array({std::move(call)})}};
    }
    if (system_ != domain_.router_prompt) return talked(turn);
    const bool lacks_details = turn.wording != nullptr && turn.wording->moment == Moment::kIncomplete;
    return spoken(lacks_details ? domain_.router_details : domain_.router_talk);
  }

  static Json talked(const Turn& turn) { return spoken(turn.answer.empty() ? kLost : std::string_view(turn.answer)); }

  const Domain& domain_;
  const Json& request_;
  std::string system_;
  std::vector<std::string> said_;
  std::string result_;  ///< of a tool, when it is the last message
  Conversation turns_;
};

/// A text in pieces that end after a space.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size() - 1);
    out.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return out;
}

class Chunks {
 public:
  explicit Chunks(const Json& response) : response_(response) {}

  std::vector<std::string> all(bool include_usage) {
    const Json& message = response_["choices"][0]["message"];
    add({{"role", "assistant"}, {"content", message["content"].is_null() ? Json() : Json("")}});
    for (const auto& word : words_of(codec::text_at(message, "content"))) add({{"content", word}});
    std::int64_t index = 0;
    for (const Json& call : message.contains("tool_calls") ? message["tool_calls"] : Json::array())
      add_call(index++, call);
    add(Json::object(), response_["choices"][0]["finish_reason"]);
    if (include_usage) {
      Json last = head();
      last["choices"] = Json::array();
      last["usage"] = response_["usage"];
      out_.push_back(last.dump());
    }
    out_.emplace_back("[DONE]");
    return std::move(out_);
  }

 private:
  [[nodiscard]] Json head() const {
    return {{"id", response_["id"]},
            {"object", "chat.completion.chunk"},
            {"created", response_["created"]},
            {"model", response_["model"]}};
  }
  void add(const Json& delta, const Json& finish_reason = nullptr) {
    Json chunk = head();
    chunk["choices"] = Json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}}});
    out_.push_back(chunk.dump());
  }
  void add_piece(std::int64_t index, Json piece) {
    piece["index"] = index;
    add({{"tool_calls", Json::array({std::move(piece)})}});
  }
  void add_call(std::int64_t index, const Json& call) {
    constexpr std::size_t kFragment = 9;
    Json first = call;
    first["function"]["arguments"] = "";
    add_piece(index, std::move(first));
    const auto arguments = call["function"]["arguments"].get<std::string>();
    for (std::size_t at = 0; at < arguments.size(); at += kFragment) {
      add_piece(index, {{"function", {{"arguments", arguments.substr(at, kFragment)}}}});
    }
  }

  const Json& response_;
  std::vector<std::string> out_;
};

}  // namespace

ProductionModel::ProductionModel() = default;

std::string_view ProductionModel::name() const { return shop_domain().production_model; }

Result<std::string> ProductionModel::answer(std::string_view text, std::int64_t now) const {
  const Json request = Json::parse(text, nullptr, false);
  if (request.is_discarded() || !request.is_object()) return invalid_argument("the body is no JSON object");
  const auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array() || messages->empty()) {
    return invalid_argument("messages is missing, or no list of messages");
  }
  if (!std::ranges::all_of(*messages, [](const Json& message) { return message.is_object(); })) {
    return invalid_argument("a message is no object");
  }
  Row row{.messages = *messages, .answer = Reply(shop_domain(), request).message()};
  row.calls_tool = row.answer.contains("tool_calls");
  const Json tools = request.contains("tools") ? request["tools"] : Json();
  const DocumentIds ids{.client = "live", .timestamp = now, .number = hash64(text)};
  Json response = document(shop_domain(), row, tools, ids)["response"];
  if (const auto model = codec::text_at(request, "model"); !model.empty()) response["model"] = model;
  return response.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> ProductionModel::stream_of(std::string_view response, bool include_usage) {
  return Chunks(Json::parse(response)).all(include_usage);
}

}  // namespace fw::sample
