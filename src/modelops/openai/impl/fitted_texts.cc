#include "modelops/openai/impl/fitted_texts.h"

#include "modelops/openai/endpoint_url.h"

namespace fw::modelops {
namespace {

using Json = nlohmann::json;
using Ids = std::vector<std::int64_t>;

// What a tokenizer may put around a text: the tokens that begin and end one, a blank of its own.
constexpr std::size_t kAround = 3;
constexpr auto kPatience = std::chrono::seconds(60);

std::string tokenize_url(const std::string& url) {
  return (url.ends_with("/v1") ? url.substr(0, url.size() - 3) : url) + "/tokenize";
}

Task<Result<Ids>> ids_of(net::Client& client, Endpoint endpoint, net::Headers headers, std::string text,
                         Deadline deadline) {
  const Json body{{"content", std::move(text)}, {"add_special", true}};
  auto request = net::json_request(net::Method::kPost, tokenize_url(endpoint.url),
                                   body.dump(-1, ' ', false, Json::error_handler_t::replace));
  for (const auto& [name, value] : headers) request.headers.set(name, value);
  const std::string asked = shown_url(request.target);
  FW_CO_ASSIGN(const auto answer, co_await client.send(std::move(request), deadline.within(kPatience)));
  const Json json = Json::parse(answer.body, nullptr, false);
  const auto tokens = json.is_object() ? json.find("tokens") : json.end();
  if (!answer.is_success() || !json.is_object() || tokens == json.end() || !tokens->is_array())
    co_return data_loss(asked + " answers without tokens: " + answer.body.substr(0, 200));
  Ids ids;
  for (const Json& token : *tokens) {
    if (!token.is_number_integer()) co_return data_loss(asked + " answers with a token that is no number");
    ids.push_back(token.get<std::int64_t>());
  }
  co_return ids;
}

}  // namespace

Task<Result<FittedTexts>> fit_texts(net::Client& client, Endpoint endpoint, net::Headers headers,
                                    std::vector<std::string> texts, Deadline deadline) {
  FittedTexts out{.input = texts, .cut = {}};
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(endpoint.input_tokens, 0));
  for (std::size_t i = 0; i < texts.size() && most > 0; ++i) {
    // No token is shorter than a byte.
    if (texts[i].size() + kAround <= most) continue;
    FW_CO_ASSIGN(auto ids, co_await ids_of(client, endpoint, headers, texts[i], deadline));
    if (ids.size() <= most) continue;
    FW_CO_ASSIGN(const auto of_no_text, co_await ids_of(client, endpoint, headers, "", deadline));
    const bool has_end = !of_no_text.empty() && of_no_text.back() == ids.back();
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(most - (has_end ? 1 : 0)), ids.end() - (has_end ? 1 : 0));
    out.input[i] = ids;
    out.cut.push_back(i);
  }
  co_return out;
}

}  // namespace fw::modelops
