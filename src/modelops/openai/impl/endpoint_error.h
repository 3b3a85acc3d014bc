#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "modelops/model.h"
#include "net/http.h"

namespace fw::modelops {

/// Whether an answer says that chat completions are not at this address: 404 or 405 that speaks of no model, a redirect
/// elsewhere, or a page for people.
[[nodiscard]] bool is_elsewhere(const net::Response& response);

/// The error of an answer, in words that help: which address was asked, what the server said (keys cut out), and by
/// its cause what to change: the key's variable, the url, the model's name. `tried` are the addresses that were asked
/// before, as shown. Varies with nothing but the answer, so that equal failures read equal.
[[nodiscard]] Error answer_error(const net::Response& response, const Endpoint& endpoint, const std::string& url,
                                 const std::vector<std::string>& tried, const std::vector<std::string>& secrets);

}  // namespace fw::modelops
