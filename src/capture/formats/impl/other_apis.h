#pragma once

#include "capture/formats/impl/chat_shape.h"

/// Calls of APIs that no route of the gateway speaks, as chat completions. A request's `flywheel` names the API, and
/// what of it had no place.
namespace fw::capture {

using CallReader = Result<Draft> (*)(const Json& request, const Json& response);

/// Who reads these halves; null where they are of none of these APIs.
[[nodiscard]] CallReader reader_of_other_api(const Json& request, const Json& response);

/// Gemini's generateContent; the answer whole or as the list of its pieces.
[[nodiscard]] Result<Draft> draft_of_gemini(const Json& request, const Json& response);
/// The messages of Gemini's `contents` (and `systemInstruction`), of a request or a tuning row.
[[nodiscard]] Result<Json> messages_of_gemini(const Json& request);
/// Its function declarations as tools; null when there are none.
[[nodiscard]] Json tools_of_gemini(const Json& request);

/// Bedrock's Converse, of which a tuning row is the request alone.
[[nodiscard]] Result<Draft> draft_of_converse(const Json& request, const Json& response);
[[nodiscard]] Result<Json> request_of_converse(const Json& request);

/// Ollama's /api/chat and /api/generate; the answer whole or as the list of its pieces.
[[nodiscard]] Result<Draft> draft_of_ollama(const Json& request, const Json& response);

}  // namespace fw::capture
