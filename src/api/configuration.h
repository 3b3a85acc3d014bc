#pragma once

#include <functional>
#include <string>

#include "net/router.h"

namespace fw::api {

/// `/api/configuration`: the configuration in force, each value with where it comes from. Secrets are not in it;
/// whoever makes the JSON sees to that.
class ConfigurationResource final {
 public:
  explicit ConfigurationResource(std::function<std::string()> json) : json_(std::move(json)) {}
  void add_to(net::Router& router);

 private:
  std::function<std::string()> json_;
};

}  // namespace fw::api
