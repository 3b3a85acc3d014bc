#pragma once

#include <string_view>

/// Why a record or row did not go on, word for word as the card counts it (docs/formats/report.md, `dataset.steps`).
/// The texts are part of the report's format: constant, without values of the record. A record with several defects is
/// counted once, for the first of this list.
namespace fw::dataset::reasons {

// step "validate"
inline constexpr std::string_view kContentExpired =
    "its content has expired (log_store.retention.content_days): figures alone are left of it";
inline constexpr std::string_view kCandidateAnswered = "a promoted candidate answered it, not production";
inline constexpr std::string_view kClientGone = "the client hung up before the answer's end";
inline constexpr std::string_view kUpstreamDied = "the upstream broke off before the answer's end";
inline constexpr std::string_view kUpstreamRefused = "the upstream answered with an error";
inline constexpr std::string_view kArgumentsIncomplete = "the answer ends within the arguments of a tool call";
inline constexpr std::string_view kBeyondLimits = "JSON exceeds the limits on size, depth or number of keys";
inline constexpr std::string_view kNoEngineReads = "JSON with a number or text that engines cannot read";
inline constexpr std::string_view kRequestNotObject = "request is not a JSON object";
inline constexpr std::string_view kResponseNotObject = "response is not a JSON object";
inline constexpr std::string_view kResponseIsError = "the response is an error";
inline constexpr std::string_view kContextElsewhere =
    "the request goes on from what is not in it (previous_response_id, conversation, prompt, an item by its id)";
inline constexpr std::string_view kMessagesMissing = "request.messages is missing or not a list";
inline constexpr std::string_view kMessagesEmpty = "request.messages is empty";
inline constexpr std::string_view kMessageMalformed = "a message of the request has no role or no readable content";
inline constexpr std::string_view kRoleUnknown = "a message of the request has a role that engines refuse";
inline constexpr std::string_view kMedia = "an image, sound or file beside the text: candidates read text alone";
inline constexpr std::string_view kToolWithoutCall = "a tool's message answers no earlier call";
inline constexpr std::string_view kAssistantLast = "the request ends with an assistant's message";
inline constexpr std::string_view kEarlierCallMalformed = "a tool call of an earlier turn has no function name";
inline constexpr std::string_view kEarlierArguments = "arguments of an earlier turn's tool call are no JSON object";
inline constexpr std::string_view kToolsMalformed = "request.tools is not a list of tool definitions";
inline constexpr std::string_view kToolTwice = "two tools of the request have one name and different definitions";
inline constexpr std::string_view kToolNotFunction = "a tool of the request is not a function";
inline constexpr std::string_view kToolChoice =
    "request.tool_choice is neither auto, none or required nor one of request.tools";
inline constexpr std::string_view kChoicesMissing = "response.choices is missing or not a list";
inline constexpr std::string_view kChoicesEmpty = "response.choices is empty";
inline constexpr std::string_view kChoiceWithoutMessage = "a choice of the response has no message";
inline constexpr std::string_view kAnswerCut = "the answer was cut at the token limit (finish_reason)";
inline constexpr std::string_view kAnswerFiltered = "the answer was stopped by a content filter (finish_reason)";
inline constexpr std::string_view kAnswerBroken = "the answer was broken off by the server (finish_reason)";
inline constexpr std::string_view kAnswerThinking = "the answer ends within its thinking (an unclosed <think>)";
inline constexpr std::string_view kAnswerRefused = "the answer is a refusal";
inline constexpr std::string_view kCallMalformed = "a tool call of the answer has no function name";
inline constexpr std::string_view kCallNotFunction = "a tool call of the answer is not of type \"function\"";
inline constexpr std::string_view kArgumentsUnparsable = "arguments of a tool call are not valid JSON";
inline constexpr std::string_view kArgumentsNotObject = "arguments of a tool call are not a JSON object";
inline constexpr std::string_view kAnswerEmpty = "the answer has neither content nor tool calls";

// people's corrections
inline constexpr std::string_view kToolUnknown = "the answer calls a tool that the request does not have";

// step "deduplicate"
inline constexpr std::string_view kDuplicate = "same request as another record";

// step "sample"
inline constexpr std::string_view kNotDrawn = "not drawn (data_split_config.limit)";

// step "split"
inline constexpr std::string_view kConversationOfEvaluation = "conversation of an evaluation row";
inline constexpr std::string_view kTemplateOfEvaluation = "template or case of an evaluation row";
inline constexpr std::string_view kNearEvaluation = "nearly an evaluation row";
inline constexpr std::string_view kConversationOfValidation = "conversation of a validation row";
inline constexpr std::string_view kSuspiciousAnswer = "the answer looks wrong (data_split_config.suspicious_answers)";
inline constexpr std::string_view kNewestSurplus = "newest part, kept out of training";

// rows of a fixed evaluation set that are retired
inline constexpr std::string_view kGone = "its record is no longer in the log (erased, or removed by retention)";
inline constexpr std::string_view kNoLongerValid = "its record is no longer valid";

// answers that look wrong, as the card counts them under `suspicious`
inline constexpr std::string_view kForbiddenCall = "a call that the request's own tools forbid";
inline constexpr std::string_view kForbiddenText = "a text that the request's own response_format forbids";
inline constexpr std::string_view kMadeUpArgument =
    "an argument's value that stands nowhere in the request, where others take it from there";
inline constexpr std::string_view kDenied = "the user's next message denies it";
inline constexpr std::string_view kForeignTools = "another application's tools";
inline constexpr std::string_view kForeignTraffic =
    "another application's traffic: neither tools nor system message of the others";
inline constexpr std::string_view kReadsLikeRefusal = "a text that reads like a refusal of the model";
inline constexpr std::string_view kNearlyEqualDiffer = "a request that is nearly equal is answered with another call";
inline constexpr std::string_view kOddAnswer = "few answer so at this point of the conversation";
inline constexpr std::string_view kNeighboursDiffer = "the requests most like it are answered otherwise";

}  // namespace fw::dataset::reasons

/// What step "validate" mended in records that went on, as the card counts it under `repaired`: the meaning was clear.
/// A record counts once for each.
namespace fw::dataset::repairs {

inline constexpr std::string_view kAllowedTools = "tool_choice allows some of the tools: the others are left out";
inline constexpr std::string_view kArgumentsEmpty = "arguments of a tool call that are empty, null or absent are {}";
inline constexpr std::string_view kArgumentsTwice = "arguments of a tool call were encoded twice";
inline constexpr std::string_view kCallId = "a tool call or its result had no id";
inline constexpr std::string_view kCallType = "a tool or tool call had no type";
inline constexpr std::string_view kCallShape = "a tool or tool call had its name outside of `function`";
inline constexpr std::string_view kContentParts = "content given as a list of text parts";
inline constexpr std::string_view kEmptyList = "an empty list of tools, or of an earlier turn's tool calls";
inline constexpr std::string_view kLegacyCalls = "functions and function_call instead of tools and tool_calls";
inline constexpr std::string_view kName = "a message's name with characters that servers refuse";
inline constexpr std::string_view kRole = "a role under another name";
inline constexpr std::string_view kResultMissing =
    "a tool call of an earlier turn had no result: an empty one stands for it";
inline constexpr std::string_view kSameTool = "a tool was defined twice in the same words";
inline constexpr std::string_view kSchema =
    "a tool's schema with what engines refuse: a $ref that leads nowhere, a type or keyword that is none, true or null";
inline constexpr std::string_view kToolChoice = "tool_choice in another server's words, or without tools";
inline constexpr std::string_view kToolContent = "a tool's result that is no text";

}  // namespace fw::dataset::repairs
