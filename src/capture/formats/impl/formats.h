#pragma once

#include "capture/formats/format.h"

/// One format a file; each file's head says what is known of the format and where it comes from.
namespace fw::capture {

/// Why a log document of a record that lost its content is not read.
inline constexpr const char* kContentExpired = "its content has expired where it was stored: figures alone are left";

extern const Format kChatRow;             ///< chat_row.cc
extern const Format kConverseRow;         ///< converse.cc
extern const Format kDataFlywheelRecord;  ///< data_flywheel_record.cc
extern const Format kGeminiRow;           ///< gemini.cc
extern const Format kHelicone;            ///< helicone.cc
extern const Format kLangfuse;            ///< langfuse.cc
extern const Format kLiteLlm;             ///< litellm.cc
extern const Format kLogDocument;         ///< log_document.cc
extern const Format kLoggedCall;          ///< logged_call.cc
extern const Format kPromptCompletion;    ///< prompt_completion.cc
extern const Format kShareGpt;            ///< sharegpt.cc
extern const Format kStoredCompletion;    ///< stored_completion.cc
extern const Format kTensorZero;          ///< tensorzero.cc
extern const Format kUnknown;             ///< unreadable.cc
extern const Format kUnreadable;          ///< unreadable.cc

/// A log document's halves as they stand: request, response, timestamp and ids. The base of formats around it.
[[nodiscard]] Result<Draft> read_log_document(const Document& document, codec::JsonSlicer& slicer);

/// Whether the document has a question and its answer, texts or lists of messages, under usual names of such pairs.
[[nodiscard]] bool is_question_and_answer(const Document& document);

}  // namespace fw::capture
