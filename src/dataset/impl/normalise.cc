#include "dataset/impl/normalise.h"

#include <algorithm>
#include <array>

#include "dataset/impl/chat.h"
#include "dataset/impl/normalise_parts.h"
#include "dataset/reasons.h"
#include "record/finish_reason.h"

namespace fw::dataset {
namespace normal {
namespace {

/// An error that was captured in place of an answer: an `error`, or the status of an HTTP answer.
bool is_error(const Json& response) {
  const Json* error = member(response, "error");
  if (error != nullptr && !(error->is_string() && error->empty()) && !error->is_boolean()) return true;
  return std::ranges::any_of(std::array{"status_code", "http_status", "status"}, [&](const char* key) {
    const Json* status = member(response, key);
    return status != nullptr && status->is_number_integer() && *status >= 400;
  });
}

/// What the model saw is with the provider, and only the newest message is here (OpenAI's /v1/responses).
bool has_context_elsewhere(const Json& request) {
  const Json* ours = member(request, "flywheel");
  if (ours == nullptr || string_member(*ours, "dialect") != "responses") return false;
  for (const char* name : {"previous_response_id", "conversation", "prompt"}) {
    if (member(request, name) != nullptr) return true;
  }
  const Json* unmapped = member(*ours, "not_mapped");
  return unmapped != nullptr && unmapped->is_array() &&
         std::ranges::find(*unmapped, "an input item of type item_reference") != unmapped->end();
}

/// Why the answer ended before it was whole.
Defect ended_early(const Json& choice) {
  switch (record::answer_end(string_member(choice, "finish_reason"))) {
    case record::AnswerEnd::kCut: return reasons::kAnswerCut;
    case record::AnswerEnd::kFiltered: return reasons::kAnswerFiltered;
    case record::AnswerEnd::kBroken: return reasons::kAnswerBroken;
    case record::AnswerEnd::kWhole: break;
  }
  return std::nullopt;
}

Defect choices_of(Json& response, Normalised& out) {
  const auto choices = response.find("choices");
  if (choices == response.end() || !choices->is_array()) return reasons::kChoicesMissing;
  if (choices->empty()) return reasons::kChoicesEmpty;
  for (Json& choice : *choices) {
    const Json* message = member(choice, "message");
    if (message == nullptr || !message->is_object()) return reasons::kChoiceWithoutMessage;
    if (member(*message, "function_call") != nullptr) {
      // The first step alone: whether this choice is the answer depends on whether it calls a tool.
      Normalised ignored;
      (void)Calls(ignored, false, false, "call_").normalise(choice["message"]);
      out.repairs.insert(repairs::kLegacyCalls);
    }
  }
  return std::nullopt;
}

/// Of a model that reasons, cut before it came to its answer.
bool ends_thinking(const std::string& text) {
  const std::size_t open = text.rfind("<think>");
  return open != text.npos && text.find("</think>", open) == text.npos;
}

}  // namespace

Defect answer(Json& response, bool parse_arguments, Normalised& out) {
  if (Defect defect = choices_of(response, out)) return defect;
  Json& choice = response["choices"][answer_index(response)];
  Json& message = choice["message"];
  if (Defect defect = ended_early(choice)) return defect;
  if (!string_member(message, "refusal").empty()) return reasons::kAnswerRefused;
  if (member(message, "audio") != nullptr) return reasons::kMedia;
  switch (join_parts(message, out)) {
    case Content::kMedia: return reasons::kMedia;
    case Content::kRefusal: return reasons::kAnswerRefused;
    case Content::kUnreadable:
      if (tool_calls_of(message) == nullptr) return reasons::kAnswerEmpty;
      message["content"] = nullptr;
      break;
    case Content::kText: break;
  }
  if (ends_thinking(text_of(message))) return reasons::kAnswerThinking;
  if (Defect defect = Calls(out, false, parse_arguments, "call_").normalise(message)) return defect;
  if (tool_calls_of(message) == nullptr && text_of(message).empty()) return reasons::kAnswerEmpty;
  return std::nullopt;
}

}  // namespace normal

Normalised normalise(Json& request, Json& response, bool parse_arguments) {
  Normalised out;
  const auto first_defect = [&]() -> normal::Defect {
    if (!request.is_object()) return reasons::kRequestNotObject;
    if (!response.is_object()) return reasons::kResponseNotObject;
    if (normal::is_error(response)) return reasons::kResponseIsError;
    response.erase("error");  // false, or an empty text
    if (normal::has_context_elsewhere(request)) return reasons::kContextElsewhere;
    if (auto defect = normal::messages(request, out)) return defect;
    if (auto defect = normal::tools(request, out)) return defect;
    return normal::answer(response, parse_arguments, out);
  };
  out.defect = first_defect();
  return out;
}

}  // namespace fw::dataset
