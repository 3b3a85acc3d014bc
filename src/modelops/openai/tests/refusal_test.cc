#include "modelops/openai/impl/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::modelops {
namespace {

using Kind = RequestChange::Kind;
using nlohmann::json;

const SentParameters kSent{{"model", "\"m\""},      {"messages", "[]"},
                           {"tools", "[1]"},        {"tool_choice", "\"auto\""},
                           {"temperature", "0"},    {"seed", "7"},
                           {"max_tokens", "16384"}, {"parallel_tool_calls", "true"},
                           {"stop", "[\"x\"]"},     {"response_format", R"({"type":"json_object"})"}};

std::optional<RequestChange> change(const json& body, int status = 400, const SentParameters& sent = kSent) {
  return change_for(net::json_response(status, body.dump()), sent);
}
std::optional<RequestChange> said(const std::string& message, int status = 400) {
  return change({{"error", {{"message", message}, {"type", "invalid_request_error"}, {"param", nullptr}}}}, status);
}
RequestChange without(std::string parameter, std::string variant = "") {
  return {std::move(parameter), std::move(variant)};
}

// The words of OpenAI, Azure, Mistral, Groq, Gemini, Ollama, OpenRouter, DashScope and others, shortened.
TEST(Refusal, TheOldLimitIsRenamed) {
  const RequestChange renamed{"max_tokens", "", Kind::kRename, "max_completion_tokens"};
  EXPECT_EQ(
      said(
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
      renamed);
  EXPECT_EQ(
      change({{"error", {{"message", "Unknown parameter."}, {"param", "max_tokens"}, {"code", "unknown_parameter"}}}}),
      renamed);
}

TEST(Refusal, ALimitThatIsTooHighIsLowered) {
  const RequestChange lowered{"max_tokens", "", Kind::kLower, "4096"};
  EXPECT_EQ(said("max_tokens is too large: 16384. This model supports at most 4096 completion tokens."), lowered);
  EXPECT_EQ(said("`max_tokens` must be less than or equal to `4,096`, the maximum value"), lowered);
  EXPECT_EQ(said("Range of max_tokens should be [1, 4096]"), lowered);
}

TEST(Refusal, WhatAGatewayPassesOnIsRead) {
  for (const char* raw : {R"({"error":{"message":"Unsupported parameter: 'temperature'"}})",
                          R"({"error":"temperature is not supported"})", "temperature is not supported"}) {
    const json body{{"error", {{"message", "Provider returned error"}, {"code", 400}, {"metadata", {{"raw", raw}}}}}};
    EXPECT_EQ(change(body), without("temperature")) << raw;
    EXPECT_EQ(change(body, 200), without("temperature")) << raw;
  }
}

TEST(Refusal, ErrorsThatHaveNoErrorAreRead) {
  EXPECT_EQ(change({{"errors", {{{"code", "invalid"}, {"message", "'seed' is not an allowed property"}}}}}),
            without("seed"));
  EXPECT_EQ(
      change({{"base_resp", {{"status_code", 2013}, {"status_msg", "invalid params, temperature must be > 0"}}}}, 200),
      without("temperature"));
  EXPECT_EQ(change({{"base_resp", {{"status_code", 0}, {"status_msg", "temperature"}}}}, 200), std::nullopt);
  EXPECT_EQ(change({{"base_resp", 7}}, 200), std::nullopt);
  EXPECT_EQ(said("Inference error: parallel_tool_calls must be false"), without("parallel_tool_calls"));
}

TEST(Refusal, TheNewerWordsOfVllmLeaveRoomForTheQuestion) {
  EXPECT_EQ(
      said("This model's maximum context length is 512 tokens. However, you requested 16384 output tokens and your "
           "prompt contains at least 100 input tokens, for a total of at least 16484 tokens. Please reduce the "
           "length of the input prompt or the number of requested output tokens. (parameter=input_tokens, "
           "value=100)"),
      (RequestChange{"max_tokens", "", Kind::kLower, "256"}));
}

TEST(Refusal, TheLimitIsKnownUnderItsOtherNames) {
  const auto lowered = [](const char* limit) { return RequestChange{"max_tokens", "", Kind::kLower, limit}; };
  EXPECT_EQ(said("too many tokens: max tokens must be less than or equal to 128"), lowered("128"));
  EXPECT_EQ(said("The maximum tokens you requested exceeds the model limit of 200"), lowered("200"));
  EXPECT_EQ(said("max_tokens must be less than 4097"), lowered("4096"));
  EXPECT_EQ(said("The maximum tokens you requested exceeds the model limit of 512. Try again with a maximum tokens "
                 "value that is lower than 512."),
            lowered("511"));
  EXPECT_EQ(change(json::array({{{"error",
                                  {{"code", 400},
                                   {"message",
                                    "Unable to submit request because it has a maxOutputTokens value of "
                                    "16384 but the supported range is from 1 (inclusive) to 129 "
                                    "(exclusive). Update the value and try again."},
                                   {"status", "INVALID_ARGUMENT"}}}}})),
            lowered("128"));
  EXPECT_EQ(said("'max_tokens' or 'max_completion_tokens' is too large: 16384; at most 4096"), lowered("4096"));
}

TEST(Refusal, AContextThatQuestionAndAnswerShareLowersTheLimit) {
  const auto lowered = [](const char* limit) { return RequestChange{"max_tokens", "", Kind::kLower, limit}; };
  const auto vllm = [](const std::string& question) {
    return said(
        "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is "
        "256 tokens and your request has " +
        question + " input tokens (16384 > 256 - " + question + ").");
  };
  EXPECT_EQ(vllm("200"), lowered("56"));
  EXPECT_EQ(vllm("20"), lowered("128")) << "half of the context: the next question may be longer";
  EXPECT_EQ(vllm("250"), std::nullopt) << "the row's own trouble";
  const std::string tgi = "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 300";
  EXPECT_EQ(change({{"error", tgi}, {"error_type", "validation"}}, 422), lowered("150"));
  EXPECT_EQ(change({{"error", tgi + ". Given: 200 `inputs` tokens and 16384 `max_new_tokens`"}}, 422), lowered("100"));
  EXPECT_EQ(change({{"error", tgi + ". Given: 290 `inputs` tokens and 16384 `max_new_tokens`"}}, 422), std::nullopt);
  EXPECT_EQ(said("This model's maximum context length is 4096 tokens. However, you requested 16400 tokens (16 in the "
                 "messages, 16384 in the completion)."),
            lowered("2048"));
  EXPECT_EQ(
      said("This model's maximum context length is 4096 tokens. However, you requested more (9223372036854775807 in "
           "the messages, 9223372036854775807 in the functions, 16384 in the completion)."),
      std::nullopt);
  auto small = kSent;
  small["max_tokens"] = "10";
  EXPECT_EQ(change({{"error", tgi + ". Given: 295 `inputs` tokens and 10 `max_new_tokens`"}}, 422, small),
            std::nullopt);
}

TEST(Refusal, SamplingParametersAreLeftOut) {
  EXPECT_EQ(said("invalid temperature: only 1 is allowed for this model"), without("temperature"));
  EXPECT_EQ(said("The request parameter `seed` is not currently supported"), without("seed"));
  EXPECT_EQ(said("`seed` is not yet natively supported"), without("seed"));
  EXPECT_EQ(said("seed is no longer accepted"), without("seed"));
  EXPECT_EQ(said("Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
                 "supported."),
            without("temperature"));
  EXPECT_EQ(said("temperature must be strictly positive"), without("temperature"));
  EXPECT_EQ(said("property 'seed' is unsupported"), without("seed"));
  EXPECT_EQ(said("Invalid JSON payload received. Unknown name \"seed\": Cannot find field."), without("seed"));
  EXPECT_EQ(said("Unrecognized request argument supplied: seed"), without("seed"));
}

TEST(Refusal, FormsOfErrorsOtherThanOpenAisAreRead) {
  const json detail = {
      {"detail",
       {{{"type", "extra_forbidden"}, {"loc", {"body", "seed"}}, {"msg", "Extra inputs are not permitted"}}}}};
  EXPECT_EQ(change(detail, 422), without("seed"));
  EXPECT_EQ(change({{"object", "error"}, {"message", detail}, {"type", "invalid_request_error"}}, 422),
            without("seed"));
  EXPECT_EQ(change({{"error", "\"gemma:2b\" does not support tools"}}), without("tools"));
  EXPECT_EQ(change(json::array({{{"error", {{"message", "Unknown name \"seed\": Cannot find field."}}}}})),
            without("seed"));
  EXPECT_EQ(change({{"message", "seed is not supported"}}), without("seed"));
  EXPECT_EQ(change_for(net::text_response(400, "seed: unknown field"), kSent), without("seed"));
  EXPECT_EQ(change({{"error", {{"message", "seed is not supported"}, {"code", 400}}}}, 200), without("seed"));
}

TEST(Refusal, ToolsAndWhatBelongsToThem) {
  EXPECT_EQ(said("This model does not support tools"), without("tools"));
  EXPECT_EQ(said("No endpoints found that support tool use.", 404), without("tools"));
  EXPECT_EQ(said("Function calling is not enabled for this model"), without("tools"));
  EXPECT_EQ(said("parallel_tool_calls is not supported"), without("parallel_tool_calls"));
  EXPECT_EQ(
      change({{"error",
               {{"message", "'parallel_tool_calls' is not a valid property"}, {"param", "parallel_tool_calls"}}}}),
      without("parallel_tool_calls"));
  EXPECT_EQ(said("tool_choice is not supported for this model"), without("tool_choice", "auto"));
  auto sent = kSent;
  sent["tool_choice"] = "\"required\"";
  EXPECT_EQ(change({{"error", {{"message", "tool_choice 'required' is not supported"}}}}, 400, sent),
            (RequestChange{"tool_choice", "required", Kind::kSet, "\"auto\""}));
}

TEST(Refusal, AFormOfAnswersAndStopsAreLeftOut) {
  EXPECT_EQ(said("'response_format' of type 'json_object' is not supported"),
            without("response_format", "json_object"));
  EXPECT_EQ(said("Unsupported parameter: 'stop' is not supported with this model."), without("stop"));
}

TEST(Refusal, AnEndpointThatOnlyStreamsGetsAStream) {
  const RequestChange streamed{"stream", "", Kind::kSet, "true"};
  EXPECT_EQ(said("This model only support stream mode, please enable the stream parameter to access the model."),
            streamed);
  EXPECT_EQ(said("parameter.enable_thinking must be set to false for non-streaming calls"), streamed);
}

TEST(Refusal, OtherTroublesTeachNothing) {
  for (const char* message :
       {"The model `m` does not exist", "Incorrect API key provided: tools",
        "This model's maximum context length is 4096 tokens. However, you requested 16400 tokens (max_tokens 16384)",
        "Invalid schema for function 'f' in tools: unsupported type", "messages[2].tool_calls is not supported",
        "An assistant message with tool_calls must be followed by tool messages responding to each tool_call_id",
        "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "overloaded"})
    EXPECT_EQ(said(message), std::nullopt) << message;
  EXPECT_EQ(change({{"error", {{"message", "unsupported type"}, {"param", "tools[0].function.parameters"}}}}),
            std::nullopt);
  EXPECT_EQ(said("seed is not supported", 500), std::nullopt);
  EXPECT_EQ(said("seed is not supported", 401), std::nullopt);
}

TEST(Refusal, OnlyWhatWasSentCanBeRefused) {
  EXPECT_EQ(change({{"error", {{"message", "seed is not supported"}}}}, 400, {{"model", "\"m\""}}), std::nullopt);
}

TEST(Refusal, AnAnswerIsNoError) {
  EXPECT_EQ(error_in(net::json_response(200, R"({"choices": [], "error": null})")), std::nullopt);
  EXPECT_TRUE(error_in(net::json_response(200, R"({"error": "x"})")).has_value());
}

}  // namespace
}  // namespace fw::modelops
