#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sample/impl/conversation.h"
#include "sample/impl/domain.h"

/// Reads what ConversationMaker writes: the way back from texts to wordings and slots.
namespace fw::sample {

/// What the slots of `pattern` must hold so that it reads `text`; none when it cannot. `known` holds already.
[[nodiscard]] std::optional<Bindings> match(const Domain& domain, std::string_view pattern, std::string_view text,
                                            Bindings known = {});

/// The pattern with its slots filled; a slot that is not known stays as it is.
[[nodiscard]] std::string filled(std::string_view pattern, const Bindings& known);

/// What a customer has said, message by message; a turn that no wording fits has none, and no tool. Results and the
/// answers to them are not in it, nor ids of calls.
[[nodiscard]] Conversation understand(const Domain& domain, const std::vector<std::string>& said);

/// What the agent says to the result of the turn's tool; none where it is no outcome of it.
[[nodiscard]] std::optional<std::string> answer_to(const Domain& domain, const Turn& turn, std::string_view result);

}  // namespace fw::sample
