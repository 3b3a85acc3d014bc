#include <array>

#include "capture/formats/impl/formats.h"

namespace fw::capture {

std::span<const Format* const> all_formats() {
  // What is told by a key of its own comes before what is told by a common one.
  static constexpr std::array kFormats{
      &kDataFlywheelRecord, &kHelicone,         &kTensorZero, &kLiteLlm,     &kLoggedCall,
      &kLogDocument,        &kStoredCompletion, &kGeminiRow,  &kConverseRow, &kUnreadable,
      &kShareGpt,           &kPromptCompletion, &kChatRow,    &kLangfuse,    &kUnknown,
  };
  return kFormats;
}

}  // namespace fw::capture
