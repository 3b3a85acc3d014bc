#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "modelops/local/chat_template.h"
#include "modelops/local/impl/model_facts.h"
#include "modelops/model.h"

namespace fw::modelops {

/// Whether a chat template (Jinja) does anything with tools: whether it mentions the variable `tools`.
[[nodiscard]] bool knows_tools(std::string_view chat_template);

/// The text a model's conversations are rendered with, and what was done about its own.
struct ChatTemplate {
  std::string text;
  std::vector<std::string> notes;  ///< for people: what is rendered otherwise than the logs hold it
};

/// The model's own template (or `named`, the text of ChatSettings::template_file), changed only where it would fail:
///
/// - rows have tools and it knows none: templates/chatml_tools.jinja where the model's turns are ChatML's, else
///   templates/adapt_messages.jinja before its own, which says tools and calls in words;
/// - it refuses system messages, turns that do not alternate, or long tool-call ids: the same text before it makes
///   messages of them that it takes;
/// - it asks for today's date: that is `chat.date`, if set.
///
/// kFailedPrecondition, with the key that mends it, when there is no template for the model.
[[nodiscard]] Result<ChatTemplate> choose_chat_template(const ModelFacts& facts, const ChatSettings& chat,
                                                        const std::string& named);

}  // namespace fw::modelops
