#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/url.h"

namespace fw::modelops {

/// Where an endpoint's chat completions may be, likeliest first. Providers give bases of many forms, and OpenAI's
/// clients append `/chat/completions` to whatever they get:
///
/// - a whole address (`.../chat/completions`) is the only place, and so is a base that ends in a version (`/v1`,
///   `/api/paas/v4`) or names a deployment (`/openai/deployments/NAME`);
/// - a bare host is looked at with `/v1` first, any other path (`/v1beta/openai`) first as it is.
///
/// The query of `url` is kept, that of `query` is put behind it. kInvalidArgument for what is no http or https URL.
[[nodiscard]] Result<std::vector<std::string>> chat_urls(
    std::string_view url, const std::vector<std::pair<std::string, std::string>>& query = {});

/// Where its embeddings may be, found in the same way.
[[nodiscard]] Result<std::vector<std::string>> embedding_urls(
    std::string_view url, const std::vector<std::pair<std::string, std::string>>& query = {});

/// The list of models beside `chat_url`.
[[nodiscard]] std::string models_url(std::string_view chat_url);

/// `https://x/openai/deployments/NAME/...`: Azure's form, whose key goes into the header `api-key`.
[[nodiscard]] bool is_azure_deployment(std::string_view url);

/// For messages: the URL without what may be secret in it, its query and user name.
[[nodiscard]] std::string shown_url(std::string_view url);

}  // namespace fw::modelops
