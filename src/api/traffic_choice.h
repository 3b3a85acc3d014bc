#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace fw::api {

/// A workload of a client.
struct Traffic {
  std::string workload;
  std::string client;
};

/// The one of `known` that was meant. An empty name leaves it open: where only one fits it is taken, else the error
/// asks for the workload first, then for the client. kNotFound for a name that is not there; messages say what is.
[[nodiscard]] Result<Traffic> choose_traffic(const std::vector<Traffic>& known, const std::string& workload,
                                             const std::string& client);

}  // namespace fw::api
