#pragma once

#include <string_view>

/// Why a record or row did not go on, word for word as the card counts it (docs/formats/report.md, `dataset.steps`).
/// The texts are part of the report's format: constant, without values of the record. A record with several defects is
/// counted once, for the first of this list.
namespace fw::dataset::reasons {

// step "validate"
inline constexpr std::string_view kBeyondLimits = "JSON exceeds the limits on size, depth or number of keys";
inline constexpr std::string_view kRequestNotObject = "request is not a JSON object";
inline constexpr std::string_view kResponseNotObject = "response is not a JSON object";
inline constexpr std::string_view kMessagesMissing = "request.messages is missing or not a list";
inline constexpr std::string_view kMessagesEmpty = "request.messages is empty";
inline constexpr std::string_view kMessageMalformed = "a message of the request has no role or no readable content";
inline constexpr std::string_view kChoicesMissing = "response.choices is missing or not a list";
inline constexpr std::string_view kChoicesEmpty = "response.choices is empty";
inline constexpr std::string_view kChoiceWithoutMessage = "a choice of the response has no message";
inline constexpr std::string_view kToolsMalformed = "request.tools is not a list of tool definitions";
inline constexpr std::string_view kTooManyParameters = "a tool of the request has more than 8 parameters";
inline constexpr std::string_view kCallMalformed = "a tool call of the answer has no function name";
inline constexpr std::string_view kCallNotFunction = "a tool call of the answer is not of type \"function\"";
inline constexpr std::string_view kArgumentsUnparsable = "arguments of a tool call are not valid JSON";
inline constexpr std::string_view kArgumentsNotObject = "arguments of a tool call are not a JSON object";
inline constexpr std::string_view kAnswerEmpty = "the answer has neither content nor tool calls";

// step "deduplicate"
inline constexpr std::string_view kDuplicate = "same request as an earlier record";

// step "sample"
inline constexpr std::string_view kNotDrawn = "not drawn (data_split_config.limit)";

// step "split"
inline constexpr std::string_view kConversationOfEvaluation = "conversation of an evaluation row";
inline constexpr std::string_view kConversationOfValidation = "conversation of a validation row";
inline constexpr std::string_view kNewestSurplus = "newest part, kept out of training";

}  // namespace fw::dataset::reasons
