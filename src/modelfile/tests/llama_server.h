#pragma once

#include <string>
#include <vector>

namespace fw::modelfile {

/// A llama-server of a test: on a free port of loopback, killed with the object.
class LlamaServer final {
 public:
  LlamaServer(const std::string& program, const std::vector<std::string>& arguments);
  ~LlamaServer();
  LlamaServer(const LlamaServer&) = delete;
  LlamaServer& operator=(const LlamaServer&) = delete;

  /// Waits until /health says so; false after a minute or when the server has died.
  [[nodiscard]] bool ready();
  /// The body of the answer; throws when there is none.
  [[nodiscard]] std::string post(const std::string& path, const std::string& body) const;

 private:
  [[nodiscard]] std::string exchange(const std::string& request) const;

  int port_ = 0;
  int pid_ = -1;
};

}  // namespace fw::modelfile
