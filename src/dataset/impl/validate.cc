#include "dataset/impl/validate.h"

#include "dataset/impl/chat.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

using Defect = std::optional<std::string_view>;
constexpr std::size_t kMaxParameters = 8;

bool is_message(const Json& message) {
  if (string_member(message, "role").empty()) return false;
  const Json* content = member(message, "content");
  return content == nullptr || content->is_string() || content->is_array();
}

Defect defect_of_messages(const Json& request) {
  const Json* messages = member(request, "messages");
  if (messages == nullptr || !messages->is_array()) return reasons::kMessagesMissing;
  if (messages->empty()) return reasons::kMessagesEmpty;
  for (const Json& message : *messages) {
    if (!is_message(message)) return reasons::kMessageMalformed;
  }
  return std::nullopt;
}

Defect defect_of_choices(const Json& response) {
  const Json* choices = member(response, "choices");
  if (choices == nullptr || !choices->is_array()) return reasons::kChoicesMissing;
  if (choices->empty()) return reasons::kChoicesEmpty;
  for (const Json& choice : *choices) {
    const Json* message = member(choice, "message");
    if (message == nullptr || !message->is_object()) return reasons::kChoiceWithoutMessage;
  }
  return std::nullopt;
}

Defect defect_of_tools(const Json& request) {
  const Json* tools = member(request, "tools");
  if (tools == nullptr) return std::nullopt;
  if (!tools->is_array()) return reasons::kToolsMalformed;
  for (const Json& tool : *tools) {
    if (!tool.is_object()) return reasons::kToolsMalformed;
    const Json* function = member(tool, "function");
    const Json* parameters = function == nullptr ? nullptr : member(*function, "parameters");
    const Json* properties = parameters == nullptr ? nullptr : member(*parameters, "properties");
    if (properties != nullptr && properties->size() > kMaxParameters) return reasons::kTooManyParameters;
  }
  return std::nullopt;
}

Defect defect_of_arguments(const Json& function, bool parse_arguments) {
  const Json* arguments = member(function, "arguments");
  if (arguments == nullptr) return reasons::kArgumentsNotObject;
  if (arguments->is_object()) return std::nullopt;
  if (!arguments->is_string()) return reasons::kArgumentsNotObject;
  if (!parse_arguments) return std::nullopt;
  const std::optional<Json> parsed = parse_json(arguments->get_ref<const std::string&>());
  if (!parsed) return reasons::kArgumentsUnparsable;
  return parsed->is_object() ? std::nullopt : Defect(reasons::kArgumentsNotObject);
}

Defect defect_of_calls(const Json& calls, bool parse_arguments) {
  for (const Json& call : calls) {
    if (string_member(call, "type") != "function") return reasons::kCallNotFunction;
  }
  for (const Json& call : calls) {
    const Json* function = member(call, "function");
    if (function == nullptr || string_member(*function, "name").empty()) return reasons::kCallMalformed;
    if (Defect defect = defect_of_arguments(*function, parse_arguments)) return defect;
  }
  return std::nullopt;
}

}  // namespace

Defect first_defect(const Json& request, const Json& response, modelops::WorkloadType type, bool parse_arguments) {
  if (!request.is_object()) return reasons::kRequestNotObject;
  if (!response.is_object()) return reasons::kResponseNotObject;
  if (Defect defect = defect_of_messages(request)) return defect;
  if (Defect defect = defect_of_choices(response)) return defect;
  if (Defect defect = defect_of_tools(request)) return defect;
  const Json& answer = *answer_of(response, type);
  const Json* calls = tool_calls_of(answer);
  if (calls != nullptr && type == modelops::WorkloadType::kToolCalling) return defect_of_calls(*calls, parse_arguments);
  return text_of(answer).empty() ? Defect(reasons::kAnswerEmpty) : std::nullopt;
}

}  // namespace fw::dataset
